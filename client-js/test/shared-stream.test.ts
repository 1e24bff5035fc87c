import { beforeEach, describe, expect, test, vi } from "vitest";
import { Connection } from "../src/core/index.ts";
import type * as Stream from "../src/dom/stream.ts";
import { url } from "./connected.ts";
import { settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";
import { event, freshPage, Posted, welcome } from "./stream-kit.ts";

freshPage();

interface Held {
  readonly reject: (error: Error) => void;
}

/** The locks of an origin. */
class Locks {
  readonly #held = new Map<string, Held>();
  #queue: { readonly name: string; take(): void }[] = [];

  request(name: string, options: { signal?: AbortSignal; steal?: boolean }, run: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const held = { reject };
      const take = () => {
        this.#held.set(name, held);
        void run().then(() => {
          resolve();
          if (this.#held.get(name) === held) {
            this.#held.delete(name);
            const next = this.#queue.find((waiting) => waiting.name === name);
            this.#queue = this.#queue.filter((waiting) => waiting !== next);
            next?.take();
          }
        });
      };
      const waiting = { name, take };
      options.signal?.addEventListener("abort", () => {
        this.#queue = this.#queue.filter((other) => other !== waiting);
        reject(new DOMException("aborted", "AbortError"));
      });
      if (options.steal) {
        this.#held.get(name)?.reject(new DOMException("stolen", "AbortError"));
        take();
      } else if (!this.#held.has(name)) {
        take();
      } else {
        this.#queue.push(waiting);
      }
    });
  }
}

/** The channels of an origin, where a tab that is frozen hears nothing. */
class Channel {
  static all: Channel[] = [];
  static frozen = new Set<Channel>();
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    Channel.all.push(this);
  }

  postMessage(data: unknown): void {
    for (const other of Channel.all) {
      if (other !== this && other.#name === this.#name && !Channel.frozen.has(other)) {
        queueMicrotask(() => other.onmessage?.({ data: structuredClone(data) }));
      }
    }
  }

  close(): void {
    Channel.all = Channel.all.filter((c) => c !== this);
  }
}

beforeEach(() => {
  Channel.all = [];
  Channel.frozen.clear();
  vi.stubGlobal("navigator", { onLine: true, locks: new Locks() });
  vi.stubGlobal("BroadcastChannel", Channel);
});

const token = (sub: string) => `h.${btoa(JSON.stringify({ site: "demo", role: "visitor", sub })).replaceAll("=", "")}.s`;

/** A tab of a person, whose module is its own. */
async function tab(sub = "v-1") {
  vi.resetModules();
  const { begin }: typeof Stream = await import("../src/dom/stream.ts");
  const c = new Connection({ url, token: () => token(sub), WebSocket: begin(() => undefined) });
  const places: (number | undefined)[] = [];
  c.on("ticket", ({ position }) => places.push(position));
  c.connect();
  await settle();
  return { c, places };
}

/** Two tabs, of which the first has the stream. */
async function two() {
  const first = await tab();
  await Posted.latest.streams(welcome({ heartbeat_s: 1_000 }), event(golden("ticket", { position: 2 })));
  return { first, second: await tab(), stream: Posted.latest };
}

describe("the tabs of an origin", () => {
  test("[stream-11] have one stream, and each sees what came before it and what comes", async () => {
    const { first, second, stream } = await two();
    expect(Posted.frames("hello")).toHaveLength(1);
    expect(second.c.state.name).toBe("open");
    await stream.sends(event(golden("ticket", { position: 1 })));
    expect([first.places, second.places]).toEqual([
      [2, 1],
      [2, 1],
    ]);
  });

  test("[stream-11] post their own frames, each with its own token and answer", async () => {
    const { first, second } = await two();
    const sent = second.c.request({ type: "leave", ticket: "t-1" });
    await settle();
    expect(Posted.latest.headers).toMatchObject({ "Nextup-Conn": golden("welcome.stream" as "welcome").conn, Authorization: `Bearer ${token("v-1")}` });
    await Posted.latest.answers(200, { type: "ok", id: Posted.latest.frame.id });
    expect((await sent).type).toBe("ok");
    expect(first.c.state.name).toBe("open");
  });

  test("[stream-11] go on by another tab's stream when theirs is closed", async () => {
    const { first, second, stream } = await two();
    const third = await tab();
    first.c.close();
    await settle();
    expect([stream.aborted, Posted.frames("hello").length]).toEqual([true, 2]);
    await Posted.latest.streams(welcome({ conn: "next" }), event(golden("ticket", { position: 7 })));
    expect([second.places.at(-1), third.places.at(-1), third.c.state.name]).toEqual([7, 7, "open"]);
    void third.c.request({ type: "leave", ticket: "t-1" });
    await settle();
    expect(Posted.latest.headers["Nextup-Conn"]).toBe("next");
  });

  test("[stream-11] are not told twice that they are welcome when another tab comes", async () => {
    const { first, second } = await two();
    const states: string[] = [];
    second.c.on("state", ({ name }) => states.push(name));
    first.c.on("state", ({ name }) => states.push(name));
    await tab();
    expect(states).toEqual([]);
  });

  test("[stream-11] do not wait for a tab that is frozen", async () => {
    const { first, stream } = await two();
    Channel.all.forEach((c) => Channel.frozen.add(c));
    const late = await tab();
    expect(Posted.frames("hello")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3_000);
    await settle();
    expect(Posted.frames("hello")).toHaveLength(2);
    await Posted.latest.streams(welcome({ conn: "next" }));
    expect([late.c.state.name, stream.aborted, first.c.state.name]).toEqual(["open", true, "waiting"]);
  });

  test("[stream-11] of two persons have a stream each", async () => {
    await tab("v-1");
    await tab("v-2");
    expect(Posted.frames("hello")).toHaveLength(2);
  });

  test("[stream-11] have a stream each where the page has no locks, as in a sandbox", async () => {
    vi.stubGlobal("navigator", { onLine: true, locks: { request: () => Promise.reject(new DOMException("opaque", "SecurityError")) } });
    await tab();
    await tab();
    expect(Posted.frames("hello")).toHaveLength(2);
  });
});
