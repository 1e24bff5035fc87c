import { render } from "preact";
import { VisitorClient } from "../core/index.ts";
import { complain, warn } from "./complain.ts";
import type { Config } from "./config.ts";
import { Estimates } from "./estimates.ts";
import { put, type Keep } from "./keep.ts";
import { listen } from "./news.ts";
import { Notice } from "./notice.ts";
import { loadTexts, matchLocale, type Locale, type Texts } from "./texts.ts";
import { View } from "./View.tsx";
import { wakeWithPage } from "./waking.ts";
import { explain } from "./words.ts";

/** The events of the element; detail is the value. */
export interface ChatEvents {
  "nextup-toggle": { open: boolean };
  /** The visitor's newest view, or undefined where they have no place. */
  "nextup-ticket": { status: string; position?: number } | undefined;
  "nextup-unread": { count: number };
  "nextup-error": { message: string };
}

/** What a form is about to send, and how that went. */
export interface Sending {
  busy: boolean;
  problem?: string | undefined;
}

/**
 * Widget is everything that the chat shows, and draws it: views are functions of
 * it, and draw follows every change. There is a connection only once somebody
 * has opened the panel, or had a ticket when they were here last.
 */
export class Widget {
  config: Config;
  client: VisitorClient | undefined;
  texts: Texts | undefined;
  locale: Locale;
  open = false;
  /** The settings are shown. */
  menu = false;
  /** Whether to leave was asked and not answered yet. */
  leaving = false;
  /** An ended ticket that the visitor has seen the end of. */
  dismissed: string | null;
  readonly form: Sending & { department?: string; language?: string; topic?: string; urgency?: string } = { busy: false };
  readonly rating: Sending & { score?: number; comment?: string; again?: boolean } = { busy: false };
  /** How far the conversation is shown and read. */
  readonly reading = { ticket: "", limit: 200, atEnd: true, overflow: false };
  readonly keep: Keep;
  readonly notice: Notice;
  readonly estimates: Estimates;
  readonly #root: ShadowRoot;
  readonly #dispatch: (kind: string, detail: unknown) => void;
  #drawing = false;
  #loading: Locale | undefined;
  /** Ends the waking of the connection. */
  #sleep: (() => void) | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #complained = new Set<string>();

  constructor(config: Config, root: ShadowRoot, keep: Keep, dispatch: (kind: string, detail: unknown) => void) {
    this.config = config;
    this.#root = root;
    this.#dispatch = dispatch;
    this.keep = keep;
    this.notice = new Notice(keep.browser.getItem("nextup.sound") !== "off");
    this.dismissed = keep.browser.getItem("nextup.dismissed");
    this.estimates = new Estimates(() => this.draw());
    this.locale = matchLocale([keep.browser.getItem("nextup.locale") ?? [], config.locales].flat());
    if (keep.blocked) {
      warn("this page may not store anything: messages that are not sent yet are lost on a reload");
    }
  }

  /** The log's time in Unix milliseconds. */
  get now(): number {
    return this.client?.connection.now() ?? Date.now();
  }

  /** The locale of dates: the visitor's own variety of the language of the texts. */
  get variety(): string {
    const language = this.locale.slice(0, 2);
    return navigator.languages.find((tag) => tag.startsWith(language)) ?? this.locale;
  }

  /** Takes what the page says now. */
  configure(config: Config): void {
    const moved = JSON.stringify(config.gateway) !== JSON.stringify(this.config.gateway);
    this.config = config;
    if (moved) {
      this.#leaveGateway();
    }
    if (this.open !== config.open) {
      this.open = config.open;
      this.menu = false;
      put(this.keep.tab, "nextup.open", this.open ? "" : undefined);
      this.tell("nextup-toggle", { open: this.open });
    }
    const wanted = this.open || this.keep.blocked || this.keep.browser.getItem("nextup.live") !== null;
    const { gateway, token } = config;
    if (typeof gateway === "string") {
      this.complain(gateway);
    } else if (wanted && this.client === undefined) {
      this.client = new VisitorClient({ url: gateway.socket, token: async () => token(), storage: this.keep.tab });
      listen(this, this.client);
      this.#sleep = wakeWithPage(this.client.connection);
      this.client.connect();
    }
    clearInterval(this.#ticking);
    this.#ticking = this.open ? setInterval(() => this.draw(), 1_000) : undefined;
    void this.#load();
    this.draw();
  }

  choose(locale: Locale): void {
    put(this.keep.browser, "nextup.locale", locale);
    this.locale = locale;
    this.menu = false;
    void this.#load();
  }

  /** Takes a change: what was said of the state before is drawn anew. */
  set<T extends object>(part: T, change: Partial<T>): void {
    Object.assign(part, change);
    this.draw();
  }

  /** Sends a form and shows how that went. */
  async submit(form: Sending, texts: Texts, send: () => Promise<unknown>): Promise<void> {
    if (form.busy) {
      return;
    }
    this.set(form, { busy: true, problem: undefined });
    try {
      await send();
    } catch (error) {
      form.problem = explain(error, texts);
      if (form.problem === texts.failed) {
        this.complain(String(error));
      }
    }
    this.set(form, { busy: false });
  }

  tell<K extends keyof ChatEvents>(kind: K, detail: ChatEvents[K]): void {
    this.#dispatch(kind, detail);
  }

  /** Tells whoever builds the page what is wrong with it, once. */
  complain(message: string): void {
    if (!this.#complained.has(message)) {
      this.#complained.add(message);
      complain(message);
      this.tell("nextup-error", { message });
    }
  }

  get complained(): boolean {
    return this.#complained.size > 0;
  }

  stop(): void {
    this.#leaveGateway();
    clearInterval(this.#ticking);
    this.notice.close();
    render(null, this.#root);
  }

  /** Draws once for all that changes now. */
  draw(): void {
    if (this.#drawing) {
      return;
    }
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      if (this.texts !== undefined) {
        const texts = { ...this.texts, ...this.config.texts };
        const focused = this.#root.activeElement !== null;
        render(<View {...{ w: this, texts }} />, this.#root);
        if (focused && this.#root.activeElement === null) {
          this.#root.querySelector<HTMLElement>(".panel, .launcher")?.focus(); // what had it is gone
        }
        this.#drawn();
      }
    });
  }

  /** What depends on how it looks: the end of the conversation in sight, and what was read by it. */
  #drawn(): void {
    const { conversation, ticket } = this.client ?? {};
    const list = this.#root.querySelector(".entries");
    if (list !== null && this.reading.atEnd) {
      list.scrollTop = list.scrollHeight;
      if (document.visibilityState === "visible") {
        conversation?.markRead();
      }
    }
    const asks = this.open && (ticket === undefined || ticket.ticket === this.dismissed);
    this.estimates.follow(asks ? this.config : undefined);
  }

  #leaveGateway(): void {
    this.#sleep?.();
    this.client?.close();
    this.client = undefined;
    this.estimates.follow(undefined);
  }

  async #load(): Promise<void> {
    const wanted = this.locale;
    if (this.#loading === wanted) {
      return;
    }
    this.#loading = wanted;
    try {
      const texts = await loadTexts(wanted);
      if (this.locale === wanted) {
        this.texts = texts;
        this.draw();
      }
    } catch (error) {
      this.complain(`the texts of ${wanted} could not be loaded: ${String(error)}`);
      setTimeout(() => {
        this.#loading = undefined;
        void this.#load();
      }, 5_000);
    }
  }
}
