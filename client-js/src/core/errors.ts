import { CODES, type Code, type ErrorFrame } from "./protocol.gen.ts";

/**
 * Why a request has no good answer: the server refused it, no answer came in
 * time, the connection was stopped for good, or too many requests are under way.
 */
export type FailureReason = "refused" | "timeout" | "stopped" | "overflow";

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
    return this.frame && codeOf(this.frame);
  }
}

export function refused(frame: ErrorFrame): NextupError {
  return new NextupError("refused", frame.message, frame);
}

function codeOf(frame: ErrorFrame): Code {
  return CODES.includes(frame.code) ? frame.code : "internal";
}

/** Says whether the same request may succeed a little later. */
export function passesBy(frame: ErrorFrame): boolean {
  const code = codeOf(frame);
  switch (code) {
    case "busy":
    case "unavailable":
    case "rate_limited":
      return true;
    case "bad_frame":
    case "duplicate_key":
    case "too_deep":
    case "unknown_type":
    case "unknown_field":
    case "missing_field":
    case "bad_field":
    case "hello_first":
    case "bad_token":
    case "token_expired":
    case "wrong_audience":
    case "wrong_site":
    case "forbidden":
    case "unknown_department":
    case "unknown_language":
    case "unknown_ticket":
    case "unknown_offer":
    case "conversation_closed":
    case "id_reused":
    case "queue_full":
    case "too_many":
    case "internal":
      return false;
    default:
      return never(code);
  }
}

/** Makes the compiler prove that a switch names every case. */
export function never(value: never): never {
  throw new Error(`unexpected ${String(value)}`);
}
