import { describe, expect, test, vi } from "vitest";
import { Connection } from "../src/core/index.ts";
import type * as Fallback from "../src/dom/fallback.ts";
import { url } from "./connected.ts";
import { FakeSocket } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";
import { connected, count, freshPage, page, Posted, retried, storage, streaming, welcome } from "./stream-kit.ts";

freshPage();

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
    const c = new Connection({ url, token: () => "t", WebSocket: anySocket() });
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
