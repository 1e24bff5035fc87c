import { isBlank } from "../core/index.ts";

// What could turn the text around a name, break its line or make it invisible, but for what joins
// letters and emoji.
const unruly = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** A name on one line, without what could turn the text around it or hide it; "" where nothing of it can be seen. */
export function plain(name: string): string {
  return isBlank(name) ? "" : name.replace(/\s+/g, " ").replace(unruly, "").trim();
}

/** A text of one line that can stand in any sentence and turns nothing of it around: first strong isolate, and its end. */
export function isolated(text: string): string {
  return `\u2068${plain(text)}\u2069`;
}
