import { backoffMS, randomID } from "./backoff.ts";
import { NextupError, passesBy, refused } from "./errors.ts";
import type { ClientFrame, ErrorFrame, HeartbeatFrame, HelloFrame, OKFrame, TypingFrame } from "./protocol.gen.ts";

/** Members that may be left out may be undefined too: neither is written into a frame. */
type WithoutID<F> = F extends unknown ? { [K in keyof Omit<F, "id">]: object extends Pick<F, K> ? F[K] | undefined : F[K] } : never;

/** A frame that is answered, before it gets its id. */
export type RequestFrame = WithoutID<Exclude<ClientFrame, HelloFrame | TypingFrame | HeartbeatFrame>>;

export interface RequestOptions {
  /** How long to wait for an answer, over all reconnects, at most 10 min; without it 20 s. */
  timeoutMS?: number;
  /** The time runs only while an answer is due: the request waits for a lost connection, for the log, or for what passes by, as long as that takes. */
  patient?: boolean;
  /** Send the same frame again after a reconnect. On by default: every request may be repeated. */
  resend?: boolean;
}

interface Pending extends Required<RequestOptions> {
  readonly id: string;
  readonly frame: ClientFrame;
  readonly resolve: (answer: OKFrame) => void;
  readonly reject: (error: NextupError) => void;
  attempt: number;
  deadline?: ReturnType<typeof setTimeout> | undefined;
  /** Set while the request waits to be sent again. */
  again?: ReturnType<typeof setTimeout> | undefined;
  /** Why it was not taken so far. */
  refusal?: NextupError;
}

const limit = 200;
const longestMS = 600_000;
/** When what was held back is tried all the same. */
const heldMS = 1_000;

/**
 * Requests matches answers to requests by their id and keeps what has no answer
 * yet, across reconnects, with the same id: the server recognises a repetition.
 */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #transmit: (frame: ClientFrame) => boolean;
  readonly #prefix = randomID();
  #count = 0;
  #held = false;
  #later: ReturnType<typeof setTimeout> | undefined;

  /** transmit sends when the connection is open, and returns false when it is not. */
  constructor(transmit: (frame: ClientFrame) => boolean) {
    this.#transmit = transmit;
  }

  nextID(): string {
    return `${this.#prefix}-${++this.#count}`;
  }

  add(frame: RequestFrame, { timeoutMS = 20_000, resend = true, patient = false }: RequestOptions): Promise<OKFrame> {
    if (this.#pending.size >= limit) {
      return Promise.reject(new NextupError("overflow", `More than ${limit} requests wait.`));
    }
    const id = this.nextID();
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        id,
        frame: { id, ...frame } as ClientFrame, // the id first: a refusal can name it, whatever is wrong after it
        resend,
        patient,
        timeoutMS: Math.min(timeoutMS, longestMS),
        resolve,
        reject,
        attempt: 0,
      };
      this.#pending.set(id, pending);
      if (!patient) {
        this.#limit(pending);
      }
      if (this.#held && frame.type !== "renew") {
        this.#again(pending, heldMS);
      } else {
        this.#now(pending);
      }
    });
  }

  /** The log is away: what comes now would be refused, so it waits for release. */
  hold(): void {
    this.#held = true;
    this.#pending.forEach(pause);
  }

  /** The log is back: send soon what waits to be sent again, not all clients at once. */
  release(): void {
    this.#held = false;
    for (const pending of this.#pending.values()) {
      if (pending.again !== undefined) {
        pending.attempt = 0;
        this.#again(pending, 0);
      } else if (pending.patient) {
        this.#limit(pending);
      }
    }
  }

  /** Takes an answer; reports whether a request was waiting for it. */
  answer(frame: OKFrame | ErrorFrame): boolean {
    const pending = this.#pending.get(frame.id ?? "");
    if (pending === undefined) {
      return false;
    }
    if (frame.type === "error" && passesBy(frame)) {
      pending.refusal = refused(frame);
      pause(pending); // it was answered
      this.#again(pending, frame.retry_after_ms ?? 500);
      return true;
    }
    this.#take(pending.id);
    if (frame.type === "error") {
      pending.reject(refused(frame));
    } else {
      pending.resolve(frame);
    }
    return true;
  }

  /** Sends all requests again later: the server dropped some unread and did not tell which. */
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
    this.#pending.forEach(pause);
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
    if (this.#transmit(pending.frame) && pending.patient && !this.#held) {
      this.#limit(pending);
    }
  }

  #limit(pending: Pending): void {
    const { id, frame, timeoutMS } = pending;
    pending.deadline ??= setTimeout(() => {
      const late = `The server did not answer ${frame.type} within ${timeoutMS / 1_000} s.`;
      this.#take(id)?.reject(pending.refusal ?? new NextupError("timeout", late));
    }, timeoutMS);
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

/** The server cannot answer now, or has answered: the time of a patient request does not run. */
function pause(pending: Pending): void {
  if (pending.patient) {
    clearTimeout(pending.deadline);
    pending.deadline = undefined;
  }
}
