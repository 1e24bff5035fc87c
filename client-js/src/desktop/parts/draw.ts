import { useEffect, useReducer, useState } from "preact/hooks";
import type { Connection } from "../../core/index.ts";
import { wakeWithPage } from "../../dom/waking.ts";

interface Changing {
  on(kind: "change", listener: () => void): () => void;
}

/** A page that is not seen draws no frames: then this is how late its title may be. */
const hiddenMS = 250;

/**
 * Draws the component again when the client shows something else, at most once a
 * frame: a desk with eight conversations may hear hundreds of entries at once.
 */
export function useChanges(client: Changing): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const cancel = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      timer = undefined;
    };
    const draw = () => {
      cancel();
      redraw(undefined);
    };
    const forget = client.on("change", () => {
      if (timer === undefined) {
        frame = requestAnimationFrame(draw);
        timer = setTimeout(draw, hiddenMS);
      }
    });
    draw(); // what changed between the first drawing and this
    return () => {
      forget();
      cancel();
    };
  }, [client]);
}

/** Draws the component again every so many milliseconds. */
export function useTick(everyMS: number): void {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((n) => n + 1), everyMS);
    return () => clearInterval(timer);
  }, [everyMS]);
}

/** Makes a connection find out at once what a sleep or a new network did to it. */
export function useWaking(connection: Connection): void {
  useEffect(() => wakeWithPage(connection), [connection]);
}
