import { describe, expect, test, vi } from "vitest";
import { VisitorClient, type StorageLike } from "../src/core/index.ts";
import { FakeSocket, freshSockets, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";
import { Stored } from "./stored.ts";

// What was written and not sent yet outlives the page, where a storage is given.

freshSockets();

/** A page whose visitor is in line. */
async function page(storage: StorageLike) {
  const client = new VisitorClient({ url: "ws://x", token: () => "t", WebSocket: FakeSocket, storage });
  client.connect();
  await settle();
  FakeSocket.latest.welcomes({ heartbeat_s: 3_600 });
  FakeSocket.latest.receives(golden("ticket"));
  await settle();
  return { client, socket: FakeSocket.latest };
}

const own = { role: "visitor", id: "v-17", name: "Lin" };

test("[send-2] a reload sends what has no answer again, in order and with the same message ids", async () => {
  const storage = new Stored();
  const before = await page(storage);
  const ids = [before.client.send("one"), before.client.send("two")];
  before.client.close();
  const { client, socket } = await page(storage);
  expect(client.conversation?.outbox.map((m) => m.text)).toEqual(["one", "two"]);
  socket.answers("send");
  await settle();
  expect(socket.frames("send").map((f) => [f.message_id, f.text])).toEqual([
    [ids[0], "one"],
    [ids[1], "two"],
  ]);
});

test("[send-2] a message that stood there already is not shown twice after a reload", async () => {
  const storage = new Stored();
  const before = await page(storage);
  const id = before.client.send("one");
  before.client.close();
  const { client, socket } = await page(storage);
  socket.receives(golden("entry", { number: 1, message_id: id, text: "one", from: own }));
  expect([client.conversation?.outbox, client.conversation?.entries.length]).toEqual([[], 1]);
  expect([...storage.values]).toEqual([]);
});

test("nothing is kept of what has arrived, was discarded, or belongs to a ticket that is over", async () => {
  const storage = new Stored();
  const { client, socket } = await page(storage);
  const first = client.send("one");
  const second = client.send("two");
  expect(storage.values.size).toBe(1);
  socket.receives(golden("entry", { number: 1, message_id: first, text: "one", from: own }));
  client.conversation?.discard(second);
  expect([...storage.values]).toEqual([]);
  client.send("three");
  socket.receives(golden("ticket", { ticket: "t-next" }));
  expect([...storage.values]).toEqual([]);
});

describe("a message that is not taken never holds up the next", () => {
  test.each([
    ["refused by its id", (s: FakeSocket) => s.receives(golden("error", { id: s.last("send").id, code: "bad_frame" })), "refused"],
    ["not answered in time", () => vi.advanceTimersByTime(30_000), "timeout"],
    ["refused without an id", (s: FakeSocket) => {
      s.receives(golden("error", { id: undefined, code: "bad_frame" }));
      vi.advanceTimersByTime(30_000);
    }, "timeout"],
  ])("%s: it is shown as not sent, and can be tried again or discarded", async (_, fail, reason) => {
    const { client, socket } = await page(new Stored());
    const { conversation } = client;
    const [bad = "", next] = [client.send("bad"), client.send("next")];
    fail(socket);
    await settle();
    expect(conversation?.outbox.map((m) => [m.text, m.state, m.error?.reason])).toEqual([["bad", "refused", reason], ["next", "waiting", undefined]]);
    expect(socket.last("send").message_id).toBe(next);
    socket.answers("send", { number: 1 });
    await settle();
    conversation?.retry(bad);
    expect([socket.last("send").message_id, conversation?.outbox[0]?.error]).toEqual([bad, undefined]);
    socket.answers("send", { number: 2 });
    await settle();
    conversation?.discard(bad);
    expect(conversation?.outbox.map((m) => m.text)).toEqual(["next"]);
  });

  test("without a connection or the log nothing is late, however long that takes", async () => {
    const { client, socket } = await page(new Stored());
    client.send("one");
    await vi.advanceTimersByTimeAsync(29_000);
    socket.receives(golden("availability"));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(client.conversation?.outbox).toMatchObject([{ state: "waiting" }]);
    socket.serverCloses(1006);
    for (let i = 0; i < 20; i++) {
      await vi.advanceTimersByTimeAsync(30_000); // each dial fails
    }
    expect(client.conversation?.outbox).toMatchObject([{ state: "waiting" }]);
    while (client.connection.state.name !== "connecting") {
      await vi.advanceTimersByTimeAsync(100);
    }
    FakeSocket.latest.welcomes({ heartbeat_s: 3_600 });
    FakeSocket.latest.receives(golden("ticket"));
    await vi.advanceTimersByTimeAsync(29_000);
    expect([client.conversation?.outbox[0]?.state, FakeSocket.latest.frames("send").length]).toEqual(["waiting", 1]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(client.conversation?.outbox).toMatchObject([{ state: "refused" }]);
  });

  test("the clock of what is under way goes on when the log is back", async () => {
    const { client, socket } = await page(new Stored());
    client.send("one");
    socket.receives(golden("availability"));
    socket.receives(golden("availability.back"));
    await vi.advanceTimersByTimeAsync(35_000);
    expect(client.conversation?.outbox).toMatchObject([{ state: "refused" }]);
  });
});

test("half of a surrogate pair is sent, shown and kept as the replacement character", async () => {
  const storage = new Stored();
  const { client, socket } = await page(storage);
  client.send("my order \ud83d");
  expect([socket.last("send").text, client.conversation?.outbox[0]?.text]).toEqual(["my order \ufffd", "my order \ufffd"]);
  void client.join({ department: "support", topic: "\udc00 card" });
  void client.rate(1, "bad \ud83d");
  expect([socket.last("join").topic, socket.last("rate").comment]).toEqual(["\ufffd card", "bad \ufffd"]);
  client.send("\u{1f600} whole ones stay");
  socket.answers("send");
  await settle();
  expect(socket.last("send").text).toBe("\u{1f600} whole ones stay");
});

test.each(["", " \n\t", "\u200b\u2060", "\u3164\u00a0\u2800"])("a blank message (%j) is not taken", async (text) => {
  const { client, socket } = await page(new Stored());
  expect(() => client.send(text)).toThrow(expect.objectContaining({ reason: "blank" }));
  expect([client.conversation?.outbox, socket.frames("send")]).toEqual([[], []]);
});

test("a storage that throws is as none", async () => {
  const no = () => {
    throw new Error("SecurityError");
  };
  const { client, socket } = await page({ getItem: no, setItem: no, removeItem: no });
  client.send("one");
  expect(socket.last("send").text).toBe("one");
  expect(client.conversation?.outbox).toMatchObject([{ text: "one", state: "waiting" }]);
});

test.each(["{", "7", '"x"', "[7]", '[{"a":1}]', '[["id"]]', '[["id", 7, "send"]]', '[["id", "x", "close"]]'])(
  "a stored %s is not ours and is left aside",
  async (value) => {
    const storage = new Stored();
    storage.values.set("nextup.outbox.t-9f2c", value);
    const { client, socket } = await page(storage);
    expect([client.conversation?.outbox, socket.frames("send")]).toEqual([[], []]);
  },
);
