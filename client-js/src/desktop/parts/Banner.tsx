import type { ComponentChildren } from "preact";
import { never, type Connection } from "../../core/index.ts";
import { useTick } from "./draw.ts";
import { pageStorage } from "./settings.ts";

/** Shows that the service is away, and nothing while it is there. */
export function Banner({ connection }: { connection: Connection }) {
  useTick(1_000);
  const { state, available, welcome } = connection;
  switch (state.name) {
    case "idle":
      return <Strip name="idle" />;
    case "open":
      return available ? (
        <>
          <Strip name="open" />
          {pageStorage().blocked && <p class="banner">This browser keeps nothing for the desk: drafts and what is not sent yet are lost on a reload.</p>}
        </>
      ) : (
        <Strip name="interrupted">The service is interrupted. Your conversations are kept.</Strip>
      );
    case "connecting":
      return <Strip name="connecting">{welcome === undefined ? "Connecting…" : "Connection lost. Reconnecting…"}</Strip>;
    case "waiting":
      return (
        <Strip name="waiting">
          <span>{why(state.reason?.code, welcome !== undefined, Math.ceil((state.retryAtMS - performance.now()) / 1_000))}</span>
          {performance.now() >= state.notBeforeMS && <Now connection={connection} />}
        </Strip>
      );
    case "stopped":
      return (
        <div class="banner bad" role="alert" data-testid="connection" data-state="stopped">
          <span>Disconnected. {state.error.message}</span>
          <Now connection={connection} />
        </div>
      );
    default:
      return never(state);
  }
}

function why(code: string | undefined, known: boolean, seconds: number): string {
  if (code === "busy") {
    return "Many people are coming at once. You will be let in shortly.";
  }
  if (code === "too_many") {
    return "This desk is open in too many places. Close some, or wait a little.";
  }
  const trying = known ? "Connection lost. Reconnecting…" : "The gateway cannot be reached. Trying again…";
  return seconds > 1 ? `${trying} (in ${seconds} s)` : trying;
}

/** Always there, so that a screen reader hears what is put in. */
function Strip({ name, children }: { name: string; children?: ComponentChildren }) {
  return (
    <div class={children === undefined ? "" : "banner"} role="status" data-testid="connection" data-state={name}>
      {children}
    </div>
  );
}

function Now({ connection }: { connection: Connection }) {
  return (
    <button class="button small" type="button" onClick={() => connection.connect()}>
      Try now
    </button>
  );
}
