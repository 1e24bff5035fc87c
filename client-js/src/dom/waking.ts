import type { Connection } from "../core/index.ts";

/** Makes the connection find out at once what a sleep or a new network did to it, until the returned function is called. */
export function wakeWithPage(connection: Connection): () => void {
  const wake = () => {
    if (document.visibilityState === "visible") {
      connection.wake();
    }
  };
  const comeBack = ({ persisted }: PageTransitionEvent) => {
    if (persisted) {
      connection.recheck(); // it is as it was when the page was left: another person may have signed in since
    }
  };
  window.addEventListener("pageshow", comeBack);
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  return () => {
    window.removeEventListener("pageshow", comeBack);
    window.removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", wake);
  };
}
