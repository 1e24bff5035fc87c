import { NextupError, type Person, type Wait } from "../core/index.ts";
import { isolated, plain } from "../dom/text.ts";
import type { Texts } from "./texts.ts";

/** In minutes, the upper end that stands for any wait of more than an hour. */
const beyond = 120;

/**
 * A wait as words. Minutes are rounded outwards, so that the words never
 * promise less than the numbers say.
 */
export function formatWait(wait: Wait | undefined, texts: Texts): string {
  if (wait === undefined || !wait.known) {
    return texts.waitUnknown;
  }
  const low = Math.floor((wait.low_s ?? 0) / 60);
  const high = Math.max(1, Math.ceil((wait.high_s ?? 0) / 60));
  if (high >= beyond) {
    return texts.waitOver(Math.max(1, low));
  }
  return low === 0 ? texts.waitUnder(high) : texts.waitMinutes(low, high);
}

const longestName = 60;

/**
 * A person's name, or what they are where they have none. It can stand in any
 * sentence: isolated from the text around it, on one line, of bounded length.
 */
export function nameOf(person: Person | undefined, texts: Texts): string {
  const name = plain(person?.name ?? "");
  if (name === "") {
    return texts.agent;
  }
  const characters = Array.from(name);
  const short = characters.length > longestName ? `${characters.slice(0, longestName).join("")}…` : name;
  return isolated(short);
}

/** The first character of a name, as people see characters, for a round picture. */
export function initialOf(name: string): string {
  const shown = plain(name);
  const first = "Segmenter" in Intl ? new Intl.Segmenter().segment(shown)[Symbol.iterator]().next().value?.segment : shown.match(/./u)?.[0];
  return (first ?? "").slice(0, 8).toLocaleUpperCase();
}

/** What languages are called in the language of the page. */
export function formatLanguages(tags: readonly string[], locale: string): string {
  return new Intl.ListFormat(locale, { type: "disjunction" }).format(tags.map((tag) => languageName(tag, locale)));
}

/** The name of a language; the tag itself where the browser has no name for it. */
export function languageName(tag: string, locale = tag): string {
  try {
    return new Intl.DisplayNames([locale], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** A day as people say it: today, yesterday, or its name. */
export function formatDay(ms: number, nowMS: number, locale: string): string {
  const days = Math.round((startOfDay(ms) - startOfDay(nowMS)) / 86_400_000);
  if (days === 0 || days === -1) {
    return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
  }
  return new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }).format(ms);
}

export function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** Cuts a text to so many bytes of UTF-8, between characters. */
export function truncate(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}

/** What went wrong, for a visitor. */
export function explain(error: unknown, texts: Texts): string {
  // Where the gateway gave no reason, its answer did not come.
  const code = error instanceof NextupError ? (error.code ?? "unavailable") : undefined;
  return code === "conversation_closed" ? texts.ended : ((code && texts.refusals[code]) ?? texts.failed);
}
