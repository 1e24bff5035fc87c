import type { Department, VisitorClient } from "../core/index.ts";
import type { Config } from "./config.ts";
import { atNewest } from "./reading.ts";
import type { Widget } from "./widget.tsx";
import { nameOf } from "./words.ts";

/** An entry older than this is read again, not new. */
const newMS = 15_000;

/** Draws what the client hears, calls the visitor when it is their turn or somebody writes, and tells the page. */
export function listen(w: Widget, client: VisitorClient): void {
  let waited = false;
  let unread = 0;
  const { connection } = client;
  client.on("change", () => {
    w.markRead(); // before it is drawn: a mark that follows would draw all of it again
    const count = client.conversation?.unread ?? 0;
    if (count !== unread) {
      unread = count;
      w.tell("nextup-unread", { count });
    }
    w.draw();
  });
  client.on("ticket", (ticket) => {
    const { status, position, agent } = ticket ?? {};
    if (waited && status === "assigned" && w.texts !== undefined) {
      w.notice?.give(w.texts.yourTurn, w.texts.withAgent(nameOf(agent, w.texts)));
    }
    waited = status === "waiting" || status === "offered";
    if (ticket?.ticket !== w.reading.ticket) {
      w.leaving = false;
      Object.assign(w.reading, { ticket: ticket?.ticket ?? "", ...atNewest, answered: false });
      Object.assign(w.rating, { score: undefined, comment: undefined, again: false, problem: undefined });
    }
    w.keep.browser.put("nextup.live", ticket !== undefined && ticket.end === undefined ? "" : undefined);
    w.tell("nextup-ticket", status && { status, ...(position !== undefined && { position }) });
  });
  client.on("entry", ({ kind, from, at_ms }) => {
    w.reading.answered ||= kind === "member";
    const looking = w.open && document.visibilityState === "visible";
    const fresh = () => client.connection.now() - at_ms < newMS;
    if (kind === "message" && !looking && fresh() && !client.conversation?.isOwn(from) && w.texts !== undefined) {
      w.notice?.give(w.texts.newMessages(1), nameOf(from, w.texts)); // not the text: others may see the screen
    }
  });
  client.on("error", (error) => w.complain(error.message));
  client.on("state", (state) => {
    if (state.name === "waiting" && connection.welcome === undefined && state.reason === undefined && !w.complained) {
      void diagnose(w);
    } else if (state.name === "stopped" && state.code !== 1000) {
      w.complain(`refused (${state.code}): ${state.error.message}`);
    } else if (state.name === "open") {
      const { departments } = state.welcome;
      if (missing(w.config, departments)) {
        const known = departments.map((d) => `${d.id} (${d.languages.join(", ")})`).join(", ");
        w.complain(`department="${w.config.department}" language="${w.config.language}": no such queue; there are ${known}`);
      }
    }
  });
}

/** Says why there is no socket, which the browser does not tell: whether the gateway answers at all. */
async function diagnose(w: Widget): Promise<void> {
  const { gateway } = w.config;
  if (typeof gateway !== "string") {
    const answers = await fetch(gateway.queues, { mode: "no-cors" }).then(
      () => true,
      () => false,
    );
    w.complain(
      answers
        ? `${gateway.socket} opens no socket for this page: add ${location.origin} to the site's origins`
        : `no answer from ${gateway.socket}: check the address, and that a gateway runs there`,
    );
  }
}

/** Whether the page asks for a queue that the site does not have. */
export function missing({ department, language }: Config, departments: readonly Department[]): boolean {
  return (
    departments.length > 0 &&
    !departments.some((d) => d.id === (department ?? d.id) && d.languages.includes(language ?? d.languages[0] ?? ""))
  );
}
