import { AgentClient, NextupError, type AgentStatus, type ClientOptions, type Conversation, type DeskOffer } from "../../core/index.ts";
import { named } from "../parts/people.tsx";
import { HeldBack } from "./held-back.ts";
import type { Run } from "./run.ts";

/** How long an agent may take back what they did, in seconds. */
const undoS = 5;
/** A decline reaches the gateway this long before the offer lapses. */
const beforeDeadlineMS = 1_500;

/**
 * An agent's client that also reads what is not on the desk, as what is offered
 * or was before, and that lets an agent take back a close, a decline and an away.
 */
export class DeskClient extends AgentClient {
  /** What is done soon. A close waits at the gateway instead, where every page of the agent sees it. */
  readonly heldBack = new HeldBack(() => this.changed());
  /** The tickets of offers with a conversation that is read. */
  readonly #read = new Set<string>();
  /** The status that the gateway was asked for and has not shown yet. */
  #asked: AgentStatus | undefined;

  constructor(options: ClientOptions) {
    super(options);
    this.on("desk", ({ offers, status }) => {
      if (status === this.#asked) {
        this.#asked = undefined;
      }
      const tickets = new Set(offers.map((o) => o.ticket));
      for (const ticket of this.#read) {
        if (!tickets.has(ticket)) {
          this.#read.delete(ticket);
          this.putAway(ticket);
        }
      }
      for (const { ticket } of offers) {
        if (!this.#read.has(ticket)) {
          this.#read.add(ticket);
          this.follow(ticket);
        }
      }
      const declines = new Set(offers.map((o) => declineID(o.offer)));
      for (const { id } of this.heldBack.acts) {
        if (id === status || (id.startsWith(declineID("")) && !declines.has(id))) {
          this.heldBack.takeBack(id); // there is nothing left to do
        }
      }
    });
  }

  review(ticket: string): Conversation {
    return this.follow(ticket);
  }

  /** Ends a review, but not what is on the desk or offered. */
  putAway(ticket: string): void {
    if (!this.#read.has(ticket) && !this.held.some((h) => h.ticket.ticket === ticket)) {
      this.unfollow(ticket);
    }
  }

  /** The status that was chosen, or that the agent has. */
  get wantedStatus(): AgentStatus | undefined {
    return (["away", "offline"] as const).find((status) => this.heldBack.has(status)) ?? this.#asked ?? this.desk?.status;
  }

  /** Becomes available at once; away or offline in a moment. */
  choose(status: AgentStatus, run: Run): void {
    this.heldBack.takeBack("away");
    this.heldBack.takeBack("offline");
    const act = () => void this.#ask(status, run);
    if (this.desk?.status === "available" && status !== "available") {
      const says = status === "away" ? "You will be away: no new offers." : "You will be offline: no new offers.";
      this.heldBack.add(status, says, undoS * 1_000, act);
    } else if (this.desk?.status !== status) {
      act();
    }
  }

  async #ask(status: AgentStatus, run: Run): Promise<void> {
    this.#asked = status;
    this.changed();
    if (!(await run(this.setStatus(status)))) {
      this.#asked = undefined;
      this.changed();
    }
  }

  isDeclining(offer: string): boolean {
    return this.heldBack.has(declineID(offer));
  }

  /** Declines in a moment, and before the offer lapses. */
  declineSoon({ offer, visitor, deadline_ms }: DeskOffer, run: Run): void {
    const left = deadline_ms - beforeDeadlineMS - this.connection.now();
    const act = () => void run(this.decline(offer));
    this.heldBack.add(declineID(offer), `You decline ${named(visitor)}.`, Math.min(undoS * 1_000, left), act);
  }

  /** Takes an offer, also one that was about to be declined. */
  take({ offer }: DeskOffer, run: Run): void {
    this.heldBack.takeBack(declineID(offer));
    void run(this.accept(offer));
  }

  takeBackDecline(offer: string): void {
    this.heldBack.takeBack(declineID(offer));
  }

  /** Begins to close, or, where that has begun, closes at once. */
  closeSoon(ticket: string, says: string, closing: boolean, run: Run): void {
    const now = () => this.closeConversation(ticket);
    if (closing || this.heldBack.has(ticket)) {
      this.heldBack.takeBack(ticket);
      void run(now());
      return;
    }
    void run(
      this.closeConversation(ticket, undoS).catch((error: unknown) => {
        if (!(error instanceof NextupError) || error.code !== "unknown_field") {
          throw error;
        }
        // An older gateway cannot wait: the page does.
        this.heldBack.add(ticket, says, undoS * 1_000, () => void run(now()));
      }),
    );
  }

  override close(): void {
    this.heldBack.flush();
    super.close();
  }
}

function declineID(offer: string): string {
  return `decline ${offer}`;
}
