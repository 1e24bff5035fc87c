/** Something that was asked for and is done when its time has come, unless it is taken back. */
export interface HeldAct {
  readonly id: string;
  /** What is about to happen, for people. */
  readonly says: string;
  /** How long until it is done, in milliseconds. */
  readonly leftMS: number;
  readonly act: () => void;
}

/**
 * HeldBack keeps acts of an agent that cannot be undone once the gateway knows
 * them. Each is done when its time is over, at once when the page goes, or not
 * at all. There is at most one act of an id.
 */
export class HeldBack {
  readonly #acts = new Map<string, Omit<HeldAct, "leftMS"> & { readonly untilMS: number; readonly timer: ReturnType<typeof setTimeout> }>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Those that are waited for, the oldest first. */
  get acts(): readonly HeldAct[] {
    const now = performance.now();
    return [...this.#acts.values()].map(({ id, says, act, untilMS }) => ({ id, says, act, leftMS: untilMS - now }));
  }

  has(id: string): boolean {
    return this.#acts.has(id);
  }

  add(id: string, says: string, waitMS: number, act: () => void): void {
    this.#take(id);
    if (waitMS <= 0) {
      act();
    } else {
      const timer = setTimeout(() => this.now(id), waitMS);
      this.#acts.set(id, { id, says, untilMS: performance.now() + waitMS, act, timer });
    }
    this.#changed();
  }

  /** Does an act now; does nothing where it is not waited for. */
  now(id: string): void {
    const act = this.#take(id)?.act;
    if (act !== undefined) {
      act();
      this.#changed();
    }
  }

  takeBack(id: string): void {
    if (this.#take(id) !== undefined) {
      this.#changed();
    }
  }

  /** Does all of them now, since there is no later. */
  flush(): void {
    this.acts.forEach(({ id }) => this.now(id));
  }

  #take(id: string) {
    const held = this.#acts.get(id);
    clearTimeout(held?.timer);
    this.#acts.delete(id);
    return held;
  }
}
