import type { EntryFrame } from "../../core/index.ts";

interface Wait {
  /** The newest entry that was looked at. */
  newest: EntryFrame | undefined;
  since: number | undefined;
}

const waits = new WeakMap<readonly EntryFrame[], Wait>();

/**
 * Since when the visitor waits for an answer, in Unix milliseconds, or undefined
 * where they do not. It looks at each entry of a conversation once.
 */
export function waitingSince(entries: readonly EntryFrame[]): number | undefined {
  let { newest, since } = waits.get(entries) ?? { newest: undefined, since: undefined };
  let i = newest === undefined ? -1 : newest.number - (entries[0]?.number ?? 0);
  if (newest === undefined || entries[i] !== newest) {
    i = -1; // nothing was looked at, or another log took the place of that one
    since = undefined;
  }
  for (const entry of entries.slice(i + 1)) {
    if (entry.kind === "message") {
      since = entry.from?.role === "visitor" ? (since ?? entry.at_ms) : undefined;
    }
    newest = entry;
  }
  waits.set(entries, { newest, since });
  return since;
}

/** How urgent a wait for an answer looks: from a minute on, and from three. */
export function pressing(waitedMS: number): "calm" | "soon" | "late" {
  if (waitedMS < 60_000) {
    return "calm";
  }
  return waitedMS < 180_000 ? "soon" : "late";
}
