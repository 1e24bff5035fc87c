import { describe, expect, test, vi } from "vitest";
import { connection, opened } from "./connected.ts";
import { FakeSocket, freshSockets, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";

freshSockets();

describe("heartbeats", () => {
  test("[beat-1] one every heartbeat_s", async () => {
    const { socket } = await opened({ heartbeat_s: 5 });
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(5_000);
      socket.receives(golden("heartbeat"));
    }
    expect(socket.frames("heartbeat").map((f) => Object.keys(f))).toEqual([["type"], ["type"], ["type"], ["type"]]);
  });

  test("[beat-2] two unanswered and the conn is lost", async () => {
    const { c, socket } = await opened({ heartbeat_s: 5 });
    vi.advanceTimersByTime(14_999);
    expect(c.state.name).toBe("open");
    vi.advanceTimersByTime(1);
    expect([c.state.name, socket.closedWith]).toEqual(["waiting", 1000]);
    socket.serverCloses(1006); // what a dead socket says late is not heard
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.all).toHaveLength(2);
  });

  test("[beat-2] any frame counts as an answer", async () => {
    const { c, socket } = await opened({ heartbeat_s: 5 });
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(5_000);
      socket.receives(golden("ticket"));
    }
    expect(c.state.name).toBe("open");
  });

  test("a hidden page whose timers are late sends its heartbeat when it receives", async () => {
    const { socket } = await opened({ heartbeat_s: 5 });
    vi.setSystemTime(Date.now() + 5_000); // time passed, no timer ran
    socket.receives(golden("ticket"));
    expect(socket.frames("heartbeat")).toHaveLength(1);
  });

  test("[beat-3] the log's time follows the latest stamp that is nearest", async () => {
    const { c, socket } = await opened({ now_ms: Date.now() + 7_000 });
    expect(c.now()).toBe(Date.now() + 7_000);
    socket.receives(golden("heartbeat", { as_of_ms: Date.now() + 6_000 })); // it was late
    expect(c.now()).toBe(Date.now() + 7_000);
    socket.receives(golden("heartbeat", { as_of_ms: Date.now() + 7_050 }));
    expect(c.now()).toBe(Date.now() + 7_050);
  });

  const hour = 3_600_000;
  test.each([["an hour ahead", hour], ["an hour back", -hour], ["by a day, twice", 24 * hour]])(
    "this machine's clock is set %s: what is shown as seconds stays seconds, and nothing waits for the clock",
    async (_, step) => {
      const { c, socket } = await opened({ now_ms: Date.now(), heartbeat_s: 10 });
      const begun = c.now();
      for (let second = 1; second <= 25; second++) {
        if (second === 2 || second === 12) {
          vi.setSystemTime(Date.now() + step);
        }
        const asked = socket.frames("heartbeat").length;
        await vi.advanceTimersByTimeAsync(1_000);
        expect(c.now() - begun).toBe(second * 1_000);
        if (socket.frames("heartbeat").length > asked) {
          socket.receives(golden("heartbeat", { as_of_ms: begun + second * 1_000 }));
        }
      }
      expect(c.state.name).toBe("open");
      socket.serverCloses(1006);
      vi.setSystemTime(Date.now() - step);
      await vi.advanceTimersByTimeAsync(500);
      expect(c.state.name).toBe("connecting");
    },
  );

  test("a refused hello's time to come back is kept while the clock is set back", async () => {
    const { c } = connection();
    c.connect();
    await settle();
    FakeSocket.latest.opens();
    const { id } = FakeSocket.latest.last("hello");
    FakeSocket.latest.receives(golden("error.too-many", { id, retry_after_ms: 5_000 }));
    FakeSocket.latest.serverCloses(4003);
    vi.setSystemTime(Date.now() - hour);
    await vi.advanceTimersByTimeAsync(5_000);
    c.connect();
    await settle();
    expect([c.state.name, FakeSocket.all.length]).toEqual(["connecting", 2]);
  });

  test("a machine that slept knows the time again with the first stamp, where its own count stood still", async () => {
    const { c, socket } = await opened({ now_ms: Date.now() });
    const begun = c.now();
    socket.receives(golden("ticket", { as_of_ms: begun + hour }));
    expect(c.now() - begun).toBe(hour);
  });

  test("wake comes back at once from a back-off and probes an open conn", async () => {
    const { c, socket } = await opened();
    c.wake();
    expect(socket.frames("heartbeat")).toHaveLength(1);
    socket.serverCloses(1006);
    c.wake();
    await settle();
    expect(FakeSocket.all).toHaveLength(2);
  });
});

describe("after a sleep or a change of network", () => {
  test("wake gives a silent conn seconds to prove that it lives, and then comes back", async () => {
    const { socket, c } = await opened();
    c.wake();
    await vi.advanceTimersByTimeAsync(3_999);
    expect(c.state.name).toBe("open");
    await vi.advanceTimersByTimeAsync(1);
    expect([c.state.name, socket.closedWith]).toEqual(["waiting", 1000]);
  });

  test("wake begins the back-off anew: a dial into the old network is followed by another within a second", async () => {
    const { c, socket } = await opened();
    vi.spyOn(Math, "random").mockReturnValue(0.999);
    socket.serverCloses(1006);
    for (let failed = 0; failed < 6; failed++) {
      await vi.advanceTimersByTimeAsync(30_000); // by now each wait may last half a minute
      FakeSocket.latest.serverCloses(1006);
    }
    await vi.advanceTimersByTimeAsync(30_000);
    expect(c.state.name).toBe("connecting");
    const dials = FakeSocket.all.length;
    c.wake();
    expect(FakeSocket.all).toHaveLength(dials); // it may yet succeed
    FakeSocket.latest.serverCloses(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.all).toHaveLength(dials + 1);
  });

  test("wake keeps a conn that answers", async () => {
    const { socket, c } = await opened();
    c.wake();
    socket.receives(golden("heartbeat"));
    await vi.advanceTimersByTimeAsync(4_000 + 10_000); // the next beats are as ever
    expect([c.state.name, socket.frames("heartbeat").length]).toEqual(["open", 3]);
    expect(FakeSocket.all).toHaveLength(1);
  });

  test("a heartbeat that comes an hour late probes, and a dead conn is replaced within seconds", async () => {
    const { c } = await opened();
    vi.setSystemTime(Date.now() + 3_600_000); // timers stood still meanwhile
    await vi.advanceTimersByTimeAsync(10_000);
    expect(c.state.name).toBe("open");
    await vi.advanceTimersByTimeAsync(4_000);
    expect(c.state.name).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.all).toHaveLength(2);
  });
});
