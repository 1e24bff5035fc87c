import { VisitorClient } from "../core/index.ts";
import type { PageStorage } from "../dom/storage.ts";
import { anySocket } from "../dom/fallback.ts";
import { wakeWithPage } from "../dom/waking.ts";
import { report, warn } from "./report.ts";
import { changeOf, tokenOf, type Config } from "./config.ts";
import { Estimates, type QueueRow } from "./estimates.ts";
import type { Locale } from "./languages.ts";
import { listen, type ChatEvents, type ClientListener } from "./client-events.ts";
import type { Attention } from "./attention.ts";
import { OnDemand } from "./on-demand.ts";
import { State, type FormState } from "./state.ts";
import { Tabs } from "./tabs.ts";
import type { Texts } from "./texts.ts";
import { explain } from "./format.ts";

/**
 * Controller changes the state by what comes from the page, the visitor and the
 * gateway. There is a connection only once the visitor has opened the panel, or
 * where they had a ticket on their last visit.
 */
export class Controller implements ClientListener {
  readonly state: State;
  /** Shows the state anew; the renderer sets it. */
  draw: () => void = () => undefined;
  readonly #attentionPart = new OnDemand(
    (_again) => import("./attention.ts"),
    () => this.draw(),
    (error) => this.reportMissing("notices", error),
  );
  #attention: Attention | undefined;
  #estimates!: Estimates;
  readonly #dispatch: (kind: string, detail: unknown) => void;
  readonly #tabs: Tabs;
  /** Ends the waking of the connection. */
  #sleep: (() => void) | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #reported = new Set<string>();
  /** The visitor has signed out: no connection until the chat is opened. */
  #out = false;
  #rechecked: ReturnType<typeof setTimeout> | undefined;
  #again = false;

  constructor(config: Config, storage: PageStorage, dispatch: (kind: string, detail: unknown) => void) {
    this.state = new State(config, storage);
    this.#dispatch = dispatch;
    this.#tabs = new Tabs(storage, { another: () => this.#recheck(), none: () => this.state.config.signedOut() });
    this.#begin();
    if (storage.blocked) {
      warn("this page may not store anything: messages that are not sent yet are lost on a reload");
    }
  }

  /** What calls the visitor back, once it was fetched. */
  get attention(): Attention | undefined {
    const part = this.#attentionPart.get();
    return part && (this.#attention ??= new part.Attention(() => this.state.sound));
  }

  call(title: string, body: string): void {
    this.attention?.call(title, body);
  }

  /** What joining now would mean, by queue. */
  get queues(): readonly QueueRow[] {
    return this.#estimates.rows;
  }

  /** Takes the page's newest configuration. */
  configure(config: Config): void {
    const change = changeOf(this.state.config, config);
    this.state.config = config;
    if (change === "another") {
      this.#end();
    } else if (change === "first") {
      this.#leaveGateway(); // which had no token; what the browser keeps is perhaps theirs
    } else if (change === "ask") {
      this.#recheck();
    }
    if (this.state.open !== config.open) {
      this.state.open = config.open;
      this.state.menu = false;
      this.state.storage.tab.put("nextup.open", this.state.open ? "" : undefined);
      this.tell("nextup-toggle", { open: this.state.open });
    }
    this.#out &&= !this.state.open;
    const wanted = this.state.open || (this.state.storage.blocked && !this.#out) || this.state.storage.browser.getItem("nextup.live") !== null;
    const { gateway } = config;
    if (typeof gateway === "string") {
      this.report(gateway);
    } else if (wanted && this.state.client === undefined) {
      this.state.client = new VisitorClient({ url: gateway.socket, token: () => tokenOf(this.state.config), storage: this.state.storage.tab, WebSocket: anySocket() });
      listen(this, this.state.client);
      this.state.client.on("identity", () => this.#forget());
      this.state.client.on("state", ({ name }) => {
        if (name === "open" && this.#tabs.speakFor(gateway.socket + this.state.client?.connection.identity)) {
          this.#begin();
        }
      });
      this.#sleep = wakeWithPage(this.state.client.connection);
      this.state.client.connect();
    }
    clearInterval(this.#ticking);
    this.#ticking = this.state.open ? setInterval(() => this.draw(), 1_000) : undefined;
    this.draw();
  }

  choose(locale: Locale): void {
    this.state.storage.browser.setItem("nextup.locale", locale);
    this.state.locale = locale;
    this.state.menu = false;
    this.draw();
  }

  /** Takes a change: what was said of the state before is drawn anew. */
  set<T extends object>(part: T, change: Partial<T>): void {
    Object.assign(part, change);
    this.draw();
  }

  /** Sends a form and shows how that went. */
  async submit(form: FormState, texts: Texts, send: () => Promise<unknown>): Promise<void> {
    if (form.busy) {
      return;
    }
    this.set(form, { busy: true, problem: undefined });
    try {
      await send();
    } catch (error) {
      form.problem = explain(error, texts);
      if (form.problem === texts.failed) {
        this.report(String(error));
      }
    }
    this.set(form, { busy: false });
  }

  tell<K extends keyof ChatEvents>(kind: K, detail: ChatEvents[K]): void {
    this.#dispatch(kind, detail);
  }

  /** Reports to the page's developers what is wrong with it, each fault once. */
  report(message: string): void {
    if (!this.#reported.has(message)) {
      this.#reported.add(message);
      report(message);
      this.tell("nextup-error", { message });
    }
  }

  get reported(): boolean {
    return this.#reported.size > 0;
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
    this.#attention?.close();
  }

  /** Takes note of what was drawn: whether the end of the conversation stands in sight. */
  drawn(endInSight: boolean): void {
    const { client, config, dismissed, open } = this.state;
    this.state.reading.endInSight = endInSight;
    this.markRead();
    const welcome = client?.connection.welcome;
    const asks = open && welcome !== undefined && (client?.ticket === undefined || client.ticket.ticket === dismissed);
    this.#estimates.follow(asks ? config : undefined);
  }

  /** Fetches what is needed later. */
  prepare(): void {
    this.#attentionPart.get();
  }

  /** Marks as read what stands in sight. */
  markRead(): void {
    const { client, reading } = this.state;
    if (reading.atEnd && reading.endInSight && document.visibilityState === "visible") {
      client?.conversation?.markRead();
    }
  }

  /** A part of the widget could not be fetched. */
  reportMissing(name: string, error: unknown): void {
    this.report(`${name} could not be loaded: ${String(error)}`);
  }

  #end(): void {
    this.state.client?.logout();
    this.#leaveGateway();
    this.#forget();
  }

  /** Takes away what is kept of the person so far. */
  #forget(): void {
    this.#tabs.leave();
    this.state.storage.forget();
    this.#begin();
  }

  #begin(): void {
    this.state.begin();
    this.#attention?.quiet();
    this.#estimates?.follow(undefined);
    this.#estimates = new Estimates(() => this.draw()); // with the next one's token
    this.draw();
  }

  /** Asks for a token, which may be another person's by now: at once, and then at most every few seconds, since some pages give a new function at every turn. */
  #recheck(): void {
    if (this.#rechecked !== undefined) {
      this.#again = true;
      return;
    }
    this.state.client?.connection.recheck();
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
    this.state.client?.close();
    this.state.client = undefined;
    this.#estimates.follow(undefined);
  }
}
