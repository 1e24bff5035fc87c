import type { Wait } from "../core/index.ts";
import { tokenOf, type Config } from "./config.ts";

/** A row of GET /v1/queues. */
export interface QueueRow {
  department: string;
  language: string;
  size: number;
  agents_with_room: number;
  wait: Wait;
  unattended?: boolean;
}

const everyMS = 5_000;

/** Estimates asks what joining now would mean, for as long as the visitor may join. */
export class Estimates {
  rows: QueueRow[] = [];
  readonly #changed: () => void;
  #asking: Config | undefined;
  #token: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Asks for the page, or with undefined no more. */
  follow(config: Config | undefined): void {
    const begins = config !== undefined && this.#asking === undefined;
    this.#asking = config;
    if (begins) {
      void this.#ask();
    } else if (config === undefined) {
      clearTimeout(this.#timer);
      this.rows = [];
    }
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#asking === undefined || typeof this.#asking.gateway === "string") {
      return;
    }
    let rows: QueueRow[] = []; // no estimate is better than an old one
    try {
      this.#token ??= await tokenOf(this.#asking);
      const headers = { Authorization: `Bearer ${this.#token}` };
      const answer = await fetch(this.#asking.gateway.queues, { headers, signal: AbortSignal.timeout(everyMS) });
      if (answer.ok) {
        rows = (await answer.json()) as QueueRow[];
      } else {
        this.#token = undefined; // it may have expired
      }
    } catch {
      // away: the connection shows that
    }
    if (this.#asking !== undefined) {
      this.rows = rows;
      this.#changed();
      this.#timer = setTimeout(() => void this.#ask(), everyMS);
    }
  }
}
