import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { VisitorClient, type StorageLike } from "../src/core/index.ts";
import { FakeSocket, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";
import { Stored } from "./stored.ts";

// What was written and not sent yet outlives the page, where a storage is given.

beforeEach(() => {
  FakeSocket.all = [];
  vi.useFakeTimers({ now: 1_793_996_400_000 });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

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
