import type { StorageLike } from "../core/index.ts";

/**
 * Keep remembers small things for the next page: in the tab what is this tab's,
 * in the browser what holds for all tabs. A browser that forbids it gets a
 * memory that ends with the page.
 */
export class Keep {
  readonly tab: StorageLike;
  readonly browser: StorageLike;
  /** The browser forbids it: what is not sent yet does not outlive a reload. */
  readonly blocked: boolean;

  constructor() {
    const tab = usable(() => sessionStorage);
    const browser = usable(() => localStorage);
    this.blocked = tab === undefined;
    this.tab = tab ?? new PageMemory();
    this.browser = browser ?? new PageMemory();
  }
}

/** The storage, where it works: merely touching it may throw. */
function usable(storage: () => Storage): Storage | undefined {
  try {
    const kept = storage();
    const probe = "nextup.probe";
    kept.setItem(probe, probe);
    kept.removeItem(probe);
    return kept;
  } catch {
    return undefined;
  }
}

class PageMemory implements StorageLike {
  readonly #values = new Map<string, string>();

  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#values.set(key, value);
  }

  removeItem(key: string): void {
    this.#values.delete(key);
  }
}

/** Sets a value, or takes it away; a full storage is no fault of the chat's. */
export function put(storage: StorageLike, key: string, value: string | undefined): void {
  try {
    if (value === undefined) {
      storage.removeItem(key);
    } else {
      storage.setItem(key, value);
    }
  } catch {
    // it is not remembered
  }
}
