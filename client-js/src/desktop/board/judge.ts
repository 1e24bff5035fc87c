import type { BoardAgent, BoardQueue, BoardTruthBand } from "../../core/index.ts";

/** Waits judged before their truth is worth saying. */
export const enough = 10;

/** Reports whether an agent is present and has no room for one more conversation. */
export function full({ status, lost, load, capacity }: BoardAgent): boolean {
  return status === "available" && lost !== true && load >= capacity;
}

/** How often the waits that were shown came true, over all queues; undefined while too few were judged. */
export function truthOf(queues: readonly BoardQueue[]): { judged: number; share: number | undefined } {
  const judged = queues.reduce((sum, { truth }) => sum + (truth?.judged ?? 0), 0);
  const inside = queues.reduce((sum, { truth }) => sum + (truth?.inside ?? 0), 0);
  return { judged, share: judged < enough ? undefined : inside / judged };
}

/** The places in line of a band: 1, 2–5, 101+. */
export function placesOf({ from, to }: BoardTruthBand): string {
  if (to === undefined) {
    return `${from}+`;
  }
  return from === to ? String(from) : `${from}–${to}`;
}

/** Reports whether the waits of a band came true so seldom that an operator is called. */
export function untrue({ judged, inside }: BoardTruthBand): boolean {
  return judged >= enough && inside / judged < 0.6;
}
