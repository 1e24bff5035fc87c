import { describe, expect, test, vi } from "vitest";
import { FakeSocket, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";
import { closes, connected, event, freshPage, Posted, retried, streaming, welcome } from "./stream-kit.ts";

freshPage();

describe("a stream", () => {
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
