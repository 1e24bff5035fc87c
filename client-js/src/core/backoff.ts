import { CLOSE_BROKEN, CLOSE_INVALID_UTF8, CLOSE_TOO_LARGE } from "./protocol.gen.ts";

const baseMS = 1_000;
const capMS = 30_000;

/**
 * Full jitter from the first retry on: a time drawn evenly from 0 to
 * min(30 s, 1 s · 2^attempt), so that the clients of a lost gateway do not come
 * back together. attempt counts from 0.
 */
export function backoffMS(attempt: number): number {
  return Math.random() * Math.min(capMS, baseMS * 2 ** attempt);
}

/** Reports whether a client reconnects after the server closed with the code. */
export function comesBack(code: number): boolean {
  if (code === CLOSE_BROKEN || code === CLOSE_INVALID_UTF8 || code === CLOSE_TOO_LARGE) {
    return false;
  }
  return code < 4500 || code > 4999;
}

/** The list in an order of this client's own, so that the clients of a lost gateway spread over the others. */
export function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => [Math.random(), item] as const)
    .sort() // as texts, which is as random
    .map(([, item]) => item);
}

/** A random id that needs no secure context: 26 characters, 130 bits. */
export function randomID(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(26)), (byte) => (byte & 31).toString(32)).join("");
}
