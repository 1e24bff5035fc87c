import { Client, type ClientEvents, type ClientOptions } from "./client.ts";
import type { Conversation } from "./conversation.ts";
import type { AgentStatus, DeskFrame, DeskOffer, DeskTicket, TransferTo } from "./protocol.gen.ts";

export interface AgentEvents extends ClientEvents {
  desk: DeskFrame;
  /** An offer that was not on the desk before. */
  offer: DeskOffer;
}

/** A ticket that is or was on the desk, with its conversation. */
export interface Held {
  readonly ticket: DeskTicket;
  readonly conversation: Conversation;
  /** No longer on the desk: closed, transferred or taken back. */
  readonly gone: boolean;
}

/** Tickets that left the desk and are still shown; the oldest is dropped first. */
const keptGone = 20;

/** AgentClient is an agent's side: a desk with offers, and the conversations they hold. */
export class AgentClient extends Client<AgentEvents> {
  #desk: DeskFrame | undefined;
  readonly #held = new Map<string, Held>();

  constructor(options: ClientOptions) {
    super(options);
    this.connection.on("desk", (frame) => this.#show(frame));
  }

  /** The newest view of the desk. */
  get desk(): DeskFrame | undefined {
    return this.#desk;
  }

  /** The tickets in the order in which they came to the desk. */
  get held(): readonly Held[] {
    return [...this.#held.values()];
  }

  conversation(ticket: string): Conversation | undefined {
    return this.followed(ticket);
  }

  setStatus(status: AgentStatus): Promise<void> {
    return this.ask({ type: "status", status });
  }

  /** Takes an offer; refused with unknown_offer when it has lapsed. */
  accept(offer: string): Promise<void> {
    return this.ask({ type: "accept", offer });
  }

  decline(offer: string): Promise<void> {
    return this.ask({ type: "decline", offer });
  }

  /** Ends a conversation: after so many seconds (1 to 30), until which that can be taken back, or at once. */
  closeConversation(ticket: string, afterS?: number): Promise<void> {
    return this.ask({ type: "close", ticket, after_s: afterS });
  }

  /** Takes back that a conversation is closing. */
  cancelClose(ticket: string): Promise<void> {
    return this.ask({ type: "cancel_close", ticket });
  }

  /** Ends the wrap-up of a closed ticket: its place is free again. */
  finish(ticket: string): Promise<void> {
    return this.ask({ type: "finish", ticket });
  }

  /** Passes a ticket on; the note is for the agent that takes it. */
  transfer(ticket: string, to: TransferTo, note?: string): Promise<void> {
    return this.ask({ type: "transfer", ticket, to, note: note || undefined });
  }

  /** Invites another agent, by their id, into a conversation. */
  consult(ticket: string, agent: string): Promise<void> {
    return this.ask({ type: "consult", ticket, agent });
  }

  /** Leaves a conversation that one was invited into. */
  leave(ticket: string): Promise<void> {
    return this.ask({ type: "leave", ticket });
  }

  /** Queues a note, which agents and supervisors read and visitors do not; returns its message id. */
  note(ticket: string, text: string): string | undefined {
    return this.followed(ticket)?.send(text, "note");
  }

  /** Forgets a ticket that is no longer on the desk. */
  dismiss(ticket: string): void {
    if (this.#held.get(ticket)?.gone === true) {
      this.unfollow(ticket);
      this.#held.delete(ticket);
      this.changed();
    }
  }

  protected override forgetView(): void {
    this.#desk = undefined;
  }

  protected override forgetPerson(): void {
    this.forgetView();
    this.#held.clear();
  }

  #show(frame: DeskFrame): void {
    const { tickets, offers } = frame;
    const before = this.#desk?.offers ?? [];
    this.#desk = frame;
    for (const ticket of tickets) {
      const id = ticket.ticket;
      if (this.#held.get(id)?.gone !== false) {
        this.unfollow(id); // what was read of it before, as an offer or when it was here last, may lack what others wrote
      }
      const conversation = this.follow(id);
      this.#held.set(id, { ticket, conversation, gone: false });
      conversation.receiveView(ticket);
    }
    for (const [id, held] of this.#held) {
      if (!held.gone && !tickets.some((t) => t.ticket === id)) {
        this.#held.set(id, { ...held, gone: true });
      }
    }
    for (const { ticket } of this.held.filter((h) => h.gone).slice(0, -keptGone)) {
      this.dismiss(ticket.ticket);
    }
    this.emit("desk", frame);
    for (const offer of offers) {
      if (!before.some((o) => o.offer === offer.offer)) {
        this.emit("offer", offer);
      }
    }
    this.changed();
  }
}
