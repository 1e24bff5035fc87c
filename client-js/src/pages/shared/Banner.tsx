import type { ComponentChildren } from "preact";
import { never, type Connection } from "../../core/index.ts";
import { useTick } from "./hooks.ts";
import type { ChatTexts } from "./texts.ts";

interface Props {
  connection: Connection;
  texts: ChatTexts;
  /** Whether there is something that an interruption does not take away. */
  keeps: boolean;
}

/** Says plainly when the service is away, and nothing while all is well. */
export function Banner({ connection, texts, keeps }: Props) {
  useTick(1_000);
  const { state, available, welcome } = connection;
  switch (state.name) {
    case "idle":
      return <Strip name="idle" />;
    case "open":
      if (available) {
        return <Strip name="open" />;
      }
      return (
        <Strip name="interrupted">
          {texts.interrupted} {keeps && texts.kept}
        </Strip>
      );
    case "connecting":
      return <Strip name="connecting">{welcome === undefined ? texts.connecting : texts.reconnecting}</Strip>;
    case "waiting": {
      const seconds = Math.ceil((state.retryAtMS - Date.now()) / 1_000);
      const heldBack = state.reason?.code && texts.heldBack[state.reason.code];
      return (
        <Strip name="waiting">
          {heldBack ?? (seconds > 1 ? texts.lost(seconds) : texts.reconnecting)}
          {Date.now() >= state.notBeforeMS && <Now connection={connection} texts={texts} />}
        </Strip>
      );
    }
    case "stopped":
      return (
        <div class="banner bad" role="alert" data-testid="connection" data-state="stopped">
          <span>
            {texts.stopped} {state.error.message}
          </span>
          <Now connection={connection} texts={texts} />
        </div>
      );
    default:
      return never(state);
  }
}

/** Always there, so that a screen reader hears what is put in. */
function Strip({ name, children }: { name: string; children?: ComponentChildren }) {
  return (
    <div class={children === undefined ? "" : "banner"} role="status" data-testid="connection" data-state={name}>
      {children}
    </div>
  );
}

function Now({ connection, texts }: Pick<Props, "connection" | "texts">) {
  return (
    <button class="button quiet" type="button" onClick={() => connection.connect()}>
      {texts.tryNow}
    </button>
  );
}
