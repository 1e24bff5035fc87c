import { expect, test, vi } from "vitest";
import { VisitorClient, type EntryFrame } from "../src/core/index.ts";
import { FakeSocket, freshSockets, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";

freshSockets();

/** A visitor whose conversation is open on the server. */
async function inConversation() {
  const client = new VisitorClient({ url: "ws://x/v1/connect", token: () => "t", WebSocket: FakeSocket });
  const entries: EntryFrame[] = [];
  client.on("entry", (e) => entries.push(e));
  client.connect();
  await settle();
  const socket = FakeSocket.latest;
  socket.welcomes({ heartbeat_s: 3_600 });
  socket.receives(golden("ticket"));
  socket.answers("open");
  await settle();
  const { conversation } = client;
  if (conversation === undefined) {
    throw new Error("no conversation");
  }
  return { client, conversation, entries, socket };
}

async function reconnect(socket: FakeSocket): Promise<FakeSocket> {
  socket.serverCloses(1006);
  await vi.advanceTimersByTimeAsync(1_000);
  FakeSocket.latest.welcomes({ heartbeat_s: 3_600 });
  FakeSocket.latest.receives(golden("ticket"));
  await settle();
  return FakeSocket.latest;
}

const message = (number: number, change: object = {}) =>
  golden("entry", { number, message_id: `x-${number}`, from: { role: "agent", id: "a-3", name: "Mei" }, ...change });

test("[open-1] a conversation is opened with its ticket, and again after the last entry on every connect", async () => {
  const { entries, socket } = await inConversation();
  expect(socket.frames("open")).toMatchObject([{ ticket: "t-9f2c", after: 0 }]);
  socket.receives(message(1));
  socket.receives(message(2));
  const again = await reconnect(socket);
  expect(again.frames("open")).toMatchObject([{ after: 2 }]);
  again.receives(message(3));
  expect(entries.map((e) => e.number)).toEqual([1, 2, 3]);
});

test("[entry-1] each number is taken once and in order; a gap is asked for", async () => {
  const { entries, socket } = await inConversation();
  socket.receives(message(1));
  socket.receives(message(1));
  socket.receives(message(4));
  expect(socket.frames("open").map((f) => f.after)).toEqual([0, 1]);
  for (const n of [2, 3, 4]) {
    socket.receives(message(n));
  }
  expect(entries.map((e) => e.number)).toEqual([1, 2, 3, 4]);
});

test("[open-2] an open that was refused as busy is tried again", async () => {
  const { conversation, socket } = await inConversation();
  conversation.reset();
  socket.receives(golden("error.later", { id: socket.last("open").id }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket.frames("open")).toHaveLength(3);
});

test("[reset-1] reset drops what is known and reads from the start", async () => {
  const { conversation, socket } = await inConversation();
  socket.receives(message(1));
  socket.receives(golden("reset"));
  expect(conversation.entries).toEqual([]);
  expect(socket.last("open").after).toBe(0);
  socket.receives(message(1, { text: "another past" }));
  expect(conversation.entries).toMatchObject([{ text: "another past" }]);
});

test("[send-1] messages are sent one after the other, so that they stay in order", async () => {
  const { conversation, socket } = await inConversation();
  conversation.send("one");
  conversation.send("two");
  expect(socket.frames("send").map((f) => f.text)).toEqual(["one"]);
  socket.answers("send", { number: 1 });
  await settle();
  expect(socket.frames("send").map((f) => f.text)).toEqual(["one", "two"]);
});

test("[send-2] a message without an answer is sent again with the same message id", async () => {
  const { conversation, socket } = await inConversation();
  const id = conversation.send("hello?");
  const again = await reconnect(socket);
  expect(again.frames("send")).toEqual([socket.last("send")]);
  expect(again.last("send").message_id).toBe(id);
});

test("[send-2] a message stays in the outbox until its entry has come", async () => {
  const { conversation, socket } = await inConversation();
  const id = conversation.send("hello");
  expect(conversation.outbox).toMatchObject([{ text: "hello", state: "waiting" }]);
  socket.answers("send", { number: 1, message_id: id });
  await settle();
  expect(conversation.outbox).toMatchObject([{ state: "sent" }]);
  socket.receives(message(1, { message_id: id, text: "hello", from: { role: "visitor", id: "v-17" } }));
  expect(conversation.outbox).toEqual([]);
});

test("[send-5] a message whose number went to another entry is sent again with the same id", async () => {
  const { conversation, socket } = await inConversation();
  const id = conversation.send("hello");
  const next = conversation.send("anybody?");
  socket.answers("send", { number: 1, message_id: id });
  await settle();
  socket.receives(message(1, { kind: "member" })); // a failover lost the message
  expect(socket.frames("send").map((f) => f.message_id)).toEqual([id, next]);
  socket.answers("send", { number: 2, message_id: next });
  await settle();
  expect(socket.frames("send").map((f) => f.message_id)).toEqual([id, next, id]);
  socket.receives(message(2, { message_id: next, from: { role: "visitor", id: "v-17" } }));
  socket.answers("send", { number: 3, message_id: id });
  await settle();
  socket.receives(message(3, { message_id: id, from: { role: "visitor", id: "v-17" } }));
  expect([conversation.outbox, socket.frames("send").length]).toEqual([[], 3]);
});

test("[send-5] after a reset, what was acknowledged and has not come is sent again", async () => {
  const { conversation, socket } = await inConversation();
  const id = conversation.send("hello");
  socket.answers("send", { number: 7, message_id: id });
  await settle();
  expect(socket.frames("send")).toHaveLength(1);
  socket.receives(golden("reset"));
  expect(socket.frames("send").map((f) => f.message_id)).toEqual([id, id]);
  expect(conversation.outbox).toMatchObject([{ text: "hello", state: "waiting" }]);
});

const unavailable = (socket: FakeSocket) =>
  golden("error.later", { id: socket.last("send").id, code: "unavailable", retry_after_ms: 1_000 });

test("[availability-3] [send-2] messages written while the log is away are sent when it is back, in order and once", async () => {
  const { conversation, socket } = await inConversation();
  conversation.send("before");
  socket.receives(golden("availability"));
  socket.receives(unavailable(socket));
  conversation.send("meanwhile");
  await vi.advanceTimersByTimeAsync(500);
  expect(socket.frames("send").map((f) => f.text)).toEqual(["before"]);
  expect(conversation.outbox.map((m) => m.state)).toEqual(["waiting", "waiting"]);
  socket.receives(golden("availability.back"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket.frames("send")).toEqual([socket.last("send"), socket.last("send")]); // the same id
  socket.answers("send", { number: 1 });
  await settle();
  expect(socket.frames("send").map((f) => f.text)).toEqual(["before", "before", "meanwhile"]);
  socket.answers("send", { number: 2 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.frames("send")).toHaveLength(3);
  expect(conversation.outbox.map((m) => m.state)).toEqual(["sent", "sent"]);
});

test("[availability-3] a message refused as unavailable is tried again after retry_after_ms, as long as it takes", async () => {
  const { conversation, socket } = await inConversation();
  const id = conversation.send("hello?");
  for (let tries = 1; tries <= 5; tries++) {
    expect(socket.frames("send")).toHaveLength(tries);
    socket.receives(unavailable(socket));
    await vi.advanceTimersByTimeAsync(999);
    expect(socket.frames("send")).toHaveLength(tries);
    await vi.advanceTimersByTimeAsync(30_000);
  }
  expect(new Set(socket.frames("send").map((f) => f.message_id))).toEqual(new Set([id]));
});

test("[availability-3] messages written while the log is away survive the loss of the conn as well", async () => {
  const { conversation, socket } = await inConversation();
  socket.receives(golden("availability"));
  const id = conversation.send("still here");
  const again = await reconnect(socket);
  expect([socket.frames("send").length, again.frames("send").map((f) => f.message_id)]).toEqual([0, [id]]);
});

test("[availability-4] an open that the log's absence refused goes on until it is back", async () => {
  const { conversation, socket } = await inConversation();
  conversation.reset();
  socket.receives(golden("availability"));
  socket.receives(golden("error.later", { id: socket.last("open").id, code: "unavailable", retry_after_ms: 120_000 }));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.frames("open")).toHaveLength(2);
  socket.receives(golden("availability.back"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(socket.frames("open")).toHaveLength(3);
});

test("[send-4] a refused message stays, with the reason, and can be tried again or discarded", async () => {
  const { conversation, socket } = await inConversation();
  const id = conversation.send("late");
  conversation.send("later");
  socket.receives(golden("error", { id: socket.last("send").id, code: "conversation_closed" }));
  await settle();
  expect(conversation.outbox).toMatchObject([
    { text: "late", state: "refused", error: { code: "conversation_closed" } },
    { text: "later", state: "waiting" },
  ]);
  socket.answers("send");
  await settle();
  conversation.retry(id);
  expect(socket.last("send")).toMatchObject({ text: "late", message_id: id });
  conversation.discard(id);
  expect(conversation.outbox.map((m) => m.text)).toEqual(["later"]);
});

test("messages written while stopped are sent after connect", async () => {
  const { client, conversation, socket } = await inConversation();
  socket.serverCloses(4502);
  conversation.send("still here");
  await settle();
  expect(conversation.outbox).toMatchObject([{ state: "waiting" }]);
  client.connect();
  await settle();
  FakeSocket.latest.welcomes();
  expect(FakeSocket.latest.frames("send").map((f) => f.text)).toEqual(["still here"]);
});

test("[limit-2] a text that can never be sent is refused at once", async () => {
  const { conversation } = await inConversation();
  expect(() => conversation.send("")).toThrow("1 to 8192 bytes");
  expect(() => conversation.send("中".repeat(2_731))).toThrow("8193");
  for (let i = 0; i < 100; i++) {
    conversation.send("x");
  }
  expect(() => conversation.send("x")).toThrow("More than 100");
});

test("[read-1] a mark is sent up to the last message of others, once, and counts as read at once", async () => {
  const { conversation, socket } = await inConversation();
  socket.receives(message(1));
  socket.receives(message(2));
  expect(conversation.unread).toBe(2);
  conversation.markRead();
  conversation.markRead();
  expect(conversation.unread).toBe(0);
  socket.receives(message(3));
  conversation.markRead();
  expect(socket.frames("read").map((f) => f.up_to)).toEqual([2]);
  socket.answers("read");
  await settle();
  expect(socket.frames("read").map((f) => f.up_to)).toEqual([2, 3]);
  socket.answers("read");
  await settle();
  socket.receives(golden("entry.read", { number: 4, up_to: 3, from: { role: "visitor", id: "v-17" } }));
  conversation.markRead();
  expect(socket.frames("read")).toHaveLength(2);
});

test("[read-2] marks of others tell what they have seen", async () => {
  const { conversation, socket } = await inConversation();
  socket.receives(message(1, { from: { role: "visitor", id: "v-17" } }));
  socket.receives(golden("entry.read", { number: 2, up_to: 1 }));
  expect(conversation.seen).toBe(1);
});

test("[typing-1] own typing is sent at most every 3 s and its end once", async () => {
  const { conversation, socket } = await inConversation();
  conversation.setTyping(false);
  conversation.setTyping(true);
  conversation.setTyping(true);
  vi.advanceTimersByTime(3_000);
  conversation.setTyping(true);
  conversation.setTyping(false);
  conversation.setTyping(false);
  expect(socket.frames("typing").map((f) => f.on)).toEqual([true, true, false]);
});

test("[typing-2] another's typing is shown until it ends, they write, or 6 s passed", async () => {
  const { conversation, socket } = await inConversation();
  const types = () => socket.receives(golden("typing"));
  types();
  expect(conversation.typist).toMatchObject({ name: "Mei" });
  socket.receives(golden("typing", { on: false }));
  expect(conversation.typist).toBeUndefined();
  types();
  socket.receives(message(1));
  expect(conversation.typist).toBeUndefined();
  types();
  vi.advanceTimersByTime(6_000);
  expect(conversation.typist).toBeUndefined();
});

test("[entry-3] an entry of a newer kind is skipped, its number counts", async () => {
  const { conversation, entries, socket } = await inConversation();
  socket.receives({ ...message(1), kind: "rating" } as unknown as EntryFrame);
  socket.receives(message(2));
  expect(socket.frames("open")).toHaveLength(1);
  expect([conversation.unread, entries.length]).toEqual([1, 2]);
});

test("[entry-2] nothing follows closed", async () => {
  const { conversation, socket } = await inConversation();
  socket.receives(golden("entry.closed", { number: 1 }));
  expect(conversation.closed).toBe(true);
});

test("a conversation that is not kept any more counts as closed", async () => {
  const { conversation, socket } = await inConversation();
  conversation.reset();
  socket.receives(golden("error", { id: socket.last("open").id, code: "unknown_ticket" }));
  await settle();
  expect(conversation.closed).toBe(true);
});

test("at most 5,000 entries are kept, the newest", async () => {
  const { conversation, socket } = await inConversation();
  const template = message(1);
  for (let n = 1; n <= 5_003; n++) {
    socket.receives({ ...template, number: n });
  }
  expect([conversation.entries.length, conversation.entries[0]?.number]).toEqual([5_000, 4]);
});

test("[entry-3] an entry that this person may not read counts its number and nothing else", async () => {
  const { conversation, entries, socket } = await inConversation();
  socket.receives(message(1));
  socket.receives({ type: "entry", ticket: "t-9f2c", number: 2, kind: "hidden", at_ms: 1 } as never);
  socket.receives(message(3));
  expect([entries.map((e) => e.number), conversation.unread]).toEqual([[1, 2, 3], 2]);
});

test("10,000 entries in a row are a few changes, and none of them copies the others", async () => {
  const { client, conversation, entries, socket } = await inConversation();
  const { entries: kept } = conversation;
  let changes = 0;
  client.on("change", () => changes++);
  const template = message(1);
  for (let n = 1; n <= 10_000; n++) {
    socket.receives({ ...template, number: n });
    if (n % 5 === 0) {
      vi.advanceTimersByTime(1); // two seconds for all of them
    }
  }
  vi.advanceTimersByTime(400);
  expect(changes).toBeLessThanOrEqual(4); // each of them draws a page anew
  expect(changes).toBeGreaterThan(2); // what comes is seen before all has come
  expect(entries).toHaveLength(10_000); // each was told, once
  expect(conversation.entries).toBe(kept);
  expect([kept.length, kept[0]?.number, kept.at(-1)?.number]).toEqual([5_000, 5_001, 10_000]);
});

test("a message is told of at once, and what follows within a moment with the next change", async () => {
  const { client, socket } = await inConversation();
  const seen: number[] = [];
  client.on("change", () => seen.push(client.conversation?.unread ?? 0));
  socket.receives(message(1));
  expect(seen).toEqual([1]);
  socket.receives(message(2));
  socket.receives(message(3));
  expect(seen).toEqual([1]);
  vi.advanceTimersByTime(200);
  expect(seen).toEqual([1, 3]);
});

test("what is unread is counted as it comes: marks, others' marks and another tab's mark", async () => {
  const { conversation, socket } = await inConversation();
  const own = { role: "visitor", id: "v-17" };
  const read = (number: number, up_to: number, from: object) => socket.receives(golden("entry.read", { number, up_to, from }));
  for (let n = 1; n <= 4; n++) {
    socket.receives(message(n, n === 2 ? { from: own } : {}));
  }
  expect(conversation.unread).toBe(3);
  read(5, 4, { role: "agent", id: "a-3" });
  expect([conversation.unread, conversation.seen]).toEqual([3, 4]);
  read(6, 3, own); // in another tab
  expect(conversation.unread).toBe(1);
  read(7, 1, own); // late
  expect(conversation.unread).toBe(1);
  conversation.markRead();
  expect(conversation.unread).toBe(0);
  socket.receives(golden("error", { id: socket.last("read").id, code: "unknown_ticket" }));
  await settle();
  expect(conversation.unread).toBe(1); // the mark was refused
});
