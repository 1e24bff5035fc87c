import { describe, expect, test, vi } from "vitest";
import { FakeSocket, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";
import { closes, connected, event, freshPage, Posted, retried, streaming, welcome } from "./stream-kit.ts";

freshPage();

/** A connection of a network that holds streams back, which has polled and is welcome. */
async function polling() {
  const c = await connected();
  FakeSocket.latest.serverCloses(1006);
  await retried();
  const held = Posted.latest;
  await vi.advanceTimersByTimeAsync(4_000);
  const hello = Posted.latest;
  await hello.streams(welcome({ heartbeat_s: 1_000 }));
  await hello.ends();
  return { c, held, hello };
}

const polls = () => Posted.all.filter(({ headers }) => headers["Nextup-Poll"] !== undefined);

describe("where a network holds streams back", () => {
  test("[stream-10] what comes is asked for in answers that end, and the stream is left", async () => {
    const { c, held, hello } = await polling();
    expect([hello.frame.type, hello.headers["Nextup-Poll"], held.aborted, c.state.name]).toEqual(["hello", "0", true, "open"]);
    const places: (number | undefined)[] = [];
    c.on("ticket", ({ position }) => places.push(position));
    for (const position of [3, 2]) {
      await Posted.latest.streams(event(golden("ticket", { position })));
      await Posted.latest.ends();
    }
    expect(places).toEqual([3, 2]);
    expect(polls().map(({ headers }) => headers["Nextup-Poll"])).toEqual(["0", "1", "2", "3"]);
    expect(Posted.latest.headers["Nextup-Conn"]).toBe(golden("welcome.stream" as "welcome").conn);
  });

  test.each([
    ["is lost", (p: Posted) => p.fails()],
    ["is a proxy's", (p: Posted) => p.answers(502)],
    ["is late", (p: Posted) => p.answers(504)],
  ])("[stream-10] an answer that %s is asked for again", async (_, trouble) => {
    const { c } = await polling();
    await trouble(Posted.latest);
    await retried();
    expect([polls().map(({ headers }) => headers["Nextup-Poll"]), c.state.name]).toEqual([["0", "1", "1"], "open"]);
  });

  test("[stream-10] an answer without events is followed by the same question", async () => {
    await polling();
    await Posted.latest.streams();
    await Posted.latest.ends();
    expect(polls().map(({ headers }) => headers["Nextup-Poll"])).toEqual(["0", "1", "1"]);
  });

  test.each([
    ["a close event", async (p: Posted) => p.streams(closes(1012))],
    ["410", (p: Posted) => p.answers(410, golden("error", { code: "hello_first", id: undefined }))],
  ])("[stream-10] %s ends it, and the next conn polls at once", async (_, end) => {
    const { c } = await polling();
    await end(Posted.latest);
    expect(c.state.name).toBe("waiting");
    await retried(4_000);
    expect([Posted.latest.frame.type, Posted.latest.headers["Nextup-Poll"]]).toEqual(["hello", "0"]);
  });

  test("[stream-10] a stream is tried again in time, and polling goes on where it is held", async () => {
    const { c, hello } = await polling();
    await vi.advanceTimersByTimeAsync(240_000);
    const [, , again] = Posted.frames("hello");
    expect([again?.headers["Nextup-Poll"], hello.aborted]).toEqual([undefined, false]);
    await vi.advanceTimersByTimeAsync(4_000);
    await settle();
    expect([Posted.latest.headers["Nextup-Poll"], again?.aborted]).toEqual(["0", true]);
    await Posted.latest.streams(welcome({ conn: "next", heartbeat_s: 1_000 }));
    expect([c.state.name, hello.aborted]).toEqual(["open", true]);
  });

  test("[stream-10] a stream that comes late, but before the poll, is kept", async () => {
    const c = await connected();
    FakeSocket.latest.serverCloses(1006);
    await retried();
    const slow = Posted.latest;
    await vi.advanceTimersByTimeAsync(4_000);
    const poll = Posted.latest;
    await slow.streams(welcome({ heartbeat_s: 1_000 }));
    expect([c.state.name, poll.aborted, slow.aborted]).toEqual(["open", true, false]);
  });

  test("[stream-10] a stream that falls silent is polled", async () => {
    const { c } = await streaming();
    await vi.advanceTimersByTimeAsync(22_000);
    await retried(4_000);
    expect(c.state.name).not.toBe("open");
    expect([Posted.latest.frame.type, Posted.latest.headers["Nextup-Poll"]]).toEqual(["hello", "0"]);
  });
});
