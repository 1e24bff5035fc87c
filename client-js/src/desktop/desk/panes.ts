import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

/** The least width of a pane, in pixels, and how many there are at most. */
const paneWidth = 340;
const most = 4;

export interface Panes {
  /** The tickets that are shown side by side. */
  shown: readonly string[];
  /** The one that keys and facts are about. */
  focused: string | undefined;
  area: RefObject<HTMLDivElement | null>;
  choose: (ticket: string, beside: boolean) => void;
  focus: (ticket: string) => void;
  hide: (ticket: string) => void;
  /** How many there would be room for with so much more width, in pixels. */
  roomWith: (more: number) => number;
  /** One pane more, with the next conversation. */
  add: () => void;
  /** The one that keys are about, alone. */
  one: () => void;
  /** Shows a ticket as soon as it is there, unless the agent is writing in another then. */
  await: (ticket: string) => void;
}

/**
 * Which conversations are shown, as many side by side as there is room for. What
 * is shown stays until the agent chooses another or it leaves the desk: a pane
 * never becomes another visitor's under a hand that writes.
 */
export function usePanes(tickets: readonly string[], isWriting: () => boolean, came: (ticket: string) => void): Panes {
  const [wanted, setWanted] = useState<readonly string[]>([]);
  const [focus, setFocus] = useState<string>();
  const [width, setWidth] = useState(0);
  const last = useRef<readonly string[]>([]);
  const awaited = useRef<string | undefined>(undefined);
  const area = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const sizes = new ResizeObserver(([size]) => {
      setWidth(size?.contentRect.width ?? 0);
    });
    if (area.current !== null) {
      sizes.observe(area.current);
    }
    return () => sizes.disconnect();
  }, []);

  const roomWith = (more: number) => Math.max(1, Math.min(most, Math.floor((width + more) / paneWidth)));
  const room = roomWith(0);
  const here = wanted.filter((t) => tickets.includes(t));
  if (here.length === 0 && tickets[0] !== undefined) {
    here.push(tickets[0]);
    setWanted(here); // it stays, whatever becomes the first of the list
  }
  const coming = awaited.current;
  if (coming !== undefined && tickets.includes(coming)) {
    awaited.current = undefined;
    if (here.includes(coming) || !isWriting()) {
      if (!here.includes(coming)) {
        here.splice(Math.max(0, here.indexOf(focus ?? "")), 1, coming);
      }
      setWanted(here);
      setFocus(coming);
      came(coming);
    }
  }
  const keep = focus !== undefined && here.includes(focus) ? focus : here[0];
  // Where there is no room for all, those stay that are shown already, each in its place: a pane
  // must not go from under the pointer when a press gives it the focus.
  const ranked = [...new Set([keep, ...last.current, ...here])].filter((t) => t !== undefined && here.includes(t)).slice(0, room);
  const shown = here.filter((t) => ranked.includes(t));
  last.current = shown;

  function choose(ticket: string, beside: boolean): void {
    if (!shown.includes(ticket)) {
      const next = [...shown];
      if (beside && next.length < room) {
        next.push(ticket);
      } else {
        next.splice(Math.max(0, next.indexOf(keep ?? "")), 1, ticket);
      }
      setWanted(next);
    }
    setFocus(ticket);
  }

  return {
    shown,
    focused: keep,
    area,
    choose,
    focus: setFocus,
    hide: (ticket) => setWanted(shown.filter((t) => t !== ticket)),
    roomWith,
    add: () => {
      const next = tickets.find((t) => !shown.includes(t));
      if (next !== undefined) {
        setWanted([...shown, next]);
      }
    },
    one: () => keep !== undefined && setWanted([keep]),
    await: (ticket) => {
      awaited.current = ticket;
    },
  };
}
