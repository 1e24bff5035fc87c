/** How long a conn that may be gone has to prove that it lives. */
const probeMS = 4_000;

/**
 * Heartbeat finds out that a conn is lost: it sends a frame at every interval,
 * and where nothing is received after two of them the other end is gone.
 */
export class Heartbeat {
  readonly #send: () => void;
  readonly #lost: () => void;
  #everyMS = 0;
  /** Heartbeats sent since anything was received. */
  #silent = 0;
  /** In Date.now, which goes on while a machine sleeps. Where that clock is set, a heartbeat is late or becomes a probe. */
  #dueAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** send sends a heartbeat; lost is called once nothing answers. */
  constructor(send: () => void, lost: () => void) {
    this.#send = send;
    this.#lost = lost;
  }

  start(everyMS: number): void {
    this.#everyMS = everyMS;
    this.#schedule(everyMS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  /** Takes note that something was received. */
  heard(): void {
    this.#silent = 0;
    if (Date.now() >= this.#dueAt) {
      this.#beat(); // the timers of a hidden page come late
    }
  }

  /** Asks whether the conn lives: with no answer within seconds it is lost. */
  probe(): void {
    this.#silent = 2;
    this.#send();
    this.#schedule(probeMS);
  }

  #schedule(waitMS: number): void {
    this.#dueAt = Date.now() + waitMS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#beat(), waitMS);
  }

  #beat(): void {
    if (this.#silent >= 2) {
      this.#lost();
    } else if (Date.now() > this.#dueAt + probeMS) {
      this.probe(); // this machine slept: the conn may be long gone
    } else {
      this.#silent++;
      this.#send();
      this.#schedule(this.#everyMS);
    }
  }
}
