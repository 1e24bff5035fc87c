import { CODES, type Code, type ErrorFrame } from "./protocol.gen.ts";

/**
 * Why a request has no good answer: the server refused it, no answer came in
 * time, the connection was stopped for good, too many requests are under way or
 * a text is too long, or there is nothing to be seen of it.
 */
export type FailureReason = "refused" | "timeout" | "stopped" | "overflow" | "blank";

/** NextupError rejects a request. */
export class NextupError extends Error {
  override readonly name = "NextupError";
  readonly reason: FailureReason;
  /** The server's answer where reason is "refused". */
  readonly frame: ErrorFrame | undefined;

  constructor(reason: FailureReason, message: string, frame?: ErrorFrame) {
    super(message);
    this.reason = reason;
    this.frame = frame;
  }

  /** The server's code; a code that this client does not know counts as internal. */
  get code(): Code | undefined {
    const code = this.frame?.code;
    return code && (CODES.includes(code) ? code : "internal");
  }
}

export function refused(frame: ErrorFrame): NextupError {
  return new NextupError("refused", frame.message, frame);
}

const passing: readonly Code[] = ["busy", "unavailable", "rate_limited"];

/** Reports whether the same request may succeed a little later. */
export function passesBy(frame: ErrorFrame): boolean {
  return passing.includes(frame.code);
}

/** What was thrown, as an Error whatever it was. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Makes the compiler prove that a switch names every case. */
export function never(value: never): never {
  throw new Error(`unexpected ${String(value)}`);
}

/** Makes the compiler prove the same where a newer server may send cases that this client does not know. */
export function ignoreNewer(_value: never): void {}
