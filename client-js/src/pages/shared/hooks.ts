import { useEffect, useReducer, useState } from "preact/hooks";
import type { Connection } from "../../core/index.ts";

interface Changing {
  on(kind: "change", listener: () => void): () => void;
}

/** Draws the component again whenever the client shows something else. */
export function useClient(client: Changing): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => client.on("change", () => redraw(undefined)), [client]);
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
  useEffect(() => {
    const wake = () => {
      if (document.visibilityState === "visible") {
        connection.wake();
      }
    };
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    return () => {
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", wake);
    };
  }, [connection]);
}
