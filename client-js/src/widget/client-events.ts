import type { VisitorClient } from "../core/index.ts";
import { missing } from "./config.ts";
import { atNewest } from "./reading.ts";
import type { State } from "./state.ts";
import { nameOf } from "./format.ts";

/** The events of the element; detail is the value. */
export interface ChatEvents {
  "nextup-toggle": { open: boolean };
  /** The visitor's newest view, or undefined where they have no place. */
  "nextup-ticket": { status: string; position?: number } | undefined;
  "nextup-unread": { count: number };
  "nextup-error": { message: string };
}

/** ClientListener takes what the client hears. */
export interface ClientListener {
  readonly state: State;
  readonly reported: boolean;
  draw(): void;
  markRead(): void;
  /** Calls the visitor back. */
  call(title: string, body: string): void;
  tell<K extends keyof ChatEvents>(kind: K, detail: ChatEvents[K]): void;
  report(message: string): void;
}

/** An entry older than this is read again, not new. */
const newMS = 15_000;

/** Draws what the client hears, calls the visitor when it is their turn or an agent writes, and tells the page. */
export function listen(listener: ClientListener, client: VisitorClient): void {
  const { state: shown } = listener;
  let waited = false;
  let unread = 0;
  const { connection } = client;
  client.on("change", () => {
    listener.markRead(); // before it is drawn: a mark that follows would draw all of it again
    const count = client.conversation?.unread ?? 0;
    if (count !== unread) {
      unread = count;
      listener.tell("nextup-unread", { count });
    }
    listener.draw();
  });
  client.on("ticket", (ticket) => {
    const { status, position, agent } = ticket ?? {};
    if (waited && status === "assigned" && shown.texts !== undefined) {
      listener.call(shown.texts.yourTurn, shown.texts.withAgent(nameOf(agent, shown.texts)));
    }
    waited = status === "waiting" || status === "offered";
    if (ticket?.ticket !== shown.reading.ticket) {
      shown.leaving = false;
      Object.assign(shown.reading, { ticket: ticket?.ticket ?? "", ...atNewest, answered: false });
      Object.assign(shown.rating, { score: undefined, comment: undefined, again: false, problem: undefined });
    }
    shown.storage.browser.put("nextup.live", ticket !== undefined && ticket.end === undefined ? "" : undefined);
    listener.tell("nextup-ticket", status && { status, ...(position !== undefined && { position }) });
  });
  client.on("entry", ({ kind, from, at_ms }) => {
    shown.reading.answered ||= kind === "member";
    const looking = shown.open && document.visibilityState === "visible";
    const fresh = () => client.connection.now() - at_ms < newMS;
    if (kind === "message" && !looking && fresh() && !client.conversation?.isOwn(from) && shown.texts !== undefined) {
      listener.call(shown.texts.newMessages(1), nameOf(from, shown.texts)); // not the text: others may see the screen
    }
  });
  client.on("error", (error) => listener.report(error.message));
  client.on("state", (state) => {
    if (state.name === "waiting" && connection.welcome === undefined && state.reason === undefined && !listener.reported) {
      void diagnose(listener);
    } else if (state.name === "stopped" && state.code !== 1000) {
      listener.report(`refused (${state.code}): ${state.error.message}`);
    } else if (state.name === "open") {
      shown.unlisted = false;
      const { departments } = state.welcome;
      if (missing(shown.config, departments)) {
        const known = departments.map((d) => `${d.id} (${d.languages.join(", ")})`).join(", ");
        listener.report(`department="${shown.config.department}" language="${shown.config.language}": no such queue; there are ${known}`);
      }
    }
  });
}

/** Finds out why there is no socket, which the browser does not tell: the gateway lets pages of listed origins alone read its answers. */
async function diagnose(listener: ClientListener): Promise<void> {
  const { gateway } = listener.state.config;
  if (typeof gateway !== "string") {
    const answers = (mode: RequestMode) => fetch(gateway.queues, { mode }).then(() => true, () => false);
    const there = await answers("no-cors");
    const listed = there && (await answers("cors"));
    listener.state.unlisted = there && !listed;
    listener.report(
      listed
        ? `${gateway.socket} opens no socket, though ${gateway.queues} answers: something between lets no WebSocket through`
        : there
          ? `${gateway.socket} opens no socket for this page: add ${location.origin} to the site's origins`
          : `no answer from ${gateway.socket}: check the address, and that a gateway runs there`,
    );
    listener.draw();
  }
}
