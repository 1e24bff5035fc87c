import type { ComponentChildren } from "preact";
import { CLOSE_TOKEN_EXPIRED, never } from "../core/index.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";
import { explain } from "./format.ts";

/**
 * Shows that the gateway or the service is away, and nothing while both are
 * there. keeps: there is something that an interruption does not take away.
 */
export function banner({ state: { client, storage, unlisted } }: Controller, texts: Texts, keeps: boolean) {
  if (client === undefined) {
    return (
      <p class="strip bad" role="alert" data-testid="problem">
        {texts.setUp}
      </p>
    );
  }
  const { state, available, welcome } = client.connection;
  const now = (
    <button type="button" class="link" onClick={() => client.connect()}>
      {texts.tryNow}
    </button>
  );
  switch (state.name) {
    case "idle":
      return strip("idle");
    case "open":
      if (!available) {
        return strip("interrupted", `${texts.interrupted} ${keeps ? texts.kept : ""}`);
      }
      return (
        <>
          {strip("open")}
          {storage.blocked && (
            <p class="strip">
              {texts.forgetful}
            </p>
          )}
        </>
      );
    case "connecting":
      return strip("connecting", welcome === undefined ? texts.connecting : texts.reconnecting);
    case "waiting": {
      const heldBack = state.reason?.code && texts.refusals[state.reason.code];
      return strip(
        "waiting",
        <>
          <span>
            {heldBack ?? (unlisted ? texts.setUp : welcome === undefined ? texts.unreachable : texts.reconnecting)}
            {keeps && heldBack === undefined && ` ${texts.kept}`}
          </span>
          {performance.now() >= state.notBeforeMS && now}
        </>,
      );
    }
    case "stopped": {
      // A token that the gateway refuses is the page's fault, not the visitor's.
      const why = state.error.code === undefined ? explain(state.error, texts) : texts.setUp;
      return (
        <div class="strip bad" role="alert" data-testid="connection" data-state="stopped">
          <span>{state.code === CLOSE_TOKEN_EXPIRED ? texts.expired : why}</span>
          {now}
        </div>
      );
    }
    default:
      return never(state);
  }
}

/** Always there, so that a screen reader hears what is put in. */
function strip(name: string, children?: ComponentChildren) {
  return (
    <div class={children === undefined ? "" : "strip"} role="status" data-testid="connection" data-state={name}>
      {children}
    </div>
  );
}
