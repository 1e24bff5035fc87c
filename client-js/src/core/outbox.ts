import { randomID } from "./backoff.ts";
import { NextupError } from "./errors.ts";
import { MAX_TEXT_BYTES, type OKFrame } from "./protocol.gen.ts";
import { isBlank, wellFormed } from "./text.ts";

/** The part of the Web Storage that the core uses. It may throw: then nothing is kept. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The readers of a message: all (send), agents and supervisors (note), or the agents alone (whisper). */
export type MessageFrameType = "send" | "note" | "whisper";

/** A message of one's own that is not an entry of the conversation yet. */
export interface OutgoingMessage {
  readonly message_id: string;
  readonly text: string;
  readonly type: MessageFrameType;
  /** sent: acknowledged, its entry has not come yet. refused, or not answered in time: see error; retry or discard it. */
  state: "waiting" | "sent" | "refused";
  /** The entry's number, once acknowledged. */
  number?: number | undefined;
  error?: NextupError;
}

const types: readonly MessageFrameType[] = ["send", "note", "whisper"];
const limit = 100;

/**
 * Outbox sends messages one after the other, so that they stay in order, and
 * keeps each with its message id until its entry has come, over a reload too
 * where it has a storage.
 */
export class Outbox {
  readonly #send: (message: OutgoingMessage) => Promise<OKFrame>;
  readonly #changed: () => void;
  readonly #storage: StorageLike | undefined;
  readonly #key: string;
  #messages: OutgoingMessage[];
  #busy = false;

  constructor(
    send: (message: OutgoingMessage) => Promise<OKFrame>,
    changed: () => void,
    storage: StorageLike | undefined,
    key: string,
  ) {
    this.#send = send;
    this.#changed = changed;
    this.#storage = storage;
    this.#key = key;
    this.#messages = this.#kept();
  }

  get messages(): readonly OutgoingMessage[] {
    return this.#messages;
  }

  /** Returns the message's id; throws a NextupError when the text cannot ever be sent. */
  add(written: string, type: MessageFrameType): string {
    const text = wellFormed(written);
    const { length } = new TextEncoder().encode(text);
    if (length > MAX_TEXT_BYTES || isBlank(text)) {
      throw new NextupError(length > MAX_TEXT_BYTES ? "overflow" : "blank", `A message has 1 to ${MAX_TEXT_BYTES} bytes, not all blank; this one has ${length}.`);
    }
    if (this.#messages.length >= limit) {
      throw new NextupError("overflow", `More than ${limit} messages wait.`);
    }
    const message: OutgoingMessage = { message_id: randomID(), text, type, state: "waiting" };
    this.#become([...this.#messages, message]);
    void this.pump();
    return message.message_id;
  }

  retry(messageID: string): void {
    const message = this.#messages.find((m) => m.message_id === messageID && m.state === "refused");
    if (message !== undefined) {
      message.state = "waiting";
      delete message.error;
      this.#changed();
      void this.pump();
    }
  }

  /**
   * Sends again what was acknowledged and has not come: all of it after a reset,
   * or what another entry's number was promised to. An id is taken once, so
   * nothing stands there twice.
   */
  sendAgain(number?: number): void {
    const lost = this.#messages.filter((m) => m.state === "sent" && (number === undefined || m.number === number));
    if (lost.length > 0) {
      lost.forEach((m) => (m.state = "waiting"));
      this.#changed();
      void this.pump();
    }
  }

  /** Forgets a message: it was refused for good, or its entry has come. */
  remove(messageID: string): void {
    const rest = this.#messages.filter((m) => m.message_id !== messageID);
    if (rest.length !== this.#messages.length) {
      this.#become(rest);
    }
  }

  clear(): void {
    this.#become([]);
  }

  /** Sends what waits, unless that is under way. */
  async pump(): Promise<void> {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        try {
          next.number = (await this.#send(next)).number;
          next.state = "sent";
        } catch (error) {
          if (!(error instanceof NextupError) || error.reason === "stopped") {
            return; // the message waits for the next pump
          }
          next.state = "refused";
          next.error = error;
        }
        this.#changed();
      }
    } finally {
      this.#busy = false;
    }
  }

  #next(): OutgoingMessage | undefined {
    return this.#messages.find((m) => m.state === "waiting");
  }

  #become(messages: OutgoingMessage[]): void {
    this.#messages = messages;
    try {
      if (messages.length > 0) {
        this.#storage?.setItem(this.#key, JSON.stringify(messages.map((m) => [m.message_id, m.text, m.type])));
      } else {
        this.#storage?.removeItem(this.#key);
      }
    } catch {
      // full or forbidden: the messages live as long as the page
    }
    this.#changed();
  }

  /** What an earlier page left: all of it is sent again, with the ids that it had. */
  #kept(): OutgoingMessage[] {
    try {
      const kept = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]") as [string, string, MessageFrameType][];
      return kept
        .filter(([id, text, type]) => id && typeof text === "string" && types.includes(type))
        .map(([message_id, text, type]) => ({ message_id, text, type, state: "waiting" }));
    } catch {
      return []; // forbidden, or not ours
    }
  }
}
