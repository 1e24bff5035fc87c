import type { Page } from "@playwright/test";
import type { EntryFrame, ServerFrame } from "../src/core/index.ts";
import { golden } from "../test/fixtures.ts";
import { desk, held } from "./desk-kit.ts";
import { mint } from "./host.ts";

/** What a page's socket answers: the welcome, the view, and a conversation of so many entries. */
interface Script {
  welcome: ServerFrame;
  view: ServerFrame;
  entry: EntryFrame;
  entries: number;
  /**
   * Each entry comes in a task of its own, as from a network, when deliver is
   * called; without it all come at once and in one, so that what is counted is
   * the same on every machine.
   */
  apart: boolean;
}

/**
 * Gives the page a socket that lives in the page and delivers a conversation of
 * so many entries when it is opened; own messages follow each other every seven.
 */
async function withConversation(page: Page, view: ServerFrame, entries: number, apart: boolean, welcome: object): Promise<void> {
  const now_ms = Date.now();
  const script: Script = {
    welcome: golden("welcome", { now_ms, expires_at_ms: now_ms + 3_600_000, urgencies: undefined, topics: undefined, ...welcome }),
    view,
    entry: golden("entry", { at_ms: now_ms - 60_000 }),
    entries,
    apart,
  };
  await page.addInitScript((s: Script) => {
    class InPage extends EventTarget {
      onopen: (() => void) | null = null;
      onmessage: ((event: { data: string }) => void) | null = null;
      onclose = null;
      onerror = null;
      constructor() {
        super();
        setTimeout(() => this.onopen?.());
      }
      #says(frame: object): void {
        this.onmessage?.({ data: JSON.stringify(frame) });
      }
      send(data: string): void {
        const frame = JSON.parse(data) as { type: string; id?: string };
        if (frame.type === "hello") {
          this.#says({ ...s.welcome, id: frame.id });
          this.#says(s.view);
        } else if (frame.type === "open") {
          setTimeout(() => {
            this.#says({ type: "ok", id: frame.id });
            this.#deliver();
          });
        } else if (frame.type === "heartbeat") {
          this.#says({ type: "heartbeat", as_of_ms: Date.now() });
        } else if (frame.id !== undefined) {
          this.#says({ type: "ok", id: frame.id });
        }
      }
      #deliver(): void {
        const visitor = { role: "visitor", id: "v-17", name: "Lin" };
        const agent = { role: "agent", id: "a-3", name: "Mei" };
        const frames = Array.from({ length: s.entries }, (_, i) => {
          const n = i + 1;
          return JSON.stringify({ ...s.entry, number: n, message_id: `m-${n}`, from: n % 7 < 3 ? visitor : agent, text: `Message ${n}: what I wanted to say about it` });
        });
        if (!s.apart) {
          setTimeout(() => frames.forEach((data) => this.onmessage?.({ data })));
          return;
        }
        Reflect.set(window, "__deliver", (heard: boolean, from = 0, to = frames.length) => {
          const { port1, port2 } = new MessageChannel();
          const done = new Promise<void>((resolve) => {
            let n = from;
            port1.onmessage = ({ data }: MessageEvent<string>) => {
              if (heard) {
                this.onmessage?.({ data });
              }
              const next = frames[++n];
              if (next === undefined || n === to) {
                resolve();
              } else {
                port2.postMessage(next);
              }
            };
          });
          port2.postMessage(frames[from]);
          return done;
        });
      }
      close(): void {}
    }
    Reflect.set(window, "WebSocket", InPage);
    Reflect.set(window, "__changes", 0);
    // Whatever is drawn is seen by these, in the page and in the widget's own tree.
    const seen = new MutationObserver(() => Reflect.set(window, "__changes", Number(Reflect.get(window, "__changes")) + 1));
    const watch = (root: Node) => seen.observe(root, { childList: true, subtree: true, characterData: true });
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (init) {
      const root = attach.call(this, init);
      watch(root);
      return root;
    };
    watch(document);
  }, script);
}

/** Opens a page with a conversation of so many entries. */
type Open = (page: Page, base: string, entries: number, apart?: boolean) => Promise<void>;

export const withLong: Record<"widget" | "desk", Open> = {
  widget: async (page, base, entries, apart = false) => {
    await page.route("**/demo/token?*", (route) => route.fulfill({ json: { token: mint({ sub: "v-17" }) } }));
    const view = golden("ticket.assigned", { reason: undefined, as_of_ms: Date.now() });
    await withConversation(page, view, entries, apart, { subject: "v-17" });
    await page.goto(`${base}visitor.html`);
  },
  desk: async (page, base, entries, apart = false) => {
    await page.route("**/demo/token?*", (route) => route.fulfill({ json: { token: mint({ sub: "v-17" }) } }));
    await page.route(/\/v1\//, (route) => route.fulfill({ json: [] }));
    const view = desk({ tickets: [held({ ticket: "t-9f2c" })] });
    await withConversation(page, view, entries, apart, { role: "agent", subject: "a-3", name: "Mei" });
    await page.goto(`${base}desk.html`);
    await page.getByTestId("sign-in-name").fill("Mei");
    await page.getByTestId("sign-in").click();
  },
};

/**
 * Delivers the conversation of a page that was opened apart, or the part of it
 * between two indexes; unheard, the page is given none of it, and only the
 * delivering takes time.
 */
export async function deliver(page: Page, heard: boolean, from?: number, to?: number): Promise<void> {
  await page.waitForFunction(() => Reflect.has(window, "__deliver"));
  await page.evaluate(([h, ...part]) => (Reflect.get(window, "__deliver") as (heard: boolean, from?: number, to?: number) => Promise<void>)(h, ...part), [heard, from, to] as const);
}

/** How often the page was changed, and how many elements its list of messages has. */
export function drawn(page: Page): Promise<{ changes: number; rows: number; elements: number }> {
  return page.evaluate(() => {
    const root = document.querySelector("nextup-chat")?.shadowRoot ?? document;
    const list = root.querySelector("[data-testid=entries]");
    return {
      changes: Number(Reflect.get(window, "__changes")),
      rows: list?.querySelectorAll("[data-number]").length ?? 0,
      elements: root.querySelectorAll("*").length,
    };
  });
}

/** What the page's main thread has done so far. */
export async function mainThread(page: Page): Promise<() => Promise<{ busyMS: number; scriptMS: number; layoutMS: number; layouts: number }>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const value = (name: string) => metrics.find((m) => m.name === name)?.value ?? 0;
    const ms = (name: string) => Math.round(value(name) * 1_000);
    return { busyMS: ms("TaskDuration"), scriptMS: ms("ScriptDuration"), layoutMS: ms("LayoutDuration") + ms("RecalcStyleDuration"), layouts: value("LayoutCount") };
  };
}
