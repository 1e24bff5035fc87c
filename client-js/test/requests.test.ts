import { describe, expect, test, vi } from "vitest";
import { connection, opened } from "./connected.ts";
import { FakeSocket, freshSockets } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";

freshSockets();

describe("requests", () => {
  test("[error-1] answers find their request by id, in any order", async () => {
    const { c, socket } = await opened();
    const first = c.request({ type: "accept", offer: "o-1" });
    const second = c.request({ type: "decline", offer: "o-2" });
    socket.answers("decline", { log: 2 });
    socket.receives(golden("error", { id: socket.last("accept").id, code: "unknown_offer" }));
    await expect(second).resolves.toMatchObject({ log: 2 });
    await expect(first).rejects.toMatchObject({ reason: "refused", code: "unknown_offer" });
  });

  test("[request-2] what has no answer is sent again, with the same id and in order, after a reconnect", async () => {
    const { c, socket } = await opened();
    const join = c.request({ type: "join", department: "support" });
    void c.request({ type: "status", status: "away" });
    socket.serverCloses(1012);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.latest.welcomes();
    expect(FakeSocket.latest.sent.slice(1)).toEqual(socket.sent.slice(1));
    FakeSocket.latest.answers("join", { ticket: "t-1" });
    await expect(join).resolves.toMatchObject({ ticket: "t-1" });
  });

  test("[error-3] a refusal that passes by is tried again after retry_after_ms", async () => {
    const { c, socket } = await opened();
    const join = c.request({ type: "join", department: "support" });
    socket.receives(golden("error.later", { id: socket.last("join").id, retry_after_ms: 400 }));
    vi.advanceTimersByTime(399);
    expect(socket.frames("join")).toHaveLength(1);
    vi.advanceTimersByTime(600);
    expect(socket.frames("join")).toHaveLength(2);
    socket.answers("join");
    await expect(join).resolves.toBeDefined();
  });

  test("[limit-8] too_many is for the person to decide: it is not repeated", async () => {
    const { c, socket } = await opened({ heartbeat_s: 3_600 });
    const join = c.request({ type: "join", department: "support" });
    socket.receives(golden("error.too-many", { id: socket.last("join").id }));
    await expect(join).rejects.toMatchObject({ code: "too_many" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.frames("join")).toHaveLength(1);
  });

  test("a request that was never taken is given up with the server's reason", async () => {
    const { c, socket } = await opened({ heartbeat_s: 3_600 });
    const join = c.request({ type: "join", department: "support" }, { timeoutMS: 3_000 });
    socket.receives(golden("error.later", { id: socket.last("join").id, code: "unavailable", retry_after_ms: 9_000 }));
    vi.advanceTimersByTime(3_000);
    await expect(join).rejects.toMatchObject({ reason: "refused", code: "unavailable" });
  });

  test("[error-4] after rate_limited everything without an answer is sent again", async () => {
    const { c, socket } = await opened();
    void c.request({ type: "status", status: "away" });
    const accepted = c.request({ type: "accept", offer: "o-1" });
    socket.answers("status");
    socket.receives(golden("error.later", { id: undefined, code: "rate_limited", retry_after_ms: 1_000 }));
    await vi.advanceTimersByTimeAsync(999);
    expect(socket.frames("accept")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([socket.frames("accept").length, socket.frames("status").length]).toEqual([2, 1]);
    socket.answers("accept");
    await accepted;
  });

  test("a request without an answer is given up", async () => {
    const { c } = await opened({ heartbeat_s: 3_600 });
    const join = c.request({ type: "join", department: "support" }, { timeoutMS: 3_000 });
    vi.advanceTimersByTime(3_000);
    await expect(join).rejects.toMatchObject({ reason: "timeout" });
  });

  test("every request has a time limit, and says what was not answered", async () => {
    const { c } = await opened({ heartbeat_s: 3_600 });
    const requests = [c.request({ type: "status", status: "away" }), c.request({ type: "accept", offer: "o" }, { timeoutMS: Infinity })];
    const seen = Promise.all(requests.map((r) => r.catch((error: Error) => error.message)));
    vi.advanceTimersByTime(600_000);
    expect(await seen).toEqual(["The server did not answer status within 20 s.", "The server did not answer accept within 600 s."]);
  });

  test("[frame-8] the id comes first, so that a refusal can name it whatever is wrong after it", async () => {
    const { c, socket } = await opened();
    void c.request({ type: "accept", offer: "o" });
    expect(Object.keys(socket.last("accept"))[0]).toBe("id");
  });

  test("at most 200 requests wait", async () => {
    const { c } = connection();
    for (let i = 0; i < 200; i++) {
      void c.request({ type: "status", status: "away" }, { timeoutMS: Infinity });
    }
    await expect(c.request({ type: "status", status: "away" })).rejects.toMatchObject({ reason: "overflow" });
  });

  test("an error without id is reported", async () => {
    const { c, socket } = await opened();
    const errors: Error[] = [];
    c.on("error", (e) => errors.push(e));
    socket.receives(golden("error", { id: undefined, code: "bad_frame" }));
    expect(errors).toMatchObject([{ code: "bad_frame" }]);
  });

  test("[version-2] frames of a newer server and junk are survived", async () => {
    const { c, socket } = await opened();
    const errors: Error[] = [];
    c.on("error", (e) => errors.push(e));
    socket.receives({ type: "rating" });
    socket.onmessage?.({ data: "<html>" } as never);
    expect([c.state.name, errors.length]).toEqual(["open", 1]);
  });

  test("a listener that throws stops nobody", async () => {
    const caught: unknown[] = [];
    vi.stubGlobal("queueMicrotask", (task: () => void) => {
      try {
        task();
      } catch (error) {
        caught.push(error);
      }
    });
    const { c, socket } = await opened();
    const heard: string[] = [];
    c.on("ticket", () => {
      throw new Error("mine");
    });
    c.on("ticket", (t) => heard.push(t.ticket));
    socket.receives(golden("ticket"));
    vi.unstubAllGlobals();
    expect([heard, caught]).toEqual([["t-9f2c"], [new Error("mine")]]);
  });
});

describe("the log goes away and comes back", () => {
  const away = () => golden("availability");
  const back = () => golden("availability.back");
  const quiet = { heartbeat_s: 3_600 };

  test("[availability-1] the conn stays open, and each change is told once", async () => {
    const { c, states, socket } = await opened(quiet);
    const heard: boolean[] = [];
    c.on("available", (available) => heard.push(available));
    expect(c.available).toBe(true);
    for (const frame of [away(), away(), back(), back()]) {
      socket.receives(frame);
    }
    expect([heard, c.available, states.map((s) => s.name)]).toEqual([[false, true], true, ["connecting", "open"]]);
  });

  test("[availability-1] after a welcome the log is there until the server says otherwise", async () => {
    const { c, socket } = await opened(quiet);
    socket.receives(away());
    socket.serverCloses(1006);
    expect(c.available).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.latest.welcomes(quiet);
    expect(c.available).toBe(true);
    void c.request({ type: "status", status: "away" });
    expect(FakeSocket.latest.frames("status")).toHaveLength(1);
  });

  test("[availability-3] what is asked meanwhile waits, and is sent once within a second of the return", async () => {
    const { c, socket } = await opened(quiet);
    socket.receives(away());
    const join = c.request({ type: "join", department: "support" });
    await vi.advanceTimersByTimeAsync(1_400);
    expect(socket.frames("join")).toEqual([]);
    socket.receives(back());
    expect(socket.frames("join")).toEqual([]); // all the others send theirs too
    await vi.advanceTimersByTimeAsync(1_000);
    expect(socket.frames("join")).toHaveLength(1);
    socket.answers("join");
    await join;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.frames("join")).toHaveLength(1);
  });

  test("[availability-3] without the news of the return it is tried all the same", async () => {
    const { c, socket } = await opened(quiet);
    socket.receives(away());
    const join = c.request({ type: "join", department: "support" });
    await vi.advanceTimersByTimeAsync(1_500);
    const refusal = golden("error.later", { id: socket.last("join").id, code: "unavailable", retry_after_ms: 1_000 });
    socket.receives(refusal);
    await vi.advanceTimersByTimeAsync(999);
    expect(socket.frames("join")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(socket.frames("join")).toEqual([socket.last("join"), socket.last("join")]);
    socket.answers("join");
    await join;
  });

  test("[availability-3] a renewal and heartbeats do not wait", async () => {
    const { socket } = await opened({ now_ms: Date.now(), expires_at_ms: Date.now() + 40_000, heartbeat_s: 30 });
    socket.receives(away());
    await vi.advanceTimersByTimeAsync(20_000);
    expect(socket.frames("renew")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(socket.frames("heartbeat")).toHaveLength(1);
  });
});
