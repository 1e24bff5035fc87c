import { Connection, type ConnectionOptions, type ConnectionState } from "./connection.ts";
import { Conversation } from "./conversation.ts";
import { Emitter } from "./emitter.ts";
import type { AgentStatus, DeskFrame, DeskOffer, DeskTicket, EntryFrame } from "./protocol.gen.ts";

export interface AgentEvents {
  state: ConnectionState;
  /** The service is interrupted (false) or goes on; the connection stays open. */
  available: boolean;
  desk: DeskFrame | undefined;
  /** An offer that was not on the desk before. */
  offer: DeskOffer;
  entry: EntryFrame;
  /** Anything that a page shows is not what it was. */
  change: undefined;
  error: Error;
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
export class AgentClient extends Emitter<AgentEvents> {
  readonly connection: Connection;
  #desk: DeskFrame | undefined;
  readonly #held = new Map<string, Held>();

  constructor(options: ConnectionOptions) {
    super();
    this.connection = new Connection(options);
    this.connection.on("state", (state) => {
      this.emit("state", state);
      this.#change();
    });
    this.connection.on("available", (available) => {
      this.emit("available", available);
      this.#change();
    });
    this.connection.on("desk", (frame) => this.#show(frame));
    this.connection.on("entry", (frame) => this.#held.get(frame.ticket)?.conversation.receive(frame));
    this.connection.on("typing", (frame) => this.#held.get(frame.ticket)?.conversation.receiveTyping(frame));
    this.connection.on("reset", (frame) => {
      if (frame.ticket === undefined) {
        this.#desk = undefined;
        this.#change(); // a new view follows
      } else {
        this.#held.get(frame.ticket)?.conversation.reset();
      }
    });
    this.connection.on("error", (error) => this.emit("error", error));
  }

  /** The newest view of the desk. */
  get desk(): DeskFrame | undefined {
    return this.#desk;
  }

  /** False while the service is interrupted: what is shown stands still, what is asked for waits. */
  get available(): boolean {
    return this.connection.available;
  }

  /** The tickets in the order in which they came to the desk. */
  get held(): readonly Held[] {
    return [...this.#held.values()];
  }

  conversation(ticket: string): Conversation | undefined {
    return this.#held.get(ticket)?.conversation;
  }

  connect(): void {
    this.connection.connect();
  }

  close(): void {
    for (const held of this.#held.values()) {
      held.conversation.dispose();
    }
    this.connection.close();
  }

  async setStatus(status: AgentStatus): Promise<void> {
    await this.connection.request({ type: "status", status });
  }

  /** Takes an offer; refused with unknown_offer when it has lapsed. */
  async accept(offer: string): Promise<void> {
    await this.connection.request({ type: "accept", offer });
  }

  async decline(offer: string): Promise<void> {
    await this.connection.request({ type: "decline", offer });
  }

  async closeConversation(ticket: string): Promise<void> {
    await this.connection.request({ type: "close", ticket });
  }

  /** Forgets a ticket that is no longer on the desk. */
  dismiss(ticket: string): void {
    const held = this.#held.get(ticket);
    if (held?.gone === true) {
      held.conversation.dispose();
      this.#held.delete(ticket);
      this.#change();
    }
  }

  #show(frame: DeskFrame): void {
    const known = new Set(this.#desk?.offers.map((o) => o.offer));
    this.#desk = frame;
    for (const ticket of frame.tickets) {
      this.#held.set(ticket.ticket, { ticket, conversation: this.#conversationFor(ticket), gone: false });
    }
    const onDesk = new Set(frame.tickets.map((t) => t.ticket));
    for (const [id, held] of this.#held) {
      if (!onDesk.has(id) && !held.gone) {
        this.#held.set(id, { ...held, gone: true });
      }
    }
    const gone = this.held.filter((h) => h.gone);
    for (const held of gone.slice(0, Math.max(0, gone.length - keptGone))) {
      this.dismiss(held.ticket.ticket);
    }
    this.emit("desk", frame);
    for (const offer of frame.offers) {
      if (!known.has(offer.offer)) {
        this.emit("offer", offer);
      }
    }
    this.#change();
  }

  /** A ticket that comes back to the desk is read anew: others may have written meanwhile. */
  #conversationFor({ ticket }: DeskTicket): Conversation {
    const existing = this.#held.get(ticket);
    if (existing !== undefined && !existing.gone) {
      return existing.conversation;
    }
    existing?.conversation.dispose();
    const conversation = new Conversation(this.connection, ticket);
    conversation.on("entry", (entry) => this.emit("entry", entry));
    conversation.on("change", () => this.#change());
    return conversation;
  }

  #change(): void {
    this.emit("change", undefined);
  }
}
