import type { TicketFrame } from "../core/index.ts";
import type { Texts } from "./texts.ts";
import { formatLanguages, nameOf, formatWait } from "./format.ts";

const everyMS = 10_000;

/**
 * Announcer chooses what a screen reader is told of a place in line: a step that
 * matters at once, and a move no sooner than ten seconds after the announcement
 * before. Reasons come and go with the moves, so the same one is no new step for as long.
 */
export class Announcer {
  #step = "";
  #text = "";
  #saidAtMS = -Infinity;
  readonly #reasonsAtMS = new Map<string, number>();

  /** Returns the current announcement: text, or the one before. nowMS is of any clock that does not go back. */
  announce(step: string, reasons: readonly string[], text: string, nowMS: number): string {
    const due = (atMS = -Infinity) => nowMS >= atMS + everyMS;
    const matters = step !== this.#step || due(this.#saidAtMS) || reasons.some((reason) => due(this.#reasonsAtMS.get(reason)));
    if (text !== this.#text && matters) {
      this.#step = step;
      this.#text = text;
      this.#saidAtMS = nowMS;
      reasons.forEach((reason) => this.#reasonsAtMS.set(reason, nowMS));
    }
    return this.#text;
  }
}

/** Describes a ticket: the step, what makes it unlike others, and all of it in words. */
export function announcementOf(ticket: TicketFrame | undefined, texts: Texts, locale: string): [step: string, reasons: readonly string[], text: string] {
  switch (ticket?.status) {
    case undefined:
      return ["", [], ""];
    case "waiting":
    case "offered": {
      const reasons = special(ticket, texts, locale);
      const offered = ticket.status === "offered" ? `${texts.offered}. ` : "";
      const wait = waitOf(ticket, texts);
      const place = `${texts.place(ticket.position ?? 1)}.${wait && ` ${texts.wait}: ${wait}.`}`;
      return [ticket.status, reasons, `${offered}${place} ${reasons.join(" ")}`];
    }
    case "assigned": {
      const text = aboutAgent(ticket, texts);
      return [text, [], ticket.agent_lost === true ? `${text}. ${texts.mayReturn}` : text];
    }
    case "closed":
    case "abandoned":
      return [ticket.status, [], `${texts.ended}. ${(ticket.end && texts.ends[ticket.end]) ?? ""}`];
  }
}

/** Names the visitor's agent, or tells that the agent's connection is lost. */
export function aboutAgent({ agent, agent_lost }: TicketFrame, texts: Texts): string {
  const name = nameOf(agent, texts);
  return agent_lost === true ? texts.lost(name) : texts.withAgent(name);
}

/** What makes this wait unlike others, in words. */
export function special({ reason, paused, widened, unattended, languages = [], language }: TicketFrame, texts: Texts, locale: string): string[] {
  const more = languages.filter((tag) => tag !== language);
  // A newer gateway may have reasons that this widget has no words for.
  const why: string | undefined = reason && texts.reasons[reason];
  return [
    unattended === true && `${texts.nobody} ${texts.kept}`,
    paused === true && texts.paused,
    why,
    widened !== undefined && more.length > 0 && texts.widened(formatLanguages(more, locale)),
  ].filter((text) => typeof text === "string");
}

/** The wait in words; "" while no agent is here, where it would promise something. */
export function waitOf({ unattended, wait }: TicketFrame, texts: Texts): string {
  return unattended === true ? "" : formatWait(wait, texts);
}

/** What stands beside the place: an agent is about to answer, or how many people are ahead. */
export function aheadOf({ status, position = 1, unattended }: TicketFrame, texts: Texts): string {
  if (status === "offered") {
    return texts.offered;
  }
  return unattended === true && position === 1 ? texts.first : texts.ahead(position - 1);
}
