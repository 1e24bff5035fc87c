import { describe, expect, test, vi } from "vitest";
import { Connection } from "../src/core/index.ts";
import { comesBack } from "../src/core/backoff.ts";
import { connection, opened, url } from "./connected.ts";
import { FakeSocket, freshSockets, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";

freshSockets();

describe("opening", () => {
  test("[connect-1] [hello-1] the subprotocol is asked for and hello is the first frame", async () => {
    const { c, states } = connection();
    c.connect();
    await settle();
    const socket = FakeSocket.latest;
    expect([socket.url, socket.protocols]).toEqual([url, "nextup.v1"]);
    socket.opens();
    expect(socket.sent).toEqual([{ type: "hello", id: expect.any(String), token: "t1" }]);
    socket.receives(golden("welcome"));
    expect(states.map((s) => s.name)).toEqual(["connecting", "open"]);
  });

  test("[hello-8] the features are those of the newest welcome", async () => {
    const { c } = connection();
    c.connect();
    await settle();
    expect(c.welcome?.features).toBe(undefined);
    FakeSocket.latest.welcomes();
    expect(c.welcome?.features).toEqual(["x-example"]);
    FakeSocket.latest.serverCloses(1012);
    await vi.advanceTimersByTimeAsync(60_000);
    await settle();
    FakeSocket.latest.welcomes({ features: undefined });
    expect(c.welcome?.features).toBe(undefined);
  });

  test("requests made before welcome are sent after it", async () => {
    const { c } = connection();
    void c.request({ type: "join", department: "support" });
    c.connect();
    await settle();
    const socket = FakeSocket.latest;
    socket.opens();
    expect(socket.frames("join")).toEqual([]);
    socket.receives(golden("welcome"));
    expect(socket.frames("join")).toHaveLength(1);
  });

  test("no welcome in 10 s is a lost conn", async () => {
    const { c } = connection();
    c.connect();
    await settle();
    FakeSocket.latest.opens();
    vi.advanceTimersByTime(10_000);
    expect(c.state.name).toBe("waiting");
    expect(FakeSocket.latest.closedWith).toBe(1000);
  });

  test("a token that cannot be had is reported and tried again", async () => {
    let calls = 0;
    const { c } = connection(() => (++calls === 1 ? Promise.reject(new Error("no network")) : "t"));
    const errors: string[] = [];
    c.on("error", (e) => errors.push(e.message));
    c.connect();
    await settle();
    expect([errors, c.state.name]).toEqual([["no network"], "waiting"]);
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.all).toHaveLength(1);
  });

  test("an address that cannot be dialled stops with a reason", async () => {
    const c = new Connection({
      url: "nowhere",
      token: () => "t",
      WebSocket: class extends FakeSocket {
        constructor(address: string, protocols: string) {
          super(address, protocols);
          throw new SyntaxError("bad address");
        }
      },
    });
    c.connect();
    await settle();
    expect(c.state).toMatchObject({ name: "stopped", code: 0, error: { reason: "stopped" } });
  });

  test("a token that comes after close opens nothing", async () => {
    let give: (token: string) => void = () => undefined;
    const { c } = connection(() => new Promise((resolve) => (give = resolve)));
    c.connect();
    c.close();
    give("late");
    await settle();
    expect(FakeSocket.all).toEqual([]);
  });
});

describe("close codes", () => {
  test("[close-1] which codes come back", () => {
    const back = [1000, 1001, 1006, 1008, 1011, 1012, 4000, 4001, 4002, 4003, 4499];
    const away = [1002, 1007, 1009, 4500, 4501, 4502, 4503, 4999];
    expect(back.filter(comesBack)).toEqual(back);
    expect(away.filter(comesBack)).toEqual([]);
  });

  test("[close-2] the back-off has full jitter from the first retry and grows to 30 s", async () => {
    const { c } = connection();
    c.connect();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      await settle();
      FakeSocket.latest.serverCloses(1006);
      if (c.state.name === "waiting") {
        waits.push(c.state.retryAtMS - performance.now());
      }
      await vi.advanceTimersToNextTimerAsync();
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  test("[close-2] a conn that lived for 5 s resets the back-off, a shorter one does not", async () => {
    const { c, socket } = await opened();
    socket.serverCloses(4002);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.latest.welcomes();
    FakeSocket.latest.serverCloses(4002);
    expect(c.state).toMatchObject({ name: "waiting", retryAtMS: performance.now() + 1_000 });
    await vi.advanceTimersByTimeAsync(1_000);
    FakeSocket.latest.welcomes();
    await vi.advanceTimersByTimeAsync(5_000);
    FakeSocket.latest.serverCloses(4002);
    expect(c.state).toMatchObject({ name: "waiting", retryAtMS: performance.now() + 500 });
  });

  test("[hello-6] on coming back hello says which view was shown last, and after a reset it says nothing", async () => {
    const { socket } = await opened();
    const back = async (from: FakeSocket): Promise<FakeSocket> => {
      from.serverCloses(1012);
      await vi.advanceTimersByTimeAsync(2_000);
      FakeSocket.latest.welcomes({});
      return FakeSocket.latest;
    };
    socket.receives(golden("ticket", { log: 4711 }));
    const again = await back(socket);
    expect(again.frames("hello")).toMatchObject([{ log: 4711 }]);
    again.receives({ type: "reset" });
    expect((await back(again)).frames("hello")[0]).not.toHaveProperty("log");
  });

  test("[close-3] [drain-1] after 1012 it comes back within half a second, but not in a loop", async () => {
    const { c, socket } = await opened();
    socket.serverCloses(1012);
    expect(c.state).toMatchObject({ name: "waiting", retryAtMS: performance.now() + 250 }); // half of the most
    await vi.advanceTimersByTimeAsync(250);
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.latest.serverCloses(1012);
    expect(c.state).toMatchObject({ name: "waiting", retryAtMS: performance.now() + 1_000 });
  });

  test.each(["error.busy", "error.too-many"] as const)(
    "[busy-1] [hello-4] [limit-7] after a hello refused with %s it waits as long as it is told, and its jitter",
    async (fixture) => {
      const { c, states } = connection();
      c.connect();
      await settle();
      const socket = FakeSocket.latest;
      socket.opens();
      const refusal = golden(fixture, { id: socket.last("hello").id });
      const asked = refusal.retry_after_ms ?? 0;
      socket.receives(refusal);
      const notBeforeMS = performance.now() + asked;
      socket.serverCloses(4003);
      expect(c.state).toMatchObject({ name: "waiting", notBeforeMS, retryAtMS: notBeforeMS + 500, reason: { code: refusal.code } });
      await vi.advanceTimersByTimeAsync(asked - 1);
      for (const comeBack of [() => c.connect(), () => c.wake(), () => c.close(), () => c.connect()]) {
        comeBack();
        await settle();
      }
      expect([FakeSocket.all.length, c.state.name]).toEqual([1, "waiting"]);
      await vi.advanceTimersByTimeAsync(501);
      expect(FakeSocket.all).toHaveLength(2);
      FakeSocket.latest.welcomes();
      FakeSocket.latest.serverCloses(1006);
      expect(states.at(-1)).toMatchObject({ name: "waiting", reason: undefined });
    },
  );

  test("[busy-1] once the time has passed, connect comes back at once", async () => {
    const { c } = connection();
    c.connect();
    await settle();
    FakeSocket.latest.opens();
    FakeSocket.latest.receives(golden("error.busy", { id: FakeSocket.latest.last("hello").id, retry_after_ms: 2_000 }));
    FakeSocket.latest.serverCloses(4003);
    await vi.advanceTimersByTimeAsync(2_000);
    c.connect();
    await settle();
    expect(FakeSocket.all).toHaveLength(2);
  });

  test("[close-6] with several gateways each failure leads to the next, round and round", async () => {
    const urls = ["ws://a/", "ws://b/", "ws://c/"];
    const { c } = connection(undefined, urls);
    c.connect();
    for (const code of [1006, 1012, 4003, 4002, 1006]) {
      await settle();
      FakeSocket.latest.serverCloses(code);
      await vi.advanceTimersToNextTimerAsync();
    }
    expect(FakeSocket.all.map((s) => s.url)).toEqual([...urls, ...urls]);
  });

  test("[close-6] a gateway that never answers is left for the next, and each client has an order of its own", async () => {
    vi.mocked(Math.random).mockReturnValueOnce(0.9).mockReturnValueOnce(0.1);
    const { c } = connection(undefined, ["ws://a/", "ws://b/"]);
    c.connect();
    await settle();
    await vi.advanceTimersByTimeAsync(10_500); // no welcome, then the jitter
    expect(FakeSocket.all.map((s) => s.url)).toEqual(["ws://b/", "ws://a/"]);
  });

  test("no address at all stops with a reason", async () => {
    const strict = class extends FakeSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols);
        void new URL(address);
      }
    };
    const c = new Connection({ url: [], token: () => "t", WebSocket: strict });
    c.connect();
    await settle();
    expect(c.state).toMatchObject({ name: "stopped", code: 0 });
  });

  test.each([1007, 1009, 4502, 4503])("[close-1] after %d it stays away and pending requests are rejected", async (code) => {
    const { c, socket } = await opened();
    const request = c.request({ type: "status", status: "away" });
    socket.serverCloses(code);
    expect(c.state).toMatchObject({ name: "stopped", code });
    await expect(request).rejects.toMatchObject({ reason: "stopped" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all).toHaveLength(1);
    await expect(c.request({ type: "status", status: "away" })).rejects.toMatchObject({ reason: "stopped" });
  });

  test("[hello-4] a refused hello stops with the server's reason", async () => {
    const { c } = connection();
    c.connect();
    await settle();
    const socket = FakeSocket.latest;
    socket.opens();
    socket.receives(golden("error", { id: socket.last("hello").id, code: "wrong_site", message: "No such site." }));
    socket.serverCloses(4500);
    expect(c.state).toMatchObject({ name: "stopped", code: 4500, error: { message: "No such site.", code: "wrong_site" } });
  });

  test("[close-4] after 4501 it comes back with a new token", async () => {
    const { socket } = await opened();
    socket.serverCloses(4501);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.latest.opens();
    expect(FakeSocket.latest.last("hello").token).toBe("t2");
  });

  test("[close-4] after 4501 it stays away while the token is the same", async () => {
    const { c } = connection(() => "the-only-one");
    c.connect();
    await settle();
    FakeSocket.latest.welcomes();
    FakeSocket.latest.serverCloses(4501);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all).toHaveLength(1);
    expect(c.state).toMatchObject({ name: "stopped", code: 4501 });
  });

  test("close ends it and connect starts it again", async () => {
    const { c, socket } = await opened();
    c.close();
    expect([c.state.name, socket.closedWith]).toEqual(["stopped", 1000]);
    c.connect();
    await settle();
    FakeSocket.latest.welcomes();
    expect(c.state.name).toBe("open");
  });
});

describe("token renewal", () => {
  const life = (ms: number) => ({ now_ms: Date.now(), expires_at_ms: Date.now() + ms });

  test("[renew-1] a minute before the end a new token is handed in, again and again", async () => {
    const { socket } = await opened({ ...life(600_000), heartbeat_s: 3_600 });
    await vi.advanceTimersByTimeAsync(539_999);
    expect(socket.frames("renew")).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.last("renew").token).toBe("t2");
    socket.answers("renew", { expires_at_ms: Date.now() + 600_000 });
    await vi.advanceTimersByTimeAsync(540_000);
    expect(socket.last("renew").token).toBe("t3");
  });

  test("[renew-1] a short token is renewed at half of its life", async () => {
    const { socket } = await opened({ ...life(40_000), heartbeat_s: 3_600 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(socket.frames("renew")).toHaveLength(1);
  });

  test("[renew-2] a refused renewal is reported and tried again in what is left", async () => {
    const { c, socket } = await opened({ ...life(600_000), heartbeat_s: 3_600 });
    const errors: Error[] = [];
    c.on("error", (e) => errors.push(e));
    await vi.advanceTimersByTimeAsync(540_000);
    socket.receives(golden("error", { id: socket.last("renew").id, code: "bad_token", message: "Sign it again." }));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(errors).toMatchObject([{ code: "bad_token" }]);
    expect(socket.frames("renew")).toHaveLength(2);
  });

  test("a token of a year is not renewed too soon", async () => {
    const { socket } = await opened({ ...life(365 * 86_400_000), heartbeat_s: 2_000_000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.frames("renew")).toEqual([]);
  });
});
