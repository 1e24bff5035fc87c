import { Connection, type ConnectionOptions, type ConnectionState } from "./connection.ts";
import { Conversation } from "./conversation.ts";
import { Emitter } from "./emitter.ts";
import { NextupError } from "./errors.ts";
import type { EntryFrame, TicketFrame } from "./protocol.gen.ts";

export interface VisitorEvents {
  state: ConnectionState;
  /** The service is interrupted (false) or goes on; the connection stays open. */
  available: boolean;
  /** The visitor's whole place, or undefined where they have none. */
  ticket: TicketFrame | undefined;
  entry: EntryFrame;
  /** Anything that a page shows is not what it was. */
  change: undefined;
  error: Error;
}

export interface Joining {
  department: string;
  /** BCP 47 tags in order of preference; without it those of the token. */
  languages?: string[];
  topic?: string;
}

/** A welcome without a ticket frame within this time means that there is no ticket. */
const settleMS = 2_000;

/** VisitorClient is a visitor's side: a place in line, then a conversation. */
export class VisitorClient extends Emitter<VisitorEvents> {
  readonly connection: Connection;
  #ticket: TicketFrame | undefined;
  #conversation: Conversation | undefined;
  #settled = false;
  /** Whether this conn may still show its first view. */
  #awaited = false;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions) {
    super();
    this.connection = new Connection(options);
    this.connection.on("state", (state) => {
      this.#awaited = state.name === "open";
      this.#await();
      this.emit("state", state);
      this.#change();
    });
    this.connection.on("available", (available) => {
      this.#await(); // no view comes while the log is away
      this.emit("available", available);
      this.#change();
    });
    this.connection.on("ticket", (frame) => this.#show(frame));
    this.connection.on("entry", (frame) => {
      if (frame.ticket === this.#conversation?.ticket) {
        this.#conversation.receive(frame);
      }
    });
    this.connection.on("typing", (frame) => {
      if (frame.ticket === this.#conversation?.ticket) {
        this.#conversation.receiveTyping(frame);
      }
    });
    this.connection.on("reset", (frame) => {
      if (frame.ticket === undefined) {
        this.#ticket = undefined;
        this.#change(); // a new view follows
      } else if (frame.ticket === this.#conversation?.ticket) {
        this.#conversation.reset();
      }
    });
    this.connection.on("error", (error) => this.emit("error", error));
  }

  /** The newest view of the visitor's place. */
  get ticket(): TicketFrame | undefined {
    return this.#ticket;
  }

  /** False while the service is interrupted: the place is kept, what is asked for waits. */
  get available(): boolean {
    return this.connection.available;
  }

  get conversation(): Conversation | undefined {
    return this.#conversation;
  }

  /** Whether it is known by now if there is a ticket. */
  get settled(): boolean {
    return this.#settled;
  }

  connect(): void {
    this.connection.connect();
  }

  close(): void {
    clearTimeout(this.#settling);
    this.#conversation?.dispose();
    this.connection.close();
  }

  /** Gets in line, or back to the ticket that is already there; returns the ticket. */
  async join({ department, languages, topic }: Joining): Promise<string> {
    const answer = await this.connection.request({
      type: "join",
      department,
      ...(languages && { languages }),
      ...(topic && { topic }),
    });
    return answer.ticket ?? "";
  }

  /** Ends one's ticket, in line or in conversation. */
  async leave(): Promise<void> {
    if (this.#ticket !== undefined) {
      await this.connection.request({ type: "leave", ticket: this.#ticket.ticket });
    }
  }

  /** Queues a message; returns its id. */
  send(text: string): string {
    if (this.#conversation === undefined) {
      throw new NextupError("overflow", "There is no ticket to write to: join first.");
    }
    return this.#conversation.send(text);
  }

  #await(): void {
    clearTimeout(this.#settling);
    if (this.#awaited && this.available) {
      this.#settling = setTimeout(() => this.#show(undefined), settleMS);
    }
  }

  #show(frame: TicketFrame | undefined): void {
    clearTimeout(this.#settling);
    this.#awaited = false;
    this.#settled = true;
    this.#ticket = frame;
    if (frame?.ticket !== this.#conversation?.ticket) {
      this.#conversation?.dispose();
      this.#conversation = undefined;
    }
    if (frame !== undefined && this.#conversation === undefined) {
      this.#conversation = new Conversation(this.connection, frame.ticket);
      this.#conversation.on("entry", (entry) => this.emit("entry", entry));
      this.#conversation.on("change", () => this.#change());
    }
    this.emit("ticket", frame);
    this.#change();
  }

  #change(): void {
    this.emit("change", undefined);
  }
}
