// One person's copy of a conversation, and the checks of what must never happen in it.
// A message carries its sender's count, the time at which it was sent and the fencing
// token under which an agent wrote it, so that each copy can be judged alone.
import type { EntryFrame } from '../../client-js/src/core/protocol.gen.ts';
import { count, times, invariants } from './metrics.ts';

/** write makes the text of a message. */
export function write(n: number, token: number, prose: string): string {
  return `${n} ${Date.now()} ${token} ${prose}`;
}

function parse(text: string): { n: number; at: number; token: number } {
  const [n, at, token] = text.split(' ', 3);
  return { n: Number(n), at: Number(at), token: Number(token) };
}

/**
 * Every loss is counted once: an acknowledged message that is not in the conversation
 * by its sender, an entry that was not delivered by the reader who missed it. What the
 * visitor, who reads everything, can see as well is counted by the visitor alone.
 */
export class Conversation {
  last = 0;
  lastAt = 0;
  over = false;
  private reopened = false;
  /** messages that were sent before are history: their age is not measured */
  private opened = Date.now();
  private acknowledged = new Map<number, string>();
  private acknowledgedAt = 0;
  private mine = new Map<number, string>();
  private ids = new Set<string>();
  /** of each sender, the newest message that was seen */
  private newest = new Map<string, { n: number; token: number }>();
  private member = '';
  private reported = '';

  constructor(
    private me: string,
    private visitor: boolean,
    private level: string,
  ) {}

  /** reopen notes that delivery begins anew after the last entry. */
  reopen(): void {
    this.reopened = true;
    this.opened = Date.now();
  }

  reset(): void {
    this.last = 0;
    this.lastAt = 0;
    this.mine.clear();
    this.ids.clear();
    this.newest.clear();
  }

  /** acknowledge notes the number of an own message. */
  acknowledge(number: number, id: string): void {
    const before = this.acknowledged.get(number);
    const seen = this.mine.get(number);
    if ((before && before !== id) || (number <= this.last && seen !== id)) invariants.messageLost.add(1);
    if (number <= this.last) return;
    this.acknowledged.set(number, id);
    this.acknowledgedAt = Date.now();
  }

  /** entry takes the next entry and reports whether it is new. */
  entry(e: EntryFrame): boolean {
    if (e.number <= this.last) {
      if (!this.reopened) invariants.messageDoubled.add(1);
      return false;
    }
    if (e.number > this.last + 1) invariants.messageLost.add(e.number - this.last - 1);
    this.reopened = false;
    this.last = e.number;
    this.lastAt = e.at_ms;
    const expected = this.acknowledged.get(e.number);
    this.acknowledged.delete(e.number);
    if (expected && expected !== e.message_id) invariants.messageLost.add(1);
    const from = e.from ? `${e.from.role} ${e.from.id}` : '';
    switch (e.kind) {
      case 'message':
        this.message(e, from);
        break;
      case 'member':
        if (from.startsWith('agent')) this.member = from;
        break;
      case 'closed':
        this.over = true;
        if (this.acknowledged.size > 0) invariants.messageLost.add(this.acknowledged.size);
        this.acknowledged.clear();
        break;
      default:
        break;
    }
    return true;
  }

  /** finish ends the run: what was acknowledged long ago has come, or is lost. */
  finish(): void {
    if (Date.now() - this.acknowledgedAt > 3000 && Date.now() - this.opened > 3000) invariants.messageLost.add(this.acknowledged.size);
    this.acknowledged.clear();
  }

  private message(e: EntryFrame, from: string): void {
    const { n, at, token } = parse(e.text ?? '');
    if (from === this.me) {
      this.mine.set(e.number, e.message_id ?? '');
    } else {
      count.received.add(1);
      if (at >= this.opened) times.messageReceived.add(Date.now() - at, this.level ? { level: this.level } : {});
    }
    if (!this.visitor) return;
    const id = `${from} ${e.message_id}`;
    // An agent who gets a ticket again counts anew, under a later token.
    const before = this.newest.get(from) ?? { n: 0, token: 0 };
    const older = token < before.token || (token === before.token && n < before.n);
    if (this.ids.has(id)) invariants.messageDoubled.add(1);
    else if (older) invariants.messageOutOfOrder.add(1);
    this.ids.add(id);
    if (!older) this.newest.set(from, { n, token });
    // Once for each assignment that another agent writes into.
    if (from.startsWith('agent') && this.member !== '' && from !== this.member && this.reported !== this.member) {
      this.reported = this.member;
      invariants.foreignAnswer.add(1);
    }
  }
}
