/** What was written and not sent is kept for a conversation, over a reload too. */
const key = (ticket: string) => `nextup.draft.${ticket}`;

export function draftOf(ticket: string): string {
  return sessionStorage.getItem(key(ticket)) ?? "";
}

export function keepDraft(ticket: string, text: string): void {
  if (text === "") {
    sessionStorage.removeItem(key(ticket));
    return;
  }
  try {
    sessionStorage.setItem(key(ticket), text);
  } catch {
    // full: the box still has it
  }
}
