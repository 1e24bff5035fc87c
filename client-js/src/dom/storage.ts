import type { StorageLike } from "../core/index.ts";

/**
 * PageStorage remembers small things for the next page: in the tab what is this tab's,
 * in the browser what holds for all tabs. What the page has set is the truth as
 * long as the page lives; the storage gets a copy where the browser allows it
 * and has room.
 */
export class PageStorage {
  readonly tab = new CachedStorage(() => sessionStorage);
  readonly browser = new CachedStorage(() => localStorage);

  /** The browser forbids it: what is not sent yet does not outlive a reload. */
  get blocked(): boolean {
    return this.tab.blocked;
  }

  /** Takes away whatever the widget keeps of a person. */
  forget(): void {
    this.tab.forget();
    this.browser.forget();
  }
}

let shared: PageStorage | undefined;

/** The one PageStorage of the page. */
export function pageStorage(): PageStorage {
  return (shared ??= new PageStorage());
}

const probe = "nextup.probe";
// The desk and the pages keep things of their own beside.
const personal = /^nextup\.(draft|outbox|live|dismissed|locale|sound|person)/;

/** A storage that may be full, forbidden, or cleared by others at any time, with a memory in front of it. */
class CachedStorage implements StorageLike {
  readonly #values = new Map<string, string | null>();
  readonly #storage: Storage | undefined;
  readonly blocked: boolean = true;

  constructor(storage: () => Storage) {
    try {
      this.#storage = storage(); // merely touching it may throw
      this.#storage.setItem(probe, probe);
      this.#storage.removeItem(probe);
      this.blocked = false;
    } catch {
      // what is there can perhaps be read all the same
    }
    // What another tab sets holds for this one too.
    globalThis.addEventListener?.("storage", ({ key, newValue, storageArea }) => {
      if (key !== null && storageArea === this.#storage) {
        this.#values.set(key, newValue);
      }
    });
  }

  getItem(key: string): string | null {
    let value = this.#values.get(key);
    if (value === undefined) {
      try {
        value = this.#storage?.getItem(key);
      } catch {
        // forbidden by now
      }
      this.#values.set(key, (value ??= null));
    }
    return value;
  }

  setItem(key: string, value: string): void {
    this.#set(key, value);
  }

  removeItem(key: string): void {
    this.#set(key, null);
  }

  /** Sets a value, or takes it away where it is undefined. */
  put(key: string, value: string | undefined): void {
    this.#set(key, value ?? null);
  }

  /** Takes away whatever the widget keeps of a person. */
  forget(): void {
    let stored: string[] = [];
    try {
      stored = Object.keys(this.#storage ?? {});
    } catch {
      // forbidden by now
    }
    for (const key of [...stored, ...this.#values.keys()]) {
      if (personal.test(key)) {
        this.#set(key, null);
      }
    }
  }

  #set(key: string, value: string | null): void {
    this.#values.set(key, value);
    try {
      if (value === null) {
        this.#storage?.removeItem(key);
      } else {
        this.#storage?.setItem(key, value);
      }
    } catch {
      // full or forbidden: the page remembers it
    }
  }
}
