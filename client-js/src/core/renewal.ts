import { asError } from "./errors.ts";

const marginMS = 60_000;
const longestTimerMS = 2 ** 31 - 1;

export interface RenewalOptions {
  /** Gives a new token. */
  token: () => string | Promise<string>;
  /** The log's time, in which expiries count. */
  now: () => number;
  /** Hands the token in and returns its expiry. */
  renew: (token: string) => Promise<number>;
  failed: (error: Error) => void;
}

/**
 * Renewal replaces the token of an open conn a minute before it expires (or at
 * half of its life, where that is later), and tries again while it lives.
 */
export class Renewal {
  readonly #options: RenewalOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Rises with every start and stop, so that a late answer changes nothing. */
  #generation = 0;
  #expiresAt = 0;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  start(expiresAtMS: number): void {
    this.stop();
    this.#expiresAt = expiresAtMS;
    const life = this.#life();
    this.#schedule(Math.max(life - marginMS, life / 2));
  }

  /** Replaces the token now. */
  renew(): void {
    this.stop();
    void this.#run();
  }

  stop(): void {
    this.#generation++;
    clearTimeout(this.#timer);
  }

  #life(): number {
    return this.#expiresAt - this.#options.now();
  }

  #schedule(waitMS: number): void {
    this.#timer = setTimeout(() => void this.#run(), Math.min(waitMS, longestTimerMS)); // too early harms nothing
  }

  async #run(): Promise<void> {
    const generation = this.#generation;
    try {
      const token = await this.#options.token();
      if (generation !== this.#generation) {
        return;
      }
      const expiresAt = await this.#options.renew(token);
      if (generation === this.#generation) {
        this.start(expiresAt);
      }
    } catch (error) {
      if (generation === this.#generation) {
        this.#options.failed(asError(error));
        this.#schedule(Math.max(this.#life() / 2, 1_000));
      }
    }
  }
}
