import type { Connection } from "../../core/index.ts";
import { never } from "../../core/index.ts";
import { useTick } from "./hooks.ts";
import type { ChatTexts } from "./texts.ts";

/** Says plainly when the gateway is away, and nothing while all is well. */
export function Banner({ connection, texts }: { connection: Connection; texts: ChatTexts }) {
  useTick(1_000);
  const { state } = connection;
  switch (state.name) {
    case "open":
    case "idle":
      return <div role="status" data-testid="connection" data-state={state.name} hidden />;
    case "connecting":
      return (
        <div class="banner" role="status" data-testid="connection" data-state={state.name}>
          {texts.connecting}
        </div>
      );
    case "waiting":
      return (
        <div class="banner" role="status" data-testid="connection" data-state={state.name}>
          {texts.lost(Math.max(0, Math.ceil((state.retryAtMS - Date.now()) / 1_000)))}
          <button class="button quiet" type="button" onClick={() => connection.connect()}>
            {texts.tryNow}
          </button>
        </div>
      );
    case "stopped":
      return (
        <div class="banner bad" role="alert" data-testid="connection" data-state={state.name}>
          <span>
            {texts.stopped} {state.error.message}
          </span>
          <button class="button quiet" type="button" onClick={() => connection.connect()}>
            {texts.tryNow}
          </button>
        </div>
      );
    default:
      return never(state);
  }
}
