import type { EntryFrame } from "../../core/index.ts";

/** Since when the visitor waits for an answer, in Unix milliseconds, or undefined where they do not. */
export function waitingSince(entries: readonly EntryFrame[]): number | undefined {
  let since: number | undefined;
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i];
    if (entry?.kind === "message") {
      if (entry.from?.role !== "visitor") {
        break;
      }
      since = entry.at_ms;
    }
  }
  return since;
}

/** How urgent a wait for an answer looks: from a minute on, and from three. */
export function pressing(waitedMS: number): "calm" | "soon" | "late" {
  if (waitedMS < 60_000) {
    return "calm";
  }
  return waitedMS < 180_000 ? "soon" : "late";
}
