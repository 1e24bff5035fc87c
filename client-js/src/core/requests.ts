import { backoffMS, randomID } from "./backoff.ts";
import { NextupError, passesBy, refused } from "./errors.ts";
import type { ClientFrame, ErrorFrame, HeartbeatFrame, HelloFrame, OKFrame, TypingFrame } from "./protocol.gen.ts";

type WithoutID<F> = F extends unknown ? Omit<F, "id"> : never;

/** A frame that is answered, before it gets its id. */
export type RequestFrame = WithoutID<Exclude<ClientFrame, HelloFrame | TypingFrame | HeartbeatFrame>>;

export interface RequestOptions {
  /** How long to wait for an answer, over all reconnects; without it 20 s, with Infinity for ever. */
  timeoutMS?: number;
  /** Send the same frame again after a reconnect. On by default: every request may be repeated. */
  resend?: boolean;
}

interface Pending {
  readonly frame: ClientFrame;
  readonly resend: boolean;
  readonly resolve: (answer: OKFrame) => void;
  readonly reject: (error: NextupError) => void;
  attempt: number;
  deadline: ReturnType<typeof setTimeout> | undefined;
  /** Set while the request waits to be sent again. */
  again: ReturnType<typeof setTimeout> | undefined;
  /** Why it was not taken so far. */
  refusal: NextupError | undefined;
}

const limit = 200;
/** When what was held back is tried all the same. */
const heldMS = 1_000;

/**
 * Requests matches answers to requests by their id and keeps what has no answer
 * yet, across reconnects, with the same id: the server recognises a repetition.
 */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #transmit: (frame: ClientFrame) => void;
  readonly #prefix = randomID();
  #count = 0;
  #held = false;
  #later: ReturnType<typeof setTimeout> | undefined;

  /** transmit sends when the connection is open and does nothing when it is not. */
  constructor(transmit: (frame: ClientFrame) => void) {
    this.#transmit = transmit;
  }

  nextID(): string {
    return `${this.#prefix}-${++this.#count}`;
  }

  add(frame: RequestFrame, { timeoutMS = 20_000, resend = true }: RequestOptions): Promise<OKFrame> {
    if (this.#pending.size >= limit) {
      return Promise.reject(new NextupError("overflow", `More than ${limit} requests wait for an answer.`));
    }
    const id = this.nextID();
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        frame: { ...frame, id },
        resend,
        resolve,
        reject,
        attempt: 0,
        deadline: undefined,
        again: undefined,
        refusal: undefined,
      };
      if (timeoutMS !== Infinity) {
        pending.deadline = setTimeout(() => {
          const late = new NextupError("timeout", "The server did not answer in time.");
          this.#take(id)?.reject(pending.refusal ?? late);
        }, timeoutMS);
      }
      this.#pending.set(id, pending);
      if (this.#held && frame.type !== "renew") {
        this.#again(pending, heldMS);
      } else {
        this.#transmit(pending.frame);
      }
    });
  }

  /** The log is away: what comes now would be refused, so it waits for release. */
  hold(): void {
    this.#held = true;
  }

  /** The log is back: send soon what waits to be sent again, not all clients at once. */
  release(): void {
    this.#held = false;
    for (const pending of this.#pending.values()) {
      if (pending.again !== undefined) {
        pending.attempt = 0;
        this.#again(pending, 0);
      }
    }
  }

  /** Says whether the answer was to a request that is still waited for. */
  answer(frame: OKFrame | ErrorFrame): boolean {
    const pending = frame.id === undefined ? undefined : this.#pending.get(frame.id);
    if (pending === undefined || frame.id === undefined) {
      return false;
    }
    if (frame.type === "error" && passesBy(frame)) {
      pending.refusal = refused(frame);
      this.#again(pending, frame.retry_after_ms ?? 500);
      return true;
    }
    this.#take(frame.id);
    if (frame.type === "error") {
      pending.reject(refused(frame));
    } else {
      pending.resolve(frame);
    }
    return true;
  }

  /** Some requests were dropped unread, nobody knows which: send all again later. */
  resendLater(waitMS: number): void {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.resendAll(), waitMS + backoffMS(0));
  }

  /** The connection is open again: send what has no answer, in order. */
  resendAll(): void {
    for (const pending of this.#pending.values()) {
      this.#now(pending);
    }
  }

  /** The connection was lost: give up what must not be sent again. */
  lost(): void {
    clearTimeout(this.#later);
    this.#held = false;
    for (const [id, pending] of this.#pending) {
      clearTimeout(pending.again);
      if (!pending.resend) {
        this.#take(id)?.reject(new NextupError("timeout", "The connection was lost."));
      }
    }
  }

  rejectAll(error: NextupError): void {
    for (const id of this.#pending.keys()) {
      this.#take(id)?.reject(error);
    }
  }

  #again(pending: Pending, waitMS: number): void {
    clearTimeout(pending.again);
    pending.again = setTimeout(() => this.#now(pending), waitMS + backoffMS(pending.attempt++));
  }

  #now(pending: Pending): void {
    clearTimeout(pending.again);
    pending.again = undefined;
    this.#transmit(pending.frame);
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending !== undefined) {
      clearTimeout(pending.deadline);
      clearTimeout(pending.again);
      this.#pending.delete(id);
    }
    return pending;
  }
}
