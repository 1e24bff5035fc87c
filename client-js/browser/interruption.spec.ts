import { expect, test, type Browser } from "@playwright/test";
import { needsRedis, Servers, site } from "./gateway.ts";
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
      await expect(person.banner).toBeEmpty({ timeout: 30_000 });
      await expect(person.outgoing).toHaveCount(0);
    }
    await people.bo.isNumber(1);
    await people.ada.isNumber(2);
    await people.lin.sees("请稍等");
    await expect(people.ada.messages).toHaveText([/Before it happens/, /While it is away/, /and more/]);
  });
}
