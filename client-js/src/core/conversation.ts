import type { Connection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import { ignoreNewer, NextupError } from "./errors.ts";
import { Outbox, type MessageFrameType, type OutgoingMessage, type StorageLike } from "./outbox.ts";
import type { EntryFrame, Person, TypingFrame } from "./protocol.gen.ts";

export interface ConversationEvents {
  /** A new entry, in order, once each. */
  entry: EntryFrame;
  /** entries, outbox, marks or typing are not what they were. Entries that follow quickly are one change. */
  change: undefined;
}

/** Entries kept in memory; older ones are dropped from the front. */
const keptEntries = 5_000;
/** As long as there is no connection or no log, and then so long. */
const patiently = { patient: true, timeoutMS: 30_000 };
/** How long entries that follow another are gathered before one change covers them. */
const gatherMS = 200;
/** More entries than this in that time are more than a person reads: one change covers them and what follows, at most so many times as long. */
const manyEntries = 50;
const mostGathers = 5;
const typingShownMS = 6_000;
const typingEveryMS = 3_000;

/**
 * Conversation follows one conversation: it opens it on every connect after the
 * last entry it has, takes each number once and in order, and sends messages
 * and read marks. Its owner feeds it the frames of its ticket.
 */
export class Conversation extends Emitter<ConversationEvents> {
  readonly ticket: string;
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #forget: () => void;
  readonly #entries: EntryFrame[] = [];
  #last = 0;
  /** That entry's stamp: after a failover its number may be another's. */
  #lastAtMS = 0;
  #closed = false;
  #opening = false;
  #read = 0;
  #wantedRead = 0;
  #marking = false;
  #seen = 0;
  #typist: Person | undefined;
  #typistTimer: ReturnType<typeof setTimeout> | undefined;
  #typedAt = -Infinity;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  /** Entries that came since the last gathering began. */
  #came = 0;
  /** Gatherings in a row that no change has covered yet. */
  #gathers = 0;

  /** storage keeps what is not sent yet over a reload. */
  constructor(connection: Connection, ticket: string, storage?: StorageLike) {
    super();
    this.#connection = connection;
    this.ticket = ticket;
    this.#outbox = new Outbox(
      ({ type, message_id, text }) => connection.request({ type, ticket, message_id, text }, patiently),
      () => this.#change(),
      storage,
      `nextup.outbox.${ticket}`,
    );
    this.#forget = connection.on("state", (state) => {
      this.#showTypist(undefined);
      if (state.name === "open") {
        this.#resume();
      }
    });
    this.#resume();
  }

  /** The entries from the first kept one to the last, numbers rising by one; the same array as long as the conversation lives. */
  get entries(): readonly EntryFrame[] {
    return this.#entries;
  }

  /** Own messages that are not among the entries yet, in order. */
  get outbox(): readonly OutgoingMessage[] {
    return this.#outbox.messages;
  }

  /** Reports whether no entry will follow. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The other person that is writing right now. */
  get typist(): Person | undefined {
    return this.#typist;
  }

  /** The highest number that another person has marked as read. */
  get seen(): number {
    return this.#seen;
  }

  /** The number of messages of others above one's own read mark. */
  get unread(): number {
    const read = Math.max(this.#read, this.#wantedRead);
    const from = this.#entries.findLastIndex((e) => e.number <= read) + 1; // all that was read is not looked at
    return this.#entries.slice(from).filter((e) => this.#concerns(e)).length;
  }

  isOwn(person: Person | undefined): boolean {
    const self = this.#connection.welcome;
    return person !== undefined && person.role === self?.role && person.id === self.subject;
  }

  /** Queues a message and returns its id; it is sent as soon as that is possible. */
  send(text: string, type: MessageFrameType = "send"): string {
    const id = this.#outbox.add(text, type);
    this.#typedAt = -Infinity;
    return id;
  }

  retry(messageID: string): void {
    this.#outbox.retry(messageID);
  }

  discard(messageID: string): void {
    this.#outbox.remove(messageID);
  }

  /** Marks all entries so far as read. */
  markRead(): void {
    const upTo = this.#entries.findLast((e) => this.#concerns(e))?.number ?? 0;
    if (upTo > this.#wantedRead && upTo > this.#read) {
      this.#wantedRead = upTo;
      this.#change();
      void this.#sendMark();
    }
  }

  /** Tells the others that this person is writing; calls in quick succession are one frame. */
  setTyping(on: boolean): void {
    const now = performance.now();
    if (on ? now - this.#typedAt >= typingEveryMS : this.#typedAt !== -Infinity) {
      this.#typedAt = on ? now : -Infinity;
      this.#connection.transmit({ type: "typing", ticket: this.ticket, on });
    }
  }

  /** Takes an entry of this ticket. */
  receive(entry: EntryFrame): void {
    if (entry.number <= this.#last) {
      return; // delivered twice, around a reconnect
    }
    if (entry.number !== this.#last + 1) {
      this.#resume(); // a gap: ask for what is missing
      return;
    }
    this.#last = entry.number;
    this.#lastAtMS = entry.at_ms;
    if (this.#entries.push(entry) > keptEntries) {
      this.#entries.shift();
    }
    switch (entry.kind) {
      case "message":
      case "note":
      case "whisper":
        if (this.isOwn(entry.from) && entry.message_id !== undefined) {
          this.#outbox.remove(entry.message_id);
        } else if (entry.from?.id === this.#typist?.id) {
          this.#showTypist(undefined);
        }
        break;
      case "read":
        if (this.isOwn(entry.from)) {
          this.#read = Math.max(this.#read, entry.up_to ?? 0);
        } else {
          this.#seen = Math.max(this.#seen, entry.up_to ?? 0);
        }
        break;
      case "member":
      case "agent_lost":
      case "hidden":
        break;
      case "closed":
        this.#closed = true;
        this.#showTypist(undefined);
        break;
      default:
        ignoreNewer(entry.kind);
    }
    this.#outbox.sendAgain(entry.number); // promised to a message of ours, which is not here
    this.emit("entry", entry);
    this.#came++;
    if (this.#gathering === undefined) {
      this.#gather();
    }
  }

  /** Tells of the entries that came: the first at once, those that follow quickly together. */
  #gather(): void {
    const came = this.#came;
    this.#came = 0;
    this.#gathering = undefined;
    if (came + this.#gathers > 0) {
      this.#gathering = setTimeout(() => this.#gather(), gatherMS);
      this.#gathers = came > manyEntries ? (this.#gathers + 1) % mostGathers : 0;
      if (this.#gathers === 0) {
        this.#change();
      }
    }
  }

  receiveTyping(frame: TypingFrame): void {
    this.#showTypist(frame.on && !this.isOwn(frame.from) ? frame.from : undefined);
    this.#change();
  }

  /** Takes a view of the ticket: a person with a lost connection does not write any more. */
  receiveView(view: { agent_lost?: boolean; visitor_lost?: boolean }): void {
    const role = this.#typist?.role;
    if ((role === "agent" && view.agent_lost) || (role === "visitor" && view.visitor_lost)) {
      this.#showTypist(undefined);
    }
  }

  /** The conversation's log was replaced: drop what is known and read it anew. */
  reset(): void {
    this.#entries.length = 0;
    this.#last = 0;
    this.#lastAtMS = 0;
    this.#read = 0;
    this.#wantedRead = 0;
    this.#seen = 0;
    this.#closed = false;
    this.#outbox.sendAgain();
    this.#change();
    this.#resume();
  }

  /** Stops following; what was not sent waits in the storage, unless it is given up. */
  dispose(giveUp = false): void {
    this.#forget();
    if (giveUp) {
      this.#outbox.clear();
    }
    clearTimeout(this.#typistTimer);
  }

  /** Reports whether an entry is a message of another person to this one. */
  #concerns({ kind, from }: EntryFrame): boolean {
    return (kind === "message" || kind === "whisper") && !this.isOwn(from);
  }

  #resume(): void {
    if (this.#connection.state.name !== "open") {
      return; // the next open state resumes
    }
    void this.#open();
    void this.#outbox.pump();
  }

  async #open(): Promise<void> {
    if (this.#opening) {
      return;
    }
    this.#opening = true;
    const open = { type: "open", ticket: this.ticket, after: this.#last, at_ms: this.#lastAtMS } as const;
    const failure = await this.#connection.request(open, { ...patiently, resend: false }).then(
      () => undefined,
      (error: NextupError) => error,
    );
    this.#opening = false;
    if (failure?.code === "unknown_ticket") {
      this.#closed = true; // it is past its retention
      this.#change();
    } else if (failure?.reason === "timeout") {
      this.#resume(); // where the connection was lost, the next one resumes
    }
  }

  async #sendMark(): Promise<void> {
    if (this.#marking) {
      return;
    }
    this.#marking = true;
    try {
      for (let upTo = 0; upTo < this.#wantedRead; ) {
        upTo = this.#wantedRead;
        await this.#connection.request({ type: "read", ticket: this.ticket, up_to: upTo });
      }
    } catch {
      this.#wantedRead = this.#read; // the next markRead tries again
    } finally {
      this.#marking = false;
    }
  }

  #showTypist(person: Person | undefined): void {
    clearTimeout(this.#typistTimer);
    this.#typist = person;
    if (person !== undefined) {
      this.#typistTimer = setTimeout(() => {
        this.#typist = undefined;
        this.#change();
      }, typingShownMS);
    }
  }

  #change(): void {
    this.emit("change", undefined);
  }
}
