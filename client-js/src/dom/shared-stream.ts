/* oxlint-disable unicorn/require-post-message-target-origin -- BroadcastChannel.postMessage takes no target origin */
/** How long the tab that has the stream may take to say that it is there. */
const answerMS = 3_000;

/** What is said between the tabs: an event, that a tab is there, or a question for the newest events. */
interface Said {
  readonly text?: string;
  readonly asks?: true;
}

/**
 * Shared has one tab of an origin open the stream of a person, and the others hear what comes
 * by it. A lock says which: where its stream ends the next one has the lock. A tab that does not
 * answer, since its browser has frozen it, loses it. Where a page has no locks, as in a sandbox
 * or without TLS, each tab has a stream of its own.
 */
export class Shared {
  readonly #lead: () => void;
  readonly #heard: (text: string) => void;
  readonly #lost: () => void;
  readonly #channel: BroadcastChannel | undefined;
  readonly #waits = new AbortController();
  /** The newest welcome and view, for tabs that come later. */
  readonly #newest = new Map<string, string>();
  #release: () => void = () => undefined;
  #late: ReturnType<typeof setTimeout> | undefined;
  /** This tab has the stream. */
  leads = false;

  /**
   * lead opens the stream in this tab, heard takes what came by another tab's, from a welcome on,
   * and lost tells that another tab has the lock now.
   */
  constructor(url: string, token: string, lead: () => void, heard: (text: string) => void, lost: () => void) {
    this.#lead = lead;
    this.#heard = heard;
    this.#lost = lost;
    const person = token.split(".")[1] ?? "";
    try {
      const { site, role, sub } = JSON.parse(atob(person.replaceAll("-", "+").replaceAll("_", "/"))) as Record<string, unknown>;
      const name = JSON.stringify(["nextup", url, site, role, sub]);
      this.#channel = new BroadcastChannel(name);
      this.#channel.onmessage = ({ data }: MessageEvent<Said>) => this.#hear(data);
      this.#channel.postMessage({ asks: true });
      this.#late = setTimeout(() => this.#wait(name, { steal: true }), answerMS);
      this.#wait(name, { signal: this.#waits.signal });
    } catch {
      this.#leads(); // no locks, or no token
    }
  }

  /** Passes on an event of this tab's stream. */
  tell(type: string, text: string): void {
    if (type === "welcome" || type === "ticket" || type === "desk" || type === "board") {
      this.#newest.set(type, text);
    }
    this.#channel?.postMessage({ text });
  }

  close(): void {
    clearTimeout(this.#late);
    this.leads = false;
    this.#waits.abort();
    this.#release();
    this.#channel?.close();
  }

  #wait(name: string, options: LockOptions): void {
    navigator.locks
      .request(name, options, () => {
        this.#leads();
        return new Promise<void>((resolve) => (this.#release = resolve));
      })
      .catch(({ name: error }: Error) => {
        if (error !== "AbortError") {
          this.#leads(); // a sandbox has no locks
        } else if (this.leads) {
          this.#lost();
        }
      });
  }

  #leads(): void {
    clearTimeout(this.#late);
    if (!this.leads && !this.#waits.signal.aborted) {
      this.leads = true;
      this.#lead();
    }
  }

  #hear({ text, asks }: Said): void {
    if (asks) {
      if (this.leads) {
        this.#channel?.postMessage({});
        this.#newest.forEach((event) => this.#channel?.postMessage({ text: event }));
      }
    } else if (!this.leads) {
      clearTimeout(this.#late);
      if (text) {
        this.#heard(text);
      }
    }
  }
}
