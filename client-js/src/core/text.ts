import type { ClientFrame } from "./protocol.gen.ts";

// Spaces, controls and what draws nothing, decided by properties of Unicode. The gateway decides by the
// same: both are held to gateway/protocol/testdata/invisible.json.
const invisible = /^[\p{White_Space}\p{DI}\p{Cc}\u2800\ufff9-\ufffb\u{1d159}]*$/u;

/** Returns the text with the replacement character for each half of a surrogate pair. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}

/** Writes a frame. Whatever people wrote into it, it is UTF-8. */
export function encode(frame: ClientFrame): string {
  return JSON.stringify(frame, (_, value: unknown) => (typeof value === "string" ? wellFormed(value) : value));
}

/** Reports whether nothing of a text can be seen: the gateway refuses such a message. */
export function isBlank(text: string): boolean {
  return invisible.test(text);
}
