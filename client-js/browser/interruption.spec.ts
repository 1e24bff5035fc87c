import { expect, test, type Browser } from "@playwright/test";
import { WebSocket } from "ws";
import { AgentClient, VisitorClient, type Conversation } from "../src/core/index.ts";
import { needsRedis, Servers, site } from "./gateway.ts";
import { mint } from "./host.ts";
import { Agent, leave, Visitor } from "./people.ts";

// What people see of a fault: the page says so, comes back by itself, and
// nobody loses their place or what they wrote.
let running: Servers | undefined;

test.afterEach(async ({ browser }) => {
  await leave(browser);
  await running?.stop();
  running = undefined;
});

test("[close-5] a gateway is killed and comes back while people wait, write and talk", async ({ browser }) => {
  const { servers, gateway, people } = await start(browser);
  const { lin, bo, ada, mei } = people;
  for (const person of Object.values(people)) {
    await person.mark();
  }

  await test.step("the pages say that they reconnect, and keep what they show", async () => {
    await servers.kill(gateway);
    for (const person of [ada, mei]) {
      await expect(person.banner).toContainText("Reconnecting…");
    }
    await expect(bo.banner).toContainText("正在重连…");
    await ada.isNumber(2);
    await lin.status("assigned");
    await expect(ada.message("Before it happens")).toBeVisible();
  });
  await writeMeanwhile(people);
  await servers.startGateway(gateway);
  await isAllThere(people);

  await test.step("nobody reloaded, and the line goes on", async () => {
    for (const person of Object.values(people)) {
      await person.wasNeverReloaded();
    }
    await lin.says("谢谢");
    await mei.sees("谢谢");
    await mei.closes();
    await mei.accepts("退款");
    await ada.isNumber(1);
    await mei.closes();
    await mei.accepts("Account");
    await expect(mei.messages).toHaveText([/Before it happens/, /While it is away/, /and more/]);
  });
});

test("[availability-2] [availability-3] [availability-4] Redis is killed and comes back while people wait, write and talk", async ({ browser }) => {
  const { servers, people } = await start(browser);
  const { bo, ada, mei } = people;
  const sockets = Object.values(people).map((person) => person.countSockets());

  await test.step("the pages say that the service is interrupted, and keep what they show", async () => {
    await servers.killRedis();
    await expect(ada.banner).toHaveText("The service is interrupted. Your place is kept.");
    await expect(bo.banner).toHaveText("服务暂时中断。 您的位置已为您保留。");
    await expect(mei.banner).toHaveText("The service is interrupted. Your conversations are kept.");
    await ada.isNumber(2);
  });
  await writeMeanwhile(people);
  await servers.startRedis();
  await isAllThere(people);

  await test.step("the line goes on over the same sockets", async () => {
    await mei.closes();
    await mei.accepts("退款");
    await ada.isNumber(1);
    expect(sockets.map((opened) => opened())).toEqual([0, 0, 0, 0]);
  });
});

test("[close-5] both gateways are drained in turn while a program of Node and an agent write: nothing is lost, doubled or out of order", async () => {
  needsRedis();
  const servers = new Servers(site({}, { languages: "[en]" }));
  running = servers;
  await servers.startRedis();
  const gateways = [await servers.startGateway(), await servers.startGateway()];
  const url = gateways.map((address) => `${address.replace(/^http/, "ws")}/v1/connect`);
  const lin = new VisitorClient({ url, token: () => mint({ sub: "v-1", name: "Lin" }), WebSocket });
  const mei = new AgentClient({ url, token: () => mint({ sub: "mei", name: "Mei", role: "agent", languages: ["en"] }), WebSocket });
  mei.on("offer", ({ offer }) => void mei.accept(offer));
  lin.connect();
  mei.connect();
  await lin.join({ department: "support", languages: ["en"] });
  await mei.setStatus("available");
  await expect.poll(() => lin.ticket?.status).toBe("assigned");
  await expect.poll(() => mei.held.length).toBe(1);

  const writes = (conversation: Conversation | undefined, who: string, from: number) => {
    for (let n = from; n < from + 20; n++) {
      conversation?.send(`${who} ${n}`);
    }
  };
  const sockets = { lin: 0, mei: 0 };
  lin.on("state", ({ name }) => (sockets.lin += name === "open" ? 1 : 0));
  mei.on("state", ({ name }) => (sockets.mei += name === "open" ? 1 : 0));
  for (const [i, gateway] of gateways.entries()) {
    writes(lin.conversation, "lin", 20 * i);
    writes(mei.held[0]?.conversation, "mei", 20 * i);
    await servers.drain(gateway);
    await servers.startGateway(gateway);
  }
  const all = (who: string) => Array.from({ length: 40 }, (_, n) => `${who} ${n}`);
  for (const conversation of [lin.conversation, mei.held[0]?.conversation]) {
    const said = (who: string) => conversation?.entries.filter((e) => e.kind === "message").flatMap(({ text = "" }) => (text.startsWith(who) ? text : [])) ?? [];
    await expect.poll(() => said("lin").length + said("mei").length).toBe(80);
    expect([said("lin"), said("mei")]).toEqual([all("lin"), all("mei")]);
    await expect.poll(() => conversation?.outbox.length).toBe(0);
  }
  expect(lin.ticket?.status).toBe("assigned");
  // Both were sent elsewhere; who had heard everything before may still be on the way.
  await expect.poll(() => Math.min(sockets.lin, sockets.mei)).toBeGreaterThan(0);
  lin.close();
  mei.close();
});

interface People {
  lin: Visitor;
  bo: Visitor;
  ada: Visitor;
  mei: Agent;
}

/** Mei talks to Lin; Bo and Ada wait, and Ada has written already. */
async function start(browser: Browser): Promise<{ servers: Servers; gateway: string; people: People }> {
  needsRedis();
  const servers = new Servers(site({ mei: 1 }));
  running = servers;
  await servers.startRedis();
  const gateway = await servers.startGateway();
  const lin = await Visitor.arrives(browser, gateway, "zh-CN");
  await lin.joins("zh", "付款");
  const mei = await Agent.starts(browser, gateway, "Mei", ["zh"]);
  await mei.accepts("付款");
  await lin.status("assigned");
  const bo = await Visitor.arrives(browser, gateway, "zh-CN");
  await bo.joins("zh", "退款");
  await bo.isNumber(1);
  const ada = await Visitor.arrives(browser, gateway, "en");
  await ada.joins("zh", "Account");
  await ada.isNumber(2);
  await ada.says("Before it happens");
  return { servers, gateway, people: { lin, bo, ada, mei } };
}

async function writeMeanwhile({ ada, mei }: People): Promise<void> {
  await test.step("who writes meanwhile sees that it is not sent yet", async () => {
    for (const [person, text] of [[ada, "While it is away"], [ada, "and more"], [mei, "请稍等"]] as const) {
      await person.writes(text);
      await expect(person.outgoing.last()).toContainText(text);
    }
    await expect(ada.outgoing).toHaveCount(2);
  });
}

async function isAllThere(people: People): Promise<void> {
  await test.step("they go on by themselves: place, conversation and messages are kept, each once", async () => {
    for (const person of Object.values(people)) {
      await expect(person.banner).toBeEmpty();
      await expect(person.outgoing).toHaveCount(0);
    }
    await people.bo.isNumber(1);
    await people.ada.isNumber(2);
    await people.lin.sees("请稍等");
    await expect(people.ada.messages).toHaveText([/Before it happens/, /While it is away/, /and more/]);
  });
}
