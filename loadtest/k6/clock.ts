// Timers that end with the run: one that is left would keep its VU waiting.

import { clearTimeout, setTimeout } from 'k6/timers';

const pending = new Set<number>();

/** later calls then after so many ms, unless the run ends before. */
export function later(ms: number, then: () => void): number {
  const t = setTimeout(() => {
    pending.delete(t);
    then();
  }, ms);
  pending.add(t);
  return t;
}

export function never(t: number): void {
  pending.delete(t);
  clearTimeout(t);
}

/** endTimers forgets all that was to come in this VU. */
export function endTimers(): void {
  for (const t of pending) clearTimeout(t);
  pending.clear();
}
