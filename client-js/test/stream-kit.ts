// What the tests of streams share: a page whose POSTs the test answers.

import { beforeEach, vi } from "vitest";
import { Connection } from "../src/core/index.ts";
import type * as Fallback from "../src/dom/fallback.ts";
import { url } from "./connected.ts";
import { FakeSocket, freshSockets, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";

/** A POST that the client made, and what the test answers. */
export class Posted {
  static all: Posted[] = [];
  readonly address: string;
  readonly headers: Record<string, string>;
  readonly frame: Record<string, unknown>;
  readonly init: RequestInit;
  aborted = false;
  #events: ReadableStreamDefaultController<Uint8Array> | undefined;
  #answer: (response: Response | PromiseLike<Response>) => void = () => undefined;

  constructor(address: string, init: RequestInit) {
    this.address = address;
    this.init = init;
    this.headers = init.headers as Record<string, string>;
    this.frame = JSON.parse(String(init.body)) as Record<string, unknown>;
    Posted.all.push(this);
  }

  response(): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.init.signal?.addEventListener("abort", () => {
        this.aborted = true;
        reject(new Error("aborted"));
      });
    });
  }

  async answers(status: number, body?: object): Promise<void> {
    this.#answer(new Response(body && JSON.stringify(body), { status }));
    await settle();
  }

  async fails(): Promise<void> {
    this.#answer(Promise.reject(new TypeError("network")));
    await settle();
  }

  async streams(...events: string[]): Promise<void> {
    this.#answer(new Response(new ReadableStream({ start: (controller) => void (this.#events = controller) }), { status: 200 }));
    await this.sends(...events);
  }

  async sends(...events: string[]): Promise<void> {
    await settle();
    events.forEach((event) => this.#events?.enqueue(new TextEncoder().encode(event)));
    await settle();
    await settle();
  }

  async ends(): Promise<void> {
    this.#events?.close();
    await settle();
  }

  static get latest(): Posted {
    const posted = Posted.all.at(-1);
    if (posted === undefined) {
      throw new Error("nothing was posted");
    }
    return posted;
  }

  static frames(type: string): Posted[] {
    return Posted.all.filter(({ frame }) => frame.type === type);
  }
}

export const event = (frame: object) => `data: ${JSON.stringify(frame)}\n\n`;
export const welcome = (change: object = {}) => event(golden("welcome.stream" as "welcome", change));
export const closes = (code: number) => `event: close\n${event({ code, reason: "so" })}`;

/** A socket as browsers have it, whose events others may hear too. */
export class HeardSocket extends FakeSocket {
  readonly #heard = new Map<string, (event: object) => void>();

  addEventListener(kind: string, hear: (event: object) => void): void {
    this.#heard.set(kind, hear);
  }

  override receives(frame: { type: string }): void {
    this.#heard.get("message")?.({});
    super.receives(frame);
  }

  override serverCloses(code: number): void {
    this.#heard.get("close")?.({ code });
    super.serverCloses(code);
  }
}

export let page = new EventTarget();
export const storage = new Map<string, string>();

/** Each test has a page of its own, in a browser without sockets that count. */
export function freshPage(): void {
  freshSockets();
  beforeEach(() => {
    Posted.all = [];
    storage.clear();
    page = new EventTarget();
    vi.stubGlobal("navigator", { onLine: true });
    vi.stubGlobal("WebSocket", HeardSocket);
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
    vi.stubGlobal("fetch", (address: string, init: RequestInit) => new Posted(address, init).response());
    vi.stubGlobal("localStorage", { getItem: (key: string) => storage.get(key) ?? null, setItem: (key: string, value: string) => storage.set(key, value) });
    return () => vi.unstubAllGlobals();
  });
}

/** Of the tokens that were asked for. */
export let count = 0;

/** A page with a connection. */
export async function connected() {
  vi.resetModules();
  const { anySocket }: typeof Fallback = await import("../src/dom/fallback.ts");
  const AnySocket = anySocket();
  await vi.dynamicImportSettled();
  const c = new Connection({ url, token: () => `t${++count}`, WebSocket: AnySocket });
  c.connect();
  await settle();
  return c;
}

/** Lets the waiting end, and the module come. */
export async function retried(ms = 1_000): Promise<void> {
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

/** A connection on a stream, whose probe has not come yet. */
export async function streaming(change: object = {}) {
  const c = await connected();
  FakeSocket.latest.serverCloses(1006);
  await retried();
  const stream = Posted.latest;
  await stream.streams(welcome(change));
  return { c, stream };
}
