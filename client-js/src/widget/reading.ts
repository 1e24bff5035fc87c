/** How far a conversation is shown and read. */
export interface Reading {
  ticket: string;
  /** The number from which entries are shown; undefined where the newest are. */
  from: number | undefined;
  /** The end is in sight, and stays there when something comes. */
  atEnd: boolean;
  /** The list is drawn: with atEnd, its end is in sight. */
  endInSight: boolean;
  /** An agent has come and gets what is written. */
  answered: boolean;
  /** A message could not be taken. */
  overflow: boolean;
  /** Puts what is read back to its place when it was drawn. */
  hold?: (() => void) | undefined;
}

/** How a list is read that follows the newest entry. */
export const atNewest = { from: undefined, atEnd: true };

export const untouched: Reading = { ticket: "", ...atNewest, endInSight: false, answered: false, overflow: false };
