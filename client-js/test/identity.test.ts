import { beforeEach, describe, expect, test, vi } from "vitest";
import { AgentClient, identityOf, SupervisorClient, VisitorClient } from "../src/core/index.ts";
import { FakeSocket, freshSockets, settle } from "./fake-socket.ts";
import { golden } from "./fixtures.ts";
import { Stored } from "./stored.ts";

// Another person on a live page: what belonged to the one before is gone at once.

freshSockets();

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
const tokenOf = (sub: string, claims: object = {}) =>
  `${encode({ alg: "HS256" })}.${encode({ site: "shop", role: "visitor", sub, ...claims })}.signature`;

/** Lin is in line, has read an answer, and has a message under way. */
async function lin(first: () => string | Promise<string> = () => source.token) {
  const storage = new Stored();
  const client = new VisitorClient({ url: "ws://x", token: () => first(), WebSocket: FakeSocket, storage });
  client.connect();
  await settle();
  FakeSocket.latest.welcomes({ expires_at_ms: Date.now() + 600_000, heartbeat_s: 3_600 });
  FakeSocket.latest.receives(golden("ticket"));
  FakeSocket.latest.receives(golden("entry", { number: 1, text: "Dear Lin" }));
  client.send("a secret of Lin's");
  return { client, storage, socket: FakeSocket.latest };
}

const source = { token: "" };
beforeEach(() => void (source.token = tokenOf("lin")));

/** What can be told of Lin by the client, its storage and the socket that is open now. */
function left({ client, storage, socket }: Awaited<ReturnType<typeof lin>>) {
  const sent = FakeSocket.all.filter((s) => s !== socket).flatMap((s) => s.frames("send"));
  return [client.ticket, client.conversation, client.connection.welcome?.subject, [...storage.values], sent];
}

const nothing = [undefined, undefined, undefined, [], []];

describe("nothing is left of Lin, and what Lin wrote is not sent in Bo's name,", () => {
  const changes: [string, (page: Awaited<ReturnType<typeof lin>>) => unknown][] = [
    ["when the page says that Bo is here", ({ client }) => client.identify(() => tokenOf("bo"))],
    ["when the page signs Lin out", ({ client }) => client.logout()],
    ["when the token that is asked for by the way is Bo's", async ({ client }) => {
      source.token = tokenOf("bo");
      client.connection.recheck();
      await settle();
    }],
    ["when the token of a renewal is Bo's", async () => {
      source.token = tokenOf("bo");
      await vi.advanceTimersByTimeAsync(540_000);
    }],
    ["when the token after a reconnect is Bo's", async ({ socket }) => {
      source.token = tokenOf("bo");
      socket.serverCloses(1012);
      await vi.advanceTimersByTimeAsync(500);
    }],
    ["when the token is of the same name on another site", async ({ client }) => {
      source.token = tokenOf("lin", { site: "bank" });
      client.connection.recheck();
      await settle();
    }],
  ];
  test.each(changes)("%s", async (_, change) => {
    const page = await lin();
    expect(left(page)).not.toEqual(nothing);
    await change(page);
    expect(left(page)).toEqual(nothing);
    await settle();
    if (FakeSocket.latest !== page.socket) {
      expect(page.socket.closedWith).toBe(1000);
      FakeSocket.latest.welcomes({ subject: "bo" });
      await settle();
      expect(FakeSocket.latest.sent.map((f) => f.type)).toEqual(["hello"]);
    }
  });
});

test("the same person's next token changes nothing, whatever else it says", async () => {
  const page = await lin();
  source.token = tokenOf("lin", { name: "Lin Chen", exp: 9 });
  page.client.connection.recheck();
  await settle();
  expect(page.socket.last("renew").token).toBe(source.token);
  expect([page.client.ticket?.ticket, page.client.conversation?.outbox.length, FakeSocket.all.length]).toEqual(["t-9f2c", 1, 1]);
});

test.each(["<html>Please log in</html>", "", '{"error":"log in"}', undefined, null])(
  "a source that gives %j is asked again later: it is no refusal for good",
  async (answer) => {
    let given: unknown = answer;
    const client = new VisitorClient({ url: "ws://x", token: () => given as string, WebSocket: FakeSocket });
    const errors: string[] = [];
    client.on("error", (error) => errors.push(error.message));
    client.connect();
    await settle();
    expect([client.connection.state.name, FakeSocket.all.length, errors]).toEqual(["waiting", 0, ["The token source gave no token."]]);
    given = tokenOf("lin");
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.all).toHaveLength(1);
  },
);

test("an answer that is no token ends no one's conversation", async () => {
  const page = await lin();
  source.token = "<html>Please log in</html>";
  page.client.connection.recheck();
  await settle();
  expect(page.client.conversation?.outbox).toHaveLength(1);
});

test.each([
  ["the connect", false],
  ["a renewal", true],
])("Lin's token that %s had asked for, and that comes after the change, is not used", async (_, opened) => {
  let answer: (token: string) => void = () => undefined;
  const slow = () => new Promise<string>((resolve) => (answer = resolve));
  let client: VisitorClient;
  if (opened) {
    const page = await lin(() => (FakeSocket.all.length === 0 ? tokenOf("lin") : slow()));
    client = page.client;
    client.connection.recheck();
  } else {
    client = new VisitorClient({ url: "ws://x", token: slow, WebSocket: FakeSocket });
    client.connect();
  }
  client.identify(() => tokenOf("bo"));
  await settle();
  const bo = FakeSocket.latest;
  bo.welcomes({ subject: "bo" });
  answer(tokenOf("lin"));
  await settle();
  expect([FakeSocket.latest === bo, bo.last("hello").token, client.connection.welcome?.subject]).toEqual([true, tokenOf("bo"), "bo"]);
  expect(bo.frames("renew")).toEqual([]);
});

test("what Lin asked for is given up with a reason", async () => {
  const { client } = await lin();
  const joined = client.join({ department: "support" });
  client.identify(() => tokenOf("bo"));
  await expect(joined).rejects.toMatchObject({ reason: "stopped" });
});

test("an agent's desk and a supervisor's board are gone as a visitor's place is", async () => {
  const token = () => source.token;
  const agent = new AgentClient({ url: "ws://x", token, WebSocket: FakeSocket });
  const supervisor = new SupervisorClient({ url: "ws://x", token, WebSocket: FakeSocket });
  for (const client of [agent, supervisor]) {
    client.connect();
    await settle();
    FakeSocket.latest.welcomes();
    FakeSocket.latest.receives(golden("desk"));
    FakeSocket.latest.receives(golden("board"));
  }
  expect([agent.held.length, supervisor.board?.queues.length]).toEqual([3, expect.any(Number)]);
  const changed: string[] = [];
  agent.on("identity", (identity) => changed.push(identity));
  agent.logout();
  supervisor.logout();
  expect([agent.desk, agent.held, supervisor.board, changed]).toEqual([undefined, [], undefined, [""]]);
});

test("a token is told apart by its site, role and subject", () => {
  expect(identityOf(tokenOf("lin"))).toBe('["shop","visitor","lin"]');
  for (const other of ["", "x", "a.b.c", `a.${encode([])}.c`, "a.e30.c", "a.bnVsbA.c", "<html>a.b.c</html>"]) {
    expect([other, identityOf(other)]).toEqual([other, ""]);
  }
});
