import { render } from "preact";
import { VisitorClient } from "../core/index.ts";
import { complain, warn } from "./complain.ts";
import { changeOf, tokenOf, type Config } from "./config.ts";
import { Estimates } from "./estimates.ts";
import type { Keep } from "../dom/storage.ts";
import { listen } from "./news.ts";
import type { Notice } from "./notice.ts";
import { OnDemand } from "./on-demand.ts";
import { untouched, type Reading } from "./reading.ts";
import { Spoken } from "./spoken.ts";
import { addStyles } from "./style.ts";
import { Tabs } from "./tabs.ts";
import { loadTexts, locales, matchLocale, type Locale, type Texts } from "./texts.ts";
import { View } from "./View.tsx";
import { wakeWithPage } from "../dom/waking.ts";
import { explain } from "./words.ts";
import { browserLanguages, isTag } from "../dom/languages.ts";

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
  /** The newest texts that came, in the language of locale once those are there. */
  texts: Texts | undefined;
  locale: Locale = "en";
  sound = true;
  open = false;
  /** The settings are shown. */
  menu = false;
  /** Whether to leave was asked and not answered yet. */
  leaving = false;
  /** An ended ticket that the visitor has seen the end of. */
  dismissed: string | null = null;
  form: Sending & { department?: string; language?: string; topic?: string; urgency?: string } = { busy: false };
  rating: Sending & { score?: number; comment?: string; again?: boolean } = { busy: false };
  reading: Reading = { ...untouched };
  readonly keep: Keep;
  readonly spoken = new Spoken();
  readonly forms = this.#part("forms", (_again) => import("./forms.ts"));
  readonly talk = this.#part("conversation", (_again) => import("./talk.ts"));
  readonly #calling = this.#part("notices", (_again) => import("./notice.ts"));
  readonly #languages = new Map(locales.map((locale) => [locale, this.#part(locale, loadTexts[locale])]));
  #notice: Notice | undefined;
  estimates!: Estimates;
  readonly #root: ShadowRoot;
  readonly #dispatch: (kind: string, detail: unknown) => void;
  readonly #tabs: Tabs;
  #drawing = false;
  #stopped = false;
  /** Ends the waking of the connection. */
  #sleep: (() => void) | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #complained = new Set<string>();
  /** The visitor has signed out: no connection until the chat is opened. */
  #out = false;
  #rechecked: ReturnType<typeof setTimeout> | undefined;
  #again = false;

  constructor(config: Config, root: ShadowRoot, keep: Keep, dispatch: (kind: string, detail: unknown) => void) {
    this.config = config;
    this.#root = root;
    this.#dispatch = dispatch;
    this.keep = keep;
    this.#tabs = new Tabs(keep, { another: () => this.#recheck(), none: () => this.config.signedOut() });
    this.#begin();
    if (keep.blocked) {
      warn("this page may not store anything: messages that are not sent yet are lost on a reload");
    }
  }

  /** What calls the visitor back, once it was fetched. */
  get notice(): Notice | undefined {
    const part = this.#calling.get();
    return part && (this.#notice ??= new part.Notice(() => this.sound));
  }

  /** The log's time in Unix milliseconds. */
  get now(): number {
    return this.client?.connection.now() ?? Date.now();
  }

  /** The locale of dates: the visitor's own variety of the language of the texts. */
  get variety(): string {
    const language = this.locale.slice(0, 2);
    return browserLanguages().find((tag) => tag.startsWith(language) && isTag(tag)) ?? this.locale;
  }

  /** Takes what the page says now. */
  configure(config: Config): void {
    const change = changeOf(this.config, config);
    this.config = config;
    if (change === "another") {
      this.#end();
    } else if (change === "first") {
      this.#leaveGateway(); // which had no token; what the browser keeps is perhaps theirs
    } else if (change === "ask") {
      this.#recheck();
    }
    if (this.open !== config.open) {
      this.open = config.open;
      this.menu = false;
      this.keep.tab.put("nextup.open", this.open ? "" : undefined);
      this.tell("nextup-toggle", { open: this.open });
    }
    this.#out &&= !this.open;
    const wanted = this.open || (this.keep.blocked && !this.#out) || this.keep.browser.getItem("nextup.live") !== null;
    const { gateway } = config;
    if (typeof gateway === "string") {
      this.complain(gateway);
    } else if (wanted && this.client === undefined) {
      this.client = new VisitorClient({ url: gateway.socket, token: () => tokenOf(this.config), storage: this.keep.tab });
      listen(this, this.client);
      this.client.on("identity", () => this.#forget());
      this.client.on("state", ({ name }) => {
        if (name === "open" && this.#tabs.speakFor(gateway.socket + this.client?.connection.identity)) {
          this.#begin();
        }
      });
      this.#sleep = wakeWithPage(this.client.connection);
      this.client.connect();
    }
    clearInterval(this.#ticking);
    this.#ticking = this.open ? setInterval(() => this.draw(), 1_000) : undefined;
    this.draw();
  }

  choose(locale: Locale): void {
    this.keep.browser.setItem("nextup.locale", locale);
    this.locale = locale;
    this.menu = false;
    this.draw();
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

  /** Ends all that belongs to the visitor, at once; everywhere: in the other tabs too, and until the chat is opened again. */
  forget(everywhere = false): void {
    this.#out = everywhere;
    this.#tabs.leave(everywhere);
    this.#end();
  }

  stop(): void {
    this.#tabs.close();
    this.#leaveGateway();
    clearInterval(this.#ticking);
    this.#notice?.close();
    this.#stopped = true;
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
      if (this.#stopped) {
        return;
      }
      this.texts = this.#languages.get(this.locale)?.get()?.default ?? this.texts;
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
    const { ticket } = this.client ?? {};
    this.reading.hold?.();
    this.reading.hold = undefined;
    const list = this.#root.querySelector(".entries");
    if (list !== null && this.reading.atEnd) {
      list.scrollTop = list.scrollHeight;
    }
    this.markRead();
    const welcome = this.client?.connection.welcome;
    if (welcome !== undefined) {
      // Now: a gateway of another version may not have these files when they are needed.
      this.forms.get();
      this.talk.get();
      this.#calling.get();
    }
    const asks = this.open && welcome !== undefined && (ticket === undefined || ticket.ticket === this.dismissed);
    this.estimates.follow(asks ? this.config : undefined);
  }

  /** Marks as read what stands in sight. */
  markRead(): void {
    if (this.reading.atEnd && document.visibilityState === "visible" && this.#root.querySelector(".entries") !== null) {
      this.client?.conversation?.markRead();
    }
  }

  #end(): void {
    this.client?.logout();
    this.#leaveGateway();
    this.#forget();
  }

  /** Takes away what is kept of the person so far. */
  #forget(): void {
    this.#tabs.leave();
    this.keep.forget();
    this.#begin();
  }

  /** Begins with a person of whom nothing is known but what this browser keeps. */
  #begin(): void {
    const { browser } = this.keep;
    this.menu = this.leaving = false;
    this.form = { busy: false };
    this.rating = { busy: false };
    this.reading = { ...untouched };
    this.dismissed = browser.getItem("nextup.dismissed");
    this.locale = matchLocale([browser.getItem("nextup.locale") ?? [], this.config.locales].flat());
    this.sound = browser.getItem("nextup.sound") !== "off";
    this.#notice?.quiet();
    this.estimates?.follow(undefined);
    this.estimates = new Estimates(() => this.draw()); // with the next one's token
    this.draw();
  }

  /** Asks whose the token is by now, at once and then at most every few seconds: some pages give a new function at every turn. */
  #recheck(): void {
    if (this.#rechecked !== undefined) {
      this.#again = true;
      return;
    }
    this.client?.connection.recheck();
    this.#rechecked = setTimeout(() => {
      this.#rechecked = undefined;
      if (this.#again) {
        this.#again = false;
        this.#recheck();
      }
    }, 5_000);
  }

  #leaveGateway(): void {
    this.#sleep?.();
    this.client?.close();
    this.client = undefined;
    this.estimates.follow(undefined);
  }

  /** A part of the widget that is fetched when it is first needed. */
  #part<T extends object>(name: string, load: (again: string) => Promise<T>): OnDemand<T> {
    return new OnDemand(
      load,
      (part) => {
        if (part !== undefined && "styles" in part) {
          addStyles(String(part.styles));
        }
        this.draw();
      },
      (error) => this.complain(`${name} could not be loaded: ${String(error)}`),
    );
  }
}
