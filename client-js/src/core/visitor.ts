import { Client, type ClientEvents, type ClientOptions } from "./client.ts";
import type { Conversation } from "./conversation.ts";
import { NextupError } from "./errors.ts";
import type { TicketFrame } from "./protocol.gen.ts";

export interface VisitorEvents extends ClientEvents {
  /** The visitor's whole place, or undefined where they have none. */
  ticket: TicketFrame | undefined;
}

export interface Joining {
  department: string;
  /** BCP 47 tags in order of preference; without it those of the token. */
  languages?: string[];
  topic?: string;
  /** One of the site's urgencies that visitors may choose. */
  urgency?: string;
  /** No language but those listed will do, however long it takes. */
  languageRequired?: boolean;
}

/** A welcome without a ticket frame within this time means that there is no ticket. */
const settleMS = 2_000;

/** VisitorClient is a visitor's side: a place in line, then a conversation. */
export class VisitorClient extends Client<VisitorEvents> {
  #ticket: TicketFrame | undefined;
  /** The ticket of the conversation that is followed. */
  #followed = "";
  #settled = false;
  /** This conn may still show its first view. */
  #awaited = false;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ClientOptions) {
    super(options);
    this.connection.on("state", (state) => {
      this.#awaited = state.name === "open";
      this.#await();
    });
    this.connection.on("available", () => this.#await()); // no view comes while the log is away
    this.connection.on("ticket", (frame) => this.#show(frame));
  }

  /** The newest view of the visitor's place. */
  get ticket(): TicketFrame | undefined {
    return this.#ticket;
  }

  get conversation(): Conversation | undefined {
    return this.followed(this.#followed);
  }

  /** Reports whether it is known by now if there is a ticket. */
  get settled(): boolean {
    return this.#settled;
  }

  override close(): void {
    clearTimeout(this.#settling);
    super.close();
  }

  /** Gets in line, or back to the ticket that is already there; returns the ticket. */
  async join({ department, languages, topic, urgency, languageRequired }: Joining): Promise<string> {
    const answer = await this.connection.request({
      type: "join",
      department,
      languages,
      topic: topic || undefined,
      urgency: urgency || undefined,
      language_required: languageRequired || undefined,
    });
    return answer.ticket ?? "";
  }

  /** Ends one's ticket, in line or in conversation. */
  async leave(): Promise<void> {
    if (this.#ticket !== undefined) {
      await this.ask({ type: "leave", ticket: this.#ticket.ticket });
    }
  }

  /** Rates the conversation, 1 (worst) to 5 (best); a later rating replaces an earlier one. */
  async rate(score: number, comment?: string): Promise<void> {
    if (this.#ticket !== undefined) {
      await this.ask({ type: "rate", ticket: this.#ticket.ticket, score, comment: comment || undefined });
    }
  }

  /** Queues a message; returns its id. */
  send(text: string): string {
    if (this.conversation === undefined) {
      throw new NextupError("overflow", "There is no ticket.");
    }
    return this.conversation.send(text);
  }

  /** The conversation stays, so that what is being written to it is not lost. */
  protected override forgetView(): void {
    this.#ticket = undefined;
  }

  protected override forgetPerson(): void {
    this.#show(undefined);
    this.#settled = false;
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
    const followed = frame?.ticket ?? "";
    if (followed !== this.#followed) {
      this.unfollow(this.#followed);
      this.#followed = followed;
    }
    if (frame !== undefined) {
      this.follow(frame.ticket).receiveView(frame);
    }
    this.emit("ticket", frame);
    this.changed();
  }
}
