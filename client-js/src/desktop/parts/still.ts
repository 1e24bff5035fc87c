import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** How long after the pointer has left, or a finger was lifted, things stay where they are. */
const momentMS = 500;
/** After this long without a movement the pointer only lies there. */
const idleMS = 10_000;

/**
 * Reports whether the pointer is at work in an area or was a moment ago: then
 * nothing in it may move. Where it only lies there things move after a while, and for a
 * moment no press counts.
 */
export function useStill(area: RefObject<HTMLElement | null>): boolean {
  const [still, setStill] = useState(false);
  useEffect(() => {
    const { current } = area;
    if (current === null) {
      return undefined;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const after = (ms: number, then: () => void) => {
      clearTimeout(timer);
      timer = setTimeout(then, ms);
    };
    const settle = () => {
      setStill(false);
      current.style.pointerEvents = "none";
      after(momentMS, () => {
        current.style.pointerEvents = "";
      });
    };
    const hold = () => {
      setStill(true);
      after(idleMS, settle);
    };
    const leave = () => current.style.pointerEvents === "" && after(momentMS, () => setStill(false));
    const lift = ({ pointerType }: PointerEvent) => pointerType !== "mouse" && leave();
    const listeners = { pointerenter: hold, pointermove: hold, pointerdown: hold, pointerleave: leave, pointerup: lift, pointercancel: leave };
    const all = Object.entries(listeners) as [keyof typeof listeners, (event: PointerEvent) => void][];
    all.forEach(([name, listen]) => current.addEventListener(name, listen));
    return () => {
      clearTimeout(timer);
      current.style.pointerEvents = "";
      all.forEach(([name, listen]) => current.removeEventListener(name, listen));
    };
  }, []);
  return still;
}

/** Something and where it stands. */
export interface Place<T> {
  readonly item: T;
  readonly group: string;
  /** It has left, and its place is kept so that nothing moves up. */
  readonly gone: boolean;
}

/** The group of what came while nothing might move: it stands behind all others. */
export const cameMeanwhile = "New";

/**
 * The places of things that come, go and change their order. While all must stay
 * still each keeps its place, what left as well, and what comes stands at the end.
 */
export function usePlaces<T>(live: readonly T[], id: (item: T) => string, group: (item: T) => string, still: boolean): readonly Place<T>[] {
  const kept = useRef<readonly Place<T>[]>([]);
  kept.current = still ? stay(kept.current, live, id) : live.map((item) => ({ item, group: group(item), gone: false }));
  return kept.current;
}

/** The places of before with the things of now. */
export function stay<T>(before: readonly Place<T>[], live: readonly T[], id: (item: T) => string): readonly Place<T>[] {
  const now = new Map(live.map((item) => [id(item), item]));
  const known = new Set(before.map((place) => id(place.item)));
  return [
    ...before.map(({ item, group }) => {
      const here = now.get(id(item));
      return { item: here ?? item, group, gone: here === undefined };
    }),
    ...live.filter((item) => !known.has(id(item))).map((item) => ({ item, group: cameMeanwhile, gone: false })),
  ];
}
