const loneSurrogate = /\p{Cs}/gu;

// Spaces, controls and what draws nothing, decided by properties of Unicode. The gateway decides by the
// same: both are held to gateway/protocol/testdata/invisible.json.
const invisible = /^[\p{White_Space}\p{DI}\p{Cc}\u2800\ufff9-\ufffb\u{1d159}]*$/u;

/** Replaces half of a surrogate pair, which has no UTF-8, by the replacement character. */
export function wellFormed(text: string): string {
  return text.replace(loneSurrogate, "\ufffd");
}

/** Whether nothing of a text can be seen: the gateway refuses it as a message. */
export function isBlank(text: string): boolean {
  return invisible.test(text);
}
