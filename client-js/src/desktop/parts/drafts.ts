import { kept } from "./kept.ts";

/** What was written and not sent is kept for a conversation, over a reload too. */
const key = (ticket: string) => `nextup.draft.${ticket}`;

export function draftOf(ticket: string): string {
  return kept().tab.getItem(key(ticket)) ?? "";
}

export function keepDraft(ticket: string, text: string): void {
  kept().tab.put(key(ticket), text || undefined);
}
