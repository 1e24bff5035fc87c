import type { EntryFrame } from "../core/index.ts";

/** Rows drawn while the list follows the newest entry, and at most. */
const following = 60;
const most = 200;
/** By how many rows the stretch moves on. */
const step = 60;

/** The entries of a conversation that are drawn: as many as can be read around one place, however many there are. */
export interface ListWindow {
  shown: readonly EntryFrame[];
  /** There are others before them, and after them. */
  earlier: boolean;
  later: boolean;
}

/** Returns the entries from a number on; those up to the newest without one, or where it is gone with a log that was replaced. */
export function listWindow(entries: readonly EntryFrame[], isShown: (entry: EntryFrame) => boolean, from?: number): ListWindow {
  if (from === undefined || from > (entries.at(-1)?.number ?? 0)) {
    const shown = back(entries, isShown, entries.length, following + 1);
    return { shown: shown.slice(-following), earlier: shown.length > following, later: false };
  }
  const start = indexOf(entries, from);
  const shown: EntryFrame[] = [];
  let later = false;
  for (let i = start; i < entries.length && !later; i++) {
    const entry = entries[i];
    if (entry !== undefined && isShown(entry)) {
      later = shown.length === most;
      if (!later) {
        shown.push(entry);
      }
    }
  }
  return { shown, earlier: back(entries, isShown, start, 1).length > 0, later };
}

/** The number from which the stretch is drawn once it has moved on, towards the newest entry or away from it. */
export function moved(entries: readonly EntryFrame[], isShown: (entry: EntryFrame) => boolean, from: number, onwards: boolean): number {
  if (onwards) {
    return listWindow(entries, isShown, from).shown[step]?.number ?? from;
  }
  return back(entries, isShown, indexOf(entries, from), step)[0]?.number ?? from;
}

/** The last count entries that are shown before an index. */
function back(entries: readonly EntryFrame[], isShown: (entry: EntryFrame) => boolean, end: number, count: number): EntryFrame[] {
  const found: EntryFrame[] = [];
  for (let i = end - 1; i >= 0 && found.length < count; i--) {
    const entry = entries[i];
    if (entry !== undefined && isShown(entry)) {
      found.push(entry);
    }
  }
  return found.reverse();
}

/** Numbers rise by one, and old entries may be gone. */
function indexOf(entries: readonly EntryFrame[], number: number): number {
  return Math.max(0, number - (entries[0]?.number ?? 0));
}

/** What a list has to do when it was scrolled. */
export type Scrolled = "end" | "earlier" | "later" | "stay";

export function scrollAction({ scrollHeight, scrollTop, clientHeight }: Element, { earlier, later }: ListWindow): Scrolled {
  const below = scrollHeight - scrollTop - clientHeight;
  if (below < 40 && !later) {
    return "end";
  }
  if (scrollTop < clientHeight && earlier) {
    return "earlier";
  }
  return below < clientHeight && later ? "later" : "stay";
}

/** Scrolls the list of a button in it to its first row, where the button stands, and returns the list. */
export function scrollToTop(button: Element): Element | null {
  const list = button.closest(".entries");
  list?.scrollTo(0, 0);
  return list;
}

/** Notes which row is read, and returns a function that puts it back to its place when others have come or gone before it. */
export function keepPosition(list: Element): () => void {
  const { top } = list.getBoundingClientRect();
  const row = [...list.querySelectorAll("[data-number]")].find((r) => r.getBoundingClientRect().bottom > top);
  const before = row?.getBoundingClientRect().top ?? 0;
  return () => {
    if (row?.isConnected === true) {
      list.scrollTop += row.getBoundingClientRect().top - before;
    }
  };
}
