import { pageStorage } from "./settings.ts";

/** What was written and not sent is kept for a conversation, over a reload too. */
const key = (ticket: string) => `nextup.draft.${ticket}`;

export function draftOf(ticket: string): string {
  return pageStorage().tab.getItem(key(ticket)) ?? "";
}

export function keepDraft(ticket: string, text: string): void {
  pageStorage().tab.put(key(ticket), text || undefined);
}
