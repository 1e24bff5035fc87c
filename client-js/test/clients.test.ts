import { describe, expect, test, vi } from "vitest";
import { AgentClient, SupervisorClient, VisitorClient } from "../src/core/index.ts";
import { FakeSocket, freshSockets, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";

freshSockets();

const options = { url: "ws://x/v1/connect", token: () => "t", WebSocket: FakeSocket };

describe("a visitor", () => {
  async function visitor() {
    const client = new VisitorClient(options);
    client.connect();
    await settle();
    FakeSocket.latest.welcomes();
    return { client, socket: FakeSocket.latest };
  }

  test("[join-1] joins with a department, languages and a topic and gets a ticket", async () => {
    const { client, socket } = await visitor();
    const joined = client.join({ department: "support", languages: ["zh"], topic: "card" });
    expect(socket.last("join")).toMatchObject({ department: "support", languages: ["zh"], topic: "card" });
    socket.answers("join", { ticket: "t-9f2c" });
    await expect(joined).resolves.toBe("t-9f2c");
  });

  test("[join-1] leaves out what was not given", async () => {
    const { client, socket } = await visitor();
    void client.join({ department: "support" });
    expect(Object.keys(socket.last("join")).toSorted()).toEqual(["department", "id", "type"]);
  });

  test("[ticket-1] shows the newest view and leaves that ticket", async () => {
    const { client, socket } = await visitor();
    expect(client.settled).toBe(false);
    socket.receives(golden("ticket"));
    socket.receives(golden("ticket", { position: 2, reason: undefined }));
    expect([client.settled, client.ticket?.position]).toEqual([true, 2]);
    const left = client.leave();
    expect(socket.last("leave").ticket).toBe("t-9f2c");
    socket.answers("leave");
    await left;
  });

  test("[ticket-2] a welcome without a view means that there is no ticket", async () => {
    const { client, socket } = await visitor();
    socket.receives(golden("ticket"));
    socket.serverCloses(1012);
    await vi.advanceTimersByTimeAsync(250);
    FakeSocket.latest.welcomes();
    expect(client.ticket?.ticket).toBe("t-9f2c");
    vi.advanceTimersByTime(2_000);
    expect([client.ticket, client.conversation, client.settled]).toEqual([undefined, undefined, true]);
  });

  test("[availability-4] while the log is away, no view does not mean that there is no ticket", async () => {
    const { client, socket } = await visitor();
    vi.advanceTimersByTime(1_000);
    socket.receives(golden("availability"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(client.settled).toBe(false);
    socket.receives(golden("availability.back"));
    vi.advanceTimersByTime(1_999);
    expect(client.settled).toBe(false);
    socket.receives(golden("ticket"));
    vi.advanceTimersByTime(2_000);
    expect([client.settled, client.ticket?.position]).toEqual([true, 3]);
  });

  test("[availability-2] a known place stands still while the log is away, and after", async () => {
    const { client, socket } = await visitor();
    const heard: boolean[] = [];
    let changes = 0;
    client.on("available", (available) => heard.push(available));
    socket.receives(golden("ticket"));
    client.on("change", () => changes++);
    socket.receives(golden("availability"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect([client.available, client.ticket?.position]).toEqual([false, 3]);
    socket.receives(golden("availability.back"));
    await vi.advanceTimersByTimeAsync(5_000);
    expect([client.available, client.ticket?.position, heard, changes]).toEqual([true, 3, [false, true], 2]);
  });

  test("another ticket is another conversation", async () => {
    const { client, socket } = await visitor();
    socket.receives(golden("ticket.closed"));
    const first = client.conversation;
    socket.receives(golden("ticket", { ticket: "t-2" }));
    expect(client.conversation).not.toBe(first);
    socket.receives(golden("entry", { ticket: "t-9f2c", number: 1 }));
    expect(client.conversation?.entries).toEqual([]);
  });

  test("[reset-1] a reset without ticket forgets the place until a new view comes", async () => {
    const { client, socket } = await visitor();
    socket.receives(golden("ticket"));
    socket.receives(golden("reset", { ticket: undefined }));
    expect(client.ticket).toBeUndefined();
    socket.receives(golden("ticket"));
    expect(client.ticket?.position).toBe(3);
  });

  test("joins with an urgency, and in that language only, and rates with or without a comment", async () => {
    const { client, socket } = await visitor();
    void client.join({ department: "support", languages: ["ja"], urgency: "high", languageRequired: true });
    expect(socket.last("join")).toMatchObject({ languages: ["ja"], urgency: "high", language_required: true });
    await client.rate(5); // there is nothing to rate yet
    expect(socket.frames("rate")).toEqual([]);
    socket.receives(golden("ticket.closed"));
    void client.rate(4, "quick");
    void client.rate(2);
    expect(socket.frames("rate")).toMatchObject([
      { ticket: "t-9f2c", score: 4, comment: "quick" },
      { ticket: "t-9f2c", score: 2 },
    ]);
    expect(socket.last("rate")).not.toHaveProperty("comment");
  });

  test("[reset-1] a reset keeps the conversation, so that what is being written is not lost", async () => {
    const { client, socket } = await visitor();
    socket.receives(golden("ticket"));
    client.send("hello");
    socket.receives(golden("reset", { ticket: undefined }));
    expect(client.conversation?.outbox).toMatchObject([{ text: "hello" }]);
    socket.receives(golden("ticket"));
    expect(client.conversation?.outbox).toMatchObject([{ text: "hello" }]);
  });

  test("cannot write before joining", async () => {
    const { client } = await visitor();
    expect(() => client.send("hi")).toThrow("no ticket");
  });
});

describe("an agent", () => {
  /** A desk with the first ticket of the fixture alone. */
  const desk = (change: object = {}) => golden("desk", { tickets: golden("desk").tickets.slice(0, 1), ...change });

  async function agent() {
    const client = new AgentClient(options);
    client.connect();
    await settle();
    FakeSocket.latest.welcomes({ role: "agent", subject: "a-3" });
    FakeSocket.latest.receives(desk());
    return { client, socket: FakeSocket.latest };
  }

  test("[desk-1] opens the conversation of every ticket on the desk", async () => {
    const { client, socket } = await agent();
    expect(socket.frames("open")).toMatchObject([{ ticket: "t-9f2c", after: 0 }]);
    socket.receives(golden("entry", { number: 1 }));
    socket.receives(golden("typing", { from: { role: "visitor", id: "v-17" } }));
    expect(client.conversation("t-9f2c")).toMatchObject({ unread: 1, typist: { id: "v-17" } });
  });

  test("hears of each offer once", async () => {
    const { client, socket } = await agent();
    const offers: string[] = [];
    client.on("offer", (o) => offers.push(o.offer));
    const [offer] = golden("desk").offers;
    socket.receives(desk({ offers: [offer, { ...offer, offer: "o-2" }] }));
    socket.receives(desk({ offers: [{ ...offer, offer: "o-2" }] }));
    expect(offers).toEqual(["o-2"]);
  });

  test("[availability-1] hears that the service is interrupted, and keeps the desk", async () => {
    const { client, socket } = await agent();
    const heard: boolean[] = [];
    client.on("available", (available) => heard.push(available));
    socket.receives(golden("availability"));
    expect([client.available, client.desk?.load]).toEqual([false, 3]);
    socket.receives(golden("availability.back"));
    expect([client.available, heard]).toEqual([true, [false, true]]);
  });

  test("sets the status, accepts, declines and closes", async () => {
    const { client, socket } = await agent();
    void client.setStatus("away");
    void client.accept("o-1");
    void client.decline("o-2");
    void client.closeConversation("t-9f2c");
    expect(socket.sent.slice(-4)).toMatchObject([
      { type: "status", status: "away" },
      { type: "accept", offer: "o-1" },
      { type: "decline", offer: "o-2" },
      { type: "close", ticket: "t-9f2c" },
    ]);
  });

  test("transfers with a note for whoever takes it, consults, finishes and leaves", async () => {
    const { client, socket } = await agent();
    void client.transfer("t-9f2c", { department: "trading", tier: 2 }, "checked the card");
    void client.transfer("t-9f2c", { agent: "a-7" });
    void client.consult("t-9f2c", "a-7");
    void client.finish("t-77b0");
    void client.leave("t-5d13");
    expect(socket.sent.slice(-5)).toMatchObject([
      { type: "transfer", ticket: "t-9f2c", to: { department: "trading", tier: 2 }, note: "checked the card" },
      { type: "transfer", to: { agent: "a-7" } },
      { type: "consult", ticket: "t-9f2c", agent: "a-7" },
      { type: "finish", ticket: "t-77b0" },
      { type: "leave", ticket: "t-5d13" },
    ]);
    expect(socket.frames("transfer")[1]).not.toHaveProperty("note");
  });

  test("a note is kept like a message until its entry comes, and counts as nobody's unread", async () => {
    const { client, socket } = await agent();
    const conversation = client.conversation("t-9f2c");
    const id = client.note("t-9f2c", "seems upset");
    expect(socket.last("note")).toMatchObject({ ticket: "t-9f2c", message_id: id, text: "seems upset" });
    expect(conversation?.outbox).toMatchObject([{ message_id: id, type: "note", state: "waiting" }]);
    const from = { role: "agent", id: "a-3", name: "Mei" };
    socket.receives(golden("entry", { number: 1, kind: "note", message_id: id, text: "seems upset", from }));
    socket.receives(golden("entry", { number: 2, kind: "note", message_id: "n-2", text: "yes", from: { role: "agent", id: "a-4" } }));
    expect([conversation?.outbox, conversation?.unread]).toEqual([[], 0]);
    const whisper = { kind: "whisper", message_id: "w-1", text: "offer a refund", from: { role: "supervisor", id: "s-1" } };
    socket.receives(golden("entry", { number: 3, ...whisper }));
    expect(conversation?.unread).toBe(1);
    expect(client.note("t-none", "x")).toBeUndefined();
  });

  test("[offer-1] an accept that came too late is refused with its code", async () => {
    const { client, socket } = await agent();
    const accepted = client.accept("o-1");
    socket.receives(golden("error", { id: socket.last("accept").id, code: "unknown_offer" }));
    await expect(accepted).rejects.toMatchObject({ code: "unknown_offer" });
  });

  test("a ticket that left the desk stays readable until it is dismissed", async () => {
    const { client, socket } = await agent();
    socket.receives(golden("entry", { number: 1 }));
    socket.receives(desk({ tickets: [] }));
    expect(client.held).toMatchObject([{ gone: true, conversation: { unread: 1 } }]);
    client.dismiss("t-9f2c");
    expect(client.held).toEqual([]);
  });

  test("a ticket on the desk cannot be dismissed", async () => {
    const { client } = await agent();
    client.dismiss("t-9f2c");
    expect(client.held).toHaveLength(1);
  });

  test("a ticket that comes back is read from the start", async () => {
    const { client, socket } = await agent();
    socket.receives(golden("entry", { number: 1 }));
    socket.receives(desk({ tickets: [] }));
    socket.receives(desk());
    expect(client.held).toMatchObject([{ gone: false, conversation: { unread: 0 } }]);
    expect(socket.frames("open").map((f) => f.after)).toEqual([0, 0]);
  });

  test("at most 20 tickets that left are kept", async () => {
    const { client, socket } = await agent();
    const [ticket] = golden("desk").tickets;
    for (let i = 0; i < 30; i++) {
      socket.receives(desk({ tickets: [{ ...ticket, ticket: `t-${i}` }] }));
    }
    expect(client.held.filter((h) => h.gone)).toHaveLength(20);
    expect(client.held.at(-1)?.ticket.ticket).toBe("t-29");
  });
});

describe("a supervisor", () => {
  async function supervisor() {
    const client = new SupervisorClient(options);
    client.connect();
    await settle();
    FakeSocket.latest.welcomes({ role: "supervisor", subject: "s-1" });
    FakeSocket.latest.receives(golden("board"));
    return { client, socket: FakeSocket.latest };
  }

  test("shows the newest board, and forgets it at a reset", async () => {
    const { client, socket } = await supervisor();
    const shown: number[] = [];
    client.on("board", (board) => shown.push(board.log));
    expect(client.board).toEqual(golden("board"));
    socket.receives(golden("board", { log: 9_000 }));
    expect([client.board?.log, shown]).toEqual([9_000, [9_000]]);
    socket.receives(golden("reset", { ticket: undefined }));
    expect(client.board).toBeUndefined();
  });

  test("[hello-6] comes back with the number of the board that was shown", async () => {
    const { socket } = await supervisor();
    socket.serverCloses(1012);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.latest.opens();
    expect(FakeSocket.latest.last("hello").log).toBe(golden("board").log);
  });

  test("monitors, speaks to both, whispers, writes notes, and leaves", async () => {
    const { client, socket } = await supervisor();
    client.open("t-1");
    expect(socket.last("open")).toMatchObject({ ticket: "t-1", after: 0 });
    socket.receives(golden("entry", { ticket: "t-1", number: 1 }));
    expect(client.conversation("t-1")?.entries).toHaveLength(1);
    client.send("t-1", "hello both");
    socket.answers("send");
    await settle();
    client.whisper("t-1", "for the agent");
    socket.answers("whisper");
    await settle();
    client.note("t-1", "for us");
    expect(socket.sent.slice(-3)).toMatchObject([
      { type: "send", text: "hello both" },
      { type: "whisper", text: "for the agent" },
      { type: "note", text: "for us" },
    ]);
    client.leave("t-1");
    expect(client.conversation("t-1")).toBeUndefined();
    socket.serverCloses(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    FakeSocket.latest.welcomes({ role: "supervisor" });
    expect(FakeSocket.latest.frames("open")).toEqual([]);
  });

  test("passes tickets on, changes head starts and pauses queues", async () => {
    const { client, socket } = await supervisor();
    void client.transfer("t-1", { agent: "a-7" });
    void client.headStart("t-1", -60, "too early");
    void client.pause("support", "zh", true, "fire drill");
    void client.pause("support", "zh", false);
    expect(socket.sent.slice(-4)).toMatchObject([
      { type: "transfer", ticket: "t-1", to: { agent: "a-7" } },
      { type: "head_start", ticket: "t-1", head_start_s: -60, reason: "too early" },
      { type: "pause", department: "support", language: "zh", paused: true, reason: "fire drill" },
      { type: "pause", paused: false },
    ]);
  });
});

describe("[typing-2] the sign that somebody writes goes with their connection", () => {
  const seat = golden("desk").tickets[0];
  const deskWith = (change: object) => golden("desk", { tickets: [{ ...seat, visitor_lost: false, ...change }] });
  const lost = {
    "a visitor's agent": () => FakeSocket.latest.receives(golden("ticket.agent-lost")),
    "an agent's visitor": () => FakeSocket.latest.receives(deskWith({ visitor_lost: true })),
    "the agent whose guest one is": () => FakeSocket.latest.receives(deskWith({ guest: true, agent_lost: true })),
    "oneself": () => FakeSocket.latest.serverCloses(1006),
  };
  test.each([
    ["a visitor's agent", VisitorClient, golden("ticket.assigned"), { role: "agent", id: "a-3" }],
    ["an agent's visitor", AgentClient, deskWith({}), { role: "visitor", id: "v-17" }],
    ["the agent whose guest one is", AgentClient, deskWith({ guest: true }), { role: "agent", id: "a-9" }],
    ["oneself", VisitorClient, golden("ticket.assigned"), { role: "agent", id: "a-3" }],
  ] as const)("of %s", async (who, Kind, view, from) => {
    const client = new Kind(options);
    client.connect();
    await settle();
    FakeSocket.latest.welcomes(Kind === AgentClient ? { role: "agent", subject: "a-3" } : {});
    FakeSocket.latest.receives(view);
    const typist = () => (client instanceof AgentClient ? client.conversation("t-9f2c") : client.conversation)?.typist;
    FakeSocket.latest.receives(golden("typing", { from: { name: "Somebody", ...from } }));
    expect(typist()).toMatchObject(from);
    const changed = vi.fn<() => void>();
    (client as VisitorClient).on("change", changed);
    lost[who]();
    expect(typist()).toBeUndefined();
    expect(changed).toHaveBeenCalled();
  });
});
