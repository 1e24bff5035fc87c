import type { PageStorage } from "../dom/storage.ts";

const mark = "nextup.person";

/** What a tab tells the others of its page's origin. */
interface Said {
  person: string;
  here: boolean;
}

/**
 * Tabs keeps apart what is stored of two people that use one browser, and tells
 * the other tabs which person begins and which signs out. A person is a digest, in
 * the storage and between tabs, since an id is private.
 */
export class Tabs {
  readonly #storage: PageStorage;
  readonly #channel: BroadcastChannel | undefined;
  #person = "";

  /** another: a tab of this browser has another person; none: this one has signed out there. */
  constructor(storage: PageStorage, { another, none }: { another: () => void; none: () => void }) {
    this.#storage = storage;
    try {
      this.#channel = new BroadcastChannel("nextup-chat");
      this.#channel.onmessage = ({ data: { person, here } }: MessageEvent<Said>) => {
        const same = person === this.#person;
        if (same && !here) {
          none();
        } else if (!same && (here || this.#person === "")) {
          another(); // the person that signed out there may be about to begin here
        }
      };
    } catch {
      // forbidden here: each tab for itself
    }
  }

  /** Reports whether something of another person's was kept, which is gone now. */
  speakFor(identity: string): boolean {
    const person = digest(identity);
    if (person === this.#person) {
      return false;
    }
    this.#person = person;
    const { tab, browser } = this.#storage;
    const others = [tab, browser].filter((storage) => ![null, person].includes(storage.getItem(mark)));
    others.forEach((storage) => storage.forget());
    tab.setItem(mark, person);
    browser.setItem(mark, person);
    this.#say({ person, here: true });
    return others.length > 0;
  }

  /** This tab has no person any more; everywhere, and no other tab has this one. */
  leave(everywhere = false): void {
    const person = this.#person || this.#storage.browser.getItem(mark);
    if (everywhere && person) {
      this.#say({ person, here: false });
    }
    this.#person = "";
  }

  close(): void {
    this.#channel?.close();
  }

  #say(said: Said): void {
    this.#channel?.postMessage(said);
  }
}

/** FNV-1a, 32 bits. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash.toString(36);
}
