import { Client, type ClientEvents, type ClientOptions } from "./client.ts";
import type { Conversation } from "./conversation.ts";
import type { BoardFrame, TransferTo } from "./protocol.gen.ts";

export interface SupervisorEvents extends ClientEvents {
  board: BoardFrame;
}

/** SupervisorClient is a supervisor's side: the board of the whole site, and the conversations they read. */
export class SupervisorClient extends Client<SupervisorEvents> {
  #board: BoardFrame | undefined;

  constructor(options: ClientOptions) {
    super(options);
    this.connection.on("board", (frame) => {
      this.#board = frame;
      this.emit("board", frame);
      this.changed();
    });
  }

  /** The newest view of the site. */
  get board(): BoardFrame | undefined {
    return this.#board;
  }

  /** Monitors a conversation, which is written down; close it with leave. Its send speaks to both sides. */
  open(ticket: string): Conversation {
    return this.follow(ticket);
  }

  conversation(ticket: string): Conversation | undefined {
    return this.followed(ticket);
  }

  leave(ticket: string): void {
    this.unfollow(ticket);
    this.changed();
  }

  /** Queues a word to both sides; returns its message id. */
  send(ticket: string, text: string): string {
    return this.follow(ticket).send(text);
  }

  /** Queues a word to the agents alone. */
  whisper(ticket: string, text: string): string {
    return this.follow(ticket).send(text, "whisper");
  }

  /** Queues a note, which agents and supervisors read. */
  note(ticket: string, text: string): string {
    return this.follow(ticket).send(text, "note");
  }

  /** Passes on a ticket, which any agent may hold. */
  transfer(ticket: string, to: TransferTo, note?: string): Promise<void> {
    return this.ask({ type: "transfer", ticket, to, note: note || undefined });
  }

  /** Sets a waiting ticket's head start, -86400 to 86400 seconds. */
  headStart(ticket: string, seconds: number, reason: string): Promise<void> {
    return this.ask({ type: "head_start", ticket, head_start_s: seconds, reason });
  }

  /** Stops (true) or goes on (false) serving a queue; its visitors keep their places. */
  pause(department: string, language: string, paused: boolean, reason?: string): Promise<void> {
    return this.ask({ type: "pause", department, language, paused, reason: reason || undefined });
  }

  protected override forgetView(): void {
    this.#board = undefined;
  }
}
