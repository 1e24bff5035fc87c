import { beforeEach, describe, expect, test, vi } from "vitest";
import { Connection } from "../src/core/index.ts";
import type * as Fallback from "../src/dom/fallback.ts";
import { url } from "./connected.ts";
import { FakeSocket, freshSockets, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";

freshSockets();

/** A POST that the client made, and what the test answers. */
class Posted {
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

const event = (frame: object) => `data: ${JSON.stringify(frame)}\n\n`;
const welcome = (change: object = {}) => event(golden("welcome.stream" as "welcome", change));
const closes = (code: number) => `event: close\n${event({ code, reason: "so" })}`;

/** A socket as browsers have it, whose events others may hear too. */
class HeardSocket extends FakeSocket {
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

let page = new EventTarget();
const storage = new Map<string, string>();

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

let count = 0;

/** A page with a connection. */
async function connected() {
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
async function retried(ms = 1_000): Promise<void> {
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}

/** A connection on a stream, whose probe has not come yet. */
async function streaming(change: object = {}) {
  const c = await connected();
  FakeSocket.latest.serverCloses(1006);
  await retried();
  const stream = Posted.latest;
  await stream.streams(welcome(change));
  return { c, stream };
}

describe("when a stream is opened", () => {
  test("[stream-9] a socket that fails before its welcome leads to a stream, with the token in a header alone", async () => {
    const { c, stream } = await streaming();
    expect(c.state.name).toBe("open");
    expect(stream.address).toBe("http://127.0.0.1:1/v1/connect");
    expect(stream.frame).toEqual({ type: "hello", id: expect.any(String) });
    expect(stream.headers).toEqual({ Authorization: `Bearer t${count}`, "Content-Type": "application/json" });
    expect(stream.init.credentials).toBe("omit");
  });

  test.each([1012, 4003, 4000])("[stream-9] a socket that was closed with %i does not", async (code) => {
    await connected();
    FakeSocket.latest.opens();
    FakeSocket.latest.serverCloses(code);
    await retried();
    expect(Posted.all).toEqual([]);
  });

  test.each([1012, 4003])("[stream-9] nor do the failures that follow a close with %i", async (code) => {
    const c = await connected();
    FakeSocket.latest.welcomes();
    FakeSocket.latest.serverCloses(code);
    for (let i = 0; i < 4; i++) {
      await retried(40_000);
      FakeSocket.latest.serverCloses(1006);
    }
    expect(Posted.all).toEqual([]);
    await retried(40_000);
    FakeSocket.latest.welcomes();
    expect(c.state.name).toBe("open");
  });

  test("[stream-9] where no gateway takes the stream, the next try is a socket again", async () => {
    await connected();
    FakeSocket.latest.serverCloses(1006);
    await retried();
    await Posted.latest.fails();
    await retried(4_000);
    expect(FakeSocket.all).toHaveLength(2);
    expect(storage.size).toBe(0);
  });

  test("[stream-9] a network that holds streams back costs no client its sockets", async () => {
    await connected();
    FakeSocket.latest.serverCloses(1006);
    for (let i = 0; i < 10; i++) {
      await retried(10_000);
    }
    expect(Posted.all.length).toBeGreaterThan(0);
    expect(FakeSocket.all.length).toBeGreaterThan(1);
  });

  test("[stream-9] the page's own close is no failure of the network, and one that cannot be reached is none of sockets", async () => {
    const c = await connected();
    c.close();
    FakeSocket.latest.serverCloses(1006);
    c.connect();
    await retried();
    vi.stubGlobal("navigator", { onLine: false });
    FakeSocket.latest.serverCloses(1006);
    await retried(4_000);
    expect([FakeSocket.all.length, Posted.all.length]).toEqual([3, 0]);
  });

  test("[stream-9] a socket that hangs until it is given up is a failure", async () => {
    await connected();
    const hanging = FakeSocket.latest;
    await vi.advanceTimersByTimeAsync(10_000);
    hanging.serverCloses(1006);
    await retried(4_000);
    expect(Posted.latest.frame.type).toBe("hello");
  });

  test("[stream-9] a network that is remembered is not asked for a socket first, however early the page begins", async () => {
    storage.set("nextup.stream", String(Date.now() + 60_000));
    vi.resetModules();
    const { anySocket }: typeof Fallback = await import("../src/dom/fallback.ts");
    const c = new Connection({ url, token: () => `t${++count}`, WebSocket: anySocket() });
    c.connect();
    await retried();
    await Posted.latest.streams(welcome());
    expect([c.state.name, FakeSocket.all.length]).toEqual(["open", 0]);
  });

  test("two changes of the network during a question are one question", async () => {
    await streaming({ heartbeat_s: 10_000, reopen_s: 100_000 });
    page.dispatchEvent(new Event("online"));
    page.dispatchEvent(new Event("online"));
    const asked = FakeSocket.all.slice(1);
    asked.forEach((socket) => socket.serverCloses(1006));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(FakeSocket.all).toHaveLength(1 + asked.length + 1);
  });

  test("[stream-9] a gateway that was away for a moment keeps no client on streams", async () => {
    const { c } = await streaming();
    await retried();
    FakeSocket.latest.opens();
    expect(FakeSocket.latest.sent).toEqual([{ type: "heartbeat" }]);
    FakeSocket.latest.receives(golden("error"));
    await retried();
    FakeSocket.latest.welcomes();
    expect([c.state.name, FakeSocket.all.length, storage.get("nextup.stream")]).toEqual(["open", 3, "0"]);
    expect(Posted.all).toHaveLength(1);
  });

  test("what is found is remembered for a day, and asked again after ten minutes and when the network changes", async () => {
    const { c } = await streaming({ heartbeat_s: 1_000, reopen_s: 10_000 });
    await retried();
    FakeSocket.latest.serverCloses(1006);
    expect(Number(storage.get("nextup.stream")) - Date.now()).toBe(86_400_000);
    const before = FakeSocket.all.length;
    page.dispatchEvent(new Event("online"));
    expect(FakeSocket.all).toHaveLength(before + 1);
    FakeSocket.latest.serverCloses(1006);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(FakeSocket.all).toHaveLength(before + 2);
    FakeSocket.latest.serverCloses(1006);
    c.close();

    const again = await connected();
    await retried(0);
    await Posted.latest.streams(welcome());
    expect([again.state.name, FakeSocket.all.length]).toEqual(["open", before + 2]);
  });
});

describe("on a stream", () => {
  test("[stream-4] a frame is posted for the conn, one after the other, and its answer taken", async () => {
    const { c } = await streaming();
    const first = c.request({ type: "join", department: "support" });
    const second = c.request({ type: "leave", ticket: "t-1" });
    await settle();
    const join = Posted.latest;
    expect(join.frame.type).toBe("join");
    expect(join.headers["Nextup-Conn"]).toBe(golden("welcome.stream" as "welcome").conn);
    await join.answers(200, { type: "ok", id: join.frame.id, log: 7, ticket: "t-1" });
    expect((await first).ticket).toBe("t-1");
    await Posted.latest.answers(200, { type: "ok", id: Posted.latest.frame.id });
    expect((await second).type).toBe("ok");
  });

  test.each([
    ["the network fails", (p: Posted) => p.fails()],
    ["a proxy is in trouble", (p: Posted) => p.answers(502)],
    ["a gateway knows no streams", (p: Posted) => p.answers(405)],
    ["a proxy refuses it", (p: Posted) => p.answers(403)],
    ["the answer does not come", () => vi.advanceTimersByTimeAsync(10_000)],
    ["the frame cannot be passed on", (p: Posted) => p.answers(503, golden("error.busy", { id: undefined, retry_after_ms: 300 }))],
  ])("[stream-5] where %s the frame is posted again", async (_, trouble) => {
    const { c } = await streaming();
    const sent = c.request({ type: "leave", ticket: "t-1" });
    await settle();
    await trouble(Posted.latest);
    await retried(2_000);
    const [one, two] = Posted.frames("leave");
    expect(two?.frame).toEqual(one?.frame);
    await two?.answers(200, { type: "ok", id: two.frame.id });
    expect((await sent).type).toBe("ok");
  });

  test("[stream-5] a post that hangs holds up nothing", async () => {
    const { c } = await streaming({ heartbeat_s: 1_000 });
    void c.request({ type: "leave", ticket: "t-1" }).catch(() => undefined);
    void c.request({ type: "join", department: "support" });
    await vi.advanceTimersByTimeAsync(10_000);
    await retried();
    const [, again] = Posted.frames("leave");
    await again?.answers(200, { type: "ok", id: again.frame.id });
    expect(Posted.frames("join")).toHaveLength(1);
  });

  test.each([
    [401, "bad_token"],
    [403, "forbidden"],
  ] as const)("[stream-5] a frame that is refused with %i is a refused request", async (status, code) => {
    const { c } = await streaming();
    const sent = c.request({ type: "leave", ticket: "t-1" });
    await settle();
    await Posted.latest.answers(status, golden("error", { code, id: undefined, retry_after_ms: undefined }));
    await expect(sent).rejects.toMatchObject({ code });
    expect(Posted.frames("leave")).toHaveLength(1);
  });

  test("[stream-5] a token that has run out is asked for anew", async () => {
    const { c } = await streaming();
    void c.request({ type: "leave", ticket: "t-1" });
    await settle();
    await Posted.latest.answers(401, golden("error", { code: "token_expired", id: undefined }));
    await retried(4_000);
    expect([Posted.latest.frame.type, Posted.latest.headers.Authorization]).toEqual(["hello", `Bearer t${count}`]);
    await Posted.latest.streams(welcome({ conn: "next" }));
    expect([c.state.name, Posted.frames("leave").length]).toEqual(["open", 2]);
  });

  test("[stream-5] what a page was told has failed is not posted any more", async () => {
    const { c } = await streaming({ heartbeat_s: 1_000 });
    const sent = expect(c.request({ type: "join", department: "support" })).rejects.toMatchObject({ reason: "timeout" });
    await settle();
    for (let i = 0; i < 20; i++) {
      await Posted.latest.answers(502);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    await sent;
    const posted = Posted.frames("join").length;
    for (let i = 0; i < 12; i++) {
      await Posted.latest.answers(502);
      await vi.advanceTimersByTimeAsync(5_000);
    }
    expect(Posted.frames("join")).toHaveLength(posted);
  });

  test("[stream-5] an answer for the conn before, which is gone, does not end the one after it", async () => {
    const { c } = await streaming({ heartbeat_s: 1_000 });
    await vi.advanceTimersByTimeAsync(239_000);
    void c.request({ type: "leave", ticket: "t-1" });
    await settle();
    const leave = Posted.latest;
    await vi.advanceTimersByTimeAsync(1_000);
    await Posted.latest.streams(welcome({ conn: "next", heartbeat_s: 1_000 }));
    await leave.answers(410);
    await retried();
    expect(c.state.name).toBe("open");
    expect(Posted.frames("leave").map(({ headers }) => headers["Nextup-Conn"])).toEqual([leave.headers["Nextup-Conn"], "next"]);
  });

  test("[stream-6] a beat that was lost is posted again before the next is due", async () => {
    await streaming();
    await vi.advanceTimersByTimeAsync(10_000);
    const [lost] = Posted.frames("heartbeat");
    await lost?.fails();
    await retried();
    expect(Posted.frames("heartbeat")).toHaveLength(2);
  });

  test("[stream-5] a conn that is gone is opened again, and what had no answer is posted on the new one", async () => {
    const { c } = await streaming();
    void c.request({ type: "leave", ticket: "t-1" });
    await settle();
    await Posted.latest.answers(410);
    expect(c.state.name).toBe("waiting");
    await retried(4_000);
    expect(Posted.latest.frame.type).toBe("hello");
    await Posted.latest.streams(welcome({ conn: "next" }));
    expect(Posted.latest.headers["Nextup-Conn"]).toBe("next");
    expect(Posted.frames("leave")).toHaveLength(2);
  });

  test("[stream-6] a stream that is silent is dead, also where posts are answered", async () => {
    const { c } = await streaming();
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(5_000);
      for (const beat of Posted.frames("heartbeat")) {
        await beat.answers(200, golden("heartbeat"));
      }
    }
    expect(c.state.name).not.toBe("open");
  });

  test.each([
    [4002, "waiting"],
    [4500, "stopped"],
  ] as const)("[stream-7] a stream that closes with %i is %s", async (code, state) => {
    const { c, stream } = await streaming();
    await stream.sends(closes(code));
    expect(c.state.name).toBe(state);
  });

  test("[stream-7] a stream that ends without a word comes back", async () => {
    const { c, stream } = await streaming();
    await stream.ends();
    expect(c.state.name).toBe("waiting");
  });

  test("an event may come in pieces, and two at once", async () => {
    const { c, stream } = await streaming();
    const places: number[] = [];
    c.on("ticket", ({ position }) => places.push(position ?? 0));
    const text = event(golden("ticket", { position: 2 })) + event(golden("ticket", { position: 1 }));
    await stream.sends(text.slice(0, 30), text.slice(30));
    expect(places).toEqual([2, 1]);
  });

  test("[stream-2] another stream is opened in time, from where the first has come, and the first is left once that is welcome", async () => {
    const { c, stream } = await streaming({ heartbeat_s: 1_000 });
    await stream.sends(event(golden("ticket", { log: 4711 })));
    await vi.advanceTimersByTimeAsync(240_000);
    const next = Posted.latest;
    expect([next.frame.type, next.frame.log, stream.aborted]).toEqual(["hello", 4711, false]);
    await next.streams(welcome({ conn: "next" }));
    expect([stream.aborted, c.state.name]).toEqual([true, "open"]);
    void c.request({ type: "leave", ticket: "t-1" });
    await settle();
    expect(Posted.latest.headers["Nextup-Conn"]).toBe("next");
  });

  test("a client that is closed while the next stream is opened leaves none, and opens none", async () => {
    const { c } = await streaming({ heartbeat_s: 1_000 });
    await vi.advanceTimersByTimeAsync(240_000);
    const next = Posted.latest;
    c.close();
    await next.streams(welcome({ conn: "next" }));
    await vi.advanceTimersByTimeAsync(600_000);
    expect([next.aborted, Posted.frames("hello").length]).toEqual([true, 2]);
  });

  test("[stream-3] a hello that is refused over HTTP is a refused hello", async () => {
    const c = await connected();
    FakeSocket.latest.serverCloses(1006);
    await retried();
    await Posted.latest.answers(401, golden("error", { code: "bad_token", id: undefined }));
    expect(c.state).toMatchObject({ name: "stopped", error: { code: "bad_token" } });
  });
});
