import { Connection } from "./connection.ts";
import type { ConnectionOptions, ConnectionState, TokenSource } from "./connection-state.ts";
import { Conversation } from "./conversation.ts";
import { Emitter } from "./emitter.ts";
import type { RequestFrame } from "./requests.ts";
import type { EntryFrame } from "./protocol.gen.ts";
import type { StorageLike } from "./outbox.ts";

export interface ClientOptions extends ConnectionOptions {
  /** Keeps messages that are not sent yet over a reload, for example sessionStorage. */
  storage?: StorageLike;
}

/** The events that every client has. */
export interface ClientEvents {
  state: ConnectionState;
  /** The service is interrupted (false) or goes on; the connection stays open. */
  available: boolean;
  entry: EntryFrame;
  /** Another person begins, or none: what belonged to the one before is gone, messages that were not sent too. */
  identity: string;
  /** Anything that a page shows is not what it was. */
  change: undefined;
  error: Error;
}

/** Client is what the three clients share: a connection, and the conversations that it follows. */
export abstract class Client<Events extends ClientEvents> extends Emitter<Events> {
  readonly connection: Connection;
  readonly #storage: StorageLike | undefined;
  readonly #conversations = new Map<string, Conversation>();

  constructor(options: ClientOptions) {
    super();
    this.#storage = options.storage;
    const connection = (this.connection = new Connection(options));
    connection.on("state", (state) => this.#pass("state", state));
    connection.on("available", (available) => this.#pass("available", available));
    connection.on("entry", (frame) => this.#conversations.get(frame.ticket)?.receive(frame));
    connection.on("typing", (frame) => this.#conversations.get(frame.ticket)?.receiveTyping(frame));
    connection.on("reset", ({ ticket }) => {
      if (ticket === undefined) {
        this.forgetView();
        this.changed(); // a new view follows
      } else {
        this.#conversations.get(ticket)?.reset();
      }
    });
    connection.on("identity", (identity) => {
      for (const ticket of this.#conversations.keys()) {
        this.unfollow(ticket);
      }
      this.forgetPerson();
      this.#pass("identity", identity);
    });
    connection.on("error", (error) => this.tell("error", error));
  }

  /** False while the service is interrupted: what is shown stands still, what is asked for waits. */
  get available(): boolean {
    return this.connection.available;
  }

  connect(): void {
    this.connection.connect();
  }

  /** Ends the connection; what was not sent stays in the storage. */
  close(): void {
    for (const conversation of this.#conversations.values()) {
      conversation.dispose();
    }
    this.connection.close();
  }

  /** Ends all that belongs to the current person and begins for another; token gives the tokens from now on. */
  identify(token: TokenSource): void {
    this.connection.identify(token);
  }

  /** Ends all that belongs to the person, with the connection, and forgets it. */
  logout(): void {
    this.connection.logout();
  }

  /** The view is of a log that is gone. */
  protected abstract forgetView(): void;

  /** The view is another person's. */
  protected forgetPerson(): void {
    this.forgetView();
  }

  protected followed(ticket: string): Conversation | undefined {
    return this.#conversations.get(ticket);
  }

  protected follow(ticket: string): Conversation {
    const followed = this.#conversations.get(ticket);
    if (followed !== undefined) {
      return followed;
    }
    const conversation = new Conversation(this.connection, ticket, this.#storage);
    this.#conversations.set(ticket, conversation);
    conversation.on("entry", (entry) => this.tell("entry", entry));
    conversation.on("change", () => this.changed());
    return conversation;
  }

  /** Stops following, and gives up what was not sent. */
  protected unfollow(ticket: string): void {
    this.#conversations.get(ticket)?.dispose(true);
    this.#conversations.delete(ticket);
  }

  protected async ask(frame: RequestFrame): Promise<void> {
    await this.connection.request(frame);
  }

  #pass<K extends keyof ClientEvents>(kind: K, value: ClientEvents[K]): void {
    this.tell(kind, value);
    this.changed();
  }

  protected changed(): void {
    this.tell("change", undefined);
  }

  protected tell<K extends keyof ClientEvents>(kind: K, value: ClientEvents[K]): void {
    (this as unknown as Client<ClientEvents>).emit(kind, value);
  }
}
