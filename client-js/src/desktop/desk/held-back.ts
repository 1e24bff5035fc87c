/** Something that was asked for and is done when its time has come, unless it is taken back. */
export interface HeldAct {
  readonly id: string;
  /** What is about to happen, for people. */
  readonly says: string;
  /** When it is done, of Date.now. */
  readonly untilMS: number;
  readonly act: () => void;
}

/**
 * HeldBack keeps acts of an agent that cannot be undone once the gateway knows
 * them. Each is done when its time is over, at once when the page goes, or not
 * at all. There is at most one act of an id.
 */
export class HeldBack {
  readonly #acts = new Map<string, HeldAct & { readonly timer: ReturnType<typeof setTimeout> }>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Those that are waited for, the oldest first. */
  get acts(): readonly HeldAct[] {
    return [...this.#acts.values()];
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
      this.#acts.set(id, { id, says, untilMS: Date.now() + waitMS, act, timer });
    }
    this.#changed();
  }

  /** Does it now; says nothing where it is not waited for. */
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

  #take(id: string): HeldAct | undefined {
    const held = this.#acts.get(id);
    clearTimeout(held?.timer);
    this.#acts.delete(id);
    return held;
  }
}
