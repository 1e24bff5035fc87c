import { describe, expect, test, vi } from "vitest";
import { settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";
import { freshPage, Posted, count, retried, streaming, welcome } from "./stream-kit.ts";

freshPage();

describe("a frame on a stream", () => {
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
});
