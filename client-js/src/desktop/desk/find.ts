import type { Conversation, DeskTicket, EntryFrame } from "../../core/index.ts";
import { nameOf, topicOf } from "../parts/people.tsx";
import { plain } from "../../dom/text.ts";

/** A conversation to look in. */
export interface Searched<T extends DeskTicket = DeskTicket> {
  readonly ticket: T;
  readonly conversation: Conversation | undefined;
}

/** Where the words were found: the entry, or the ticket itself. */
interface Found<T extends DeskTicket = DeskTicket> {
  readonly ticket: T;
  readonly entry: EntryFrame | undefined;
  /** The text around the words: before, the words, after. */
  readonly excerpt: readonly [string, string, string];
}

const around = 40;
const most = 40;

/** The newest places with the words in them, at most three of each conversation. */
export function find<T extends DeskTicket>(all: readonly Searched<T>[], words: string): readonly Found<T>[] {
  const wanted = fold(words.trim());
  if (wanted === "") {
    return [];
  }
  return all
    .flatMap(({ ticket, conversation }) => {
      const places: Found<T>[] = [];
      const about = `${nameOf(ticket.visitor)} · ${topicOf(ticket)}`;
      if (fold(about).includes(wanted)) {
        places.push({ ticket, entry: undefined, excerpt: excerptOf(about, wanted) });
      }
      for (const entry of [...(conversation?.entries ?? [])].reverse()) {
        if (places.length === 3) {
          break;
        }
        const text = plain(entry.text ?? "");
        if (fold(text).includes(wanted)) {
          places.push({ ticket, entry, excerpt: excerptOf(text, wanted) });
        }
      }
      return places;
    })
    .slice(0, most);
}

/** Case does not count, nor do accents that are written apart from their letter. */
function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

function excerptOf(text: string, wanted: string): [string, string, string] {
  const from = fold(text).indexOf(wanted);
  const to = from + wanted.length;
  const before = text.slice(Math.max(0, from - around), from);
  return [(from > around ? "…" : "") + before, text.slice(from, to), text.slice(to, to + around) + (text.length > to + around ? "…" : "")];
}
