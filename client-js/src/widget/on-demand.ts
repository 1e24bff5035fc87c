const firstRetryMS = 2_000;
const lastRetryMS = 60_000;

/**
 * OnDemand fetches a module when it is first asked for. A module that did not
 * come is fetched again, later each time and at another address: browsers
 * remember that an address gave no module.
 */
export class OnDemand<T> {
  readonly #load: (again: string) => Promise<T>;
  readonly #changed: (module: T | undefined) => void;
  readonly #report: (error: unknown) => void;
  #module: T | undefined;
  #tries = 0;
  #waiting = false;

  /**
   * load adds again to the module's address. changed is called when the module
   * is there, and when it may be asked for again; report at the first failure.
   */
  constructor(load: (again: string) => Promise<T>, changed: (module: T | undefined) => void, report: (error: unknown) => void) {
    this.#load = load;
    this.#changed = changed;
    this.#report = report;
  }

  /** Reports whether the module did not come when it was fetched last. */
  get failed(): boolean {
    return this.#tries > 0;
  }

  /** Returns the module, or undefined while it is fetched. */
  get(): T | undefined {
    if (this.#module === undefined && !this.#waiting) {
      this.#waiting = true;
      void this.#fetch();
    }
    return this.#module;
  }

  async #fetch(): Promise<void> {
    try {
      this.#module = await this.#load(this.#tries === 0 ? "" : `?${this.#tries}`);
      this.#changed(this.#module);
    } catch (error) {
      if (this.#tries === 0) {
        this.#report(error);
      }
      const waitMS = Math.min(firstRetryMS * 2 ** this.#tries++, lastRetryMS);
      setTimeout(() => {
        this.#waiting = false;
        this.#changed(this.#module);
      }, waitMS);
    }
  }
}
