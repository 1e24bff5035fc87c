// Timers that end with the run: a pending one would keep its VU waiting.

import { clearTimeout, setTimeout } from 'k6/timers';

const pending = new Set<number>();

/** later calls then after that many ms, unless the run ends before. */
export function later(ms: number, then: () => void): number {
  const t = setTimeout(() => {
    pending.delete(t);
    then();
  }, ms);
  pending.add(t);
  return t;
}

export function cancel(t: number): void {
  pending.delete(t);
  clearTimeout(t);
}

/** endTimers cancels all pending timers of this VU. */
export function endTimers(): void {
  for (const t of pending) clearTimeout(t);
  pending.clear();
}
