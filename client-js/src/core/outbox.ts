import { randomID } from "./backoff.ts";
import { NextupError } from "./errors.ts";
import { MAX_TEXT_BYTES, type OKFrame } from "./protocol.gen.ts";

/** A message of one's own that is not an entry of the conversation yet. */
export interface OutgoingMessage {
  readonly message_id: string;
  readonly text: string;
  /** sent: acknowledged, its entry has not come yet. refused: see error; retry or discard it. */
  state: "waiting" | "sent" | "refused";
  error?: NextupError;
}

const limit = 100;

/**
 * Outbox sends messages one after the other, so that they stay in order, and
 * keeps each with its message id until its entry has come.
 */
export class Outbox {
  readonly #send: (message: OutgoingMessage) => Promise<OKFrame>;
  readonly #changed: () => void;
  #messages: OutgoingMessage[] = [];
  #busy = false;

  constructor(send: (message: OutgoingMessage) => Promise<OKFrame>, changed: () => void) {
    this.#send = send;
    this.#changed = changed;
  }

  get messages(): readonly OutgoingMessage[] {
    return this.#messages;
  }

  /** Returns the message's id; throws a NextupError when the text cannot ever be sent. */
  add(text: string): string {
    const bytes = new TextEncoder().encode(text).length;
    if (bytes === 0 || bytes > MAX_TEXT_BYTES) {
      throw new NextupError("overflow", `A message has 1 to ${MAX_TEXT_BYTES} bytes; this one has ${bytes}.`);
    }
    if (this.#messages.length >= limit) {
      throw new NextupError("overflow", `More than ${limit} messages wait to be sent.`);
    }
    const message: OutgoingMessage = { message_id: randomID(), text, state: "waiting" };
    this.#messages = [...this.#messages, message];
    this.#changed();
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

  /** Forgets a message: it was refused for good, or its entry has come. */
  remove(messageID: string): void {
    const rest = this.#messages.filter((m) => m.message_id !== messageID);
    if (rest.length !== this.#messages.length) {
      this.#messages = rest;
      this.#changed();
    }
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
          await this.#send(next);
          next.state = "sent";
        } catch (error) {
          if (!(error instanceof NextupError) || error.reason !== "refused") {
            return; // the connection was stopped: the message waits for the next pump
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
}
