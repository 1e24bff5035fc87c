import type { VisitorClient } from "../core/index.ts";
import { browserLanguages, isTag } from "../dom/languages.ts";
import type { PageStorage } from "../dom/storage.ts";
import type { Config } from "./config.ts";
import { matchLocale, type Locale } from "./languages.ts";
import { untouched, type Reading } from "./reading.ts";
import { Announcer } from "./announcements.ts";
import type { Texts } from "./texts.ts";

/** What a form is about to send, and how that went. */
export interface FormState {
  busy: boolean;
  problem?: string | undefined;
}

/** State is what the widget shows. Views are functions of it; the controller changes it. */
export class State {
  config: Config;
  client: VisitorClient | undefined;
  /** The newest texts that came, in the language of locale once those are there. */
  texts: Texts | undefined;
  locale: Locale = "en";
  sound = true;
  open = false;
  /** The gateway is there and takes no page of this origin. */
  unlisted = false;
  /** The settings are shown. */
  menu = false;
  /** The visitor was asked whether to leave and has not answered yet. */
  leaving = false;
  /** An ended ticket, after which the visitor has chosen to start again. */
  dismissed: string | null = null;
  form: FormState & { department?: string; language?: string; topic?: string; urgency?: string } = { busy: false };
  rating: FormState & { score?: number; comment?: string; again?: boolean } = { busy: false };
  reading: Reading = { ...untouched };
  readonly storage: PageStorage;
  readonly announcer = new Announcer();

  constructor(config: Config, storage: PageStorage) {
    this.config = config;
    this.storage = storage;
  }

  /** Begins with a person that nothing is known of but what this browser keeps. */
  begin(): void {
    const { browser } = this.storage;
    this.menu = this.leaving = false;
    this.form = { busy: false };
    this.rating = { busy: false };
    this.reading = { ...untouched };
    this.dismissed = browser.getItem("nextup.dismissed");
    this.locale = matchLocale([browser.getItem("nextup.locale") ?? [], this.config.locales].flat());
    this.sound = browser.getItem("nextup.sound") !== "off";
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
}
