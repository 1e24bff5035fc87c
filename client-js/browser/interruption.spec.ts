import { expect, test } from "@playwright/test";
import { needsRedis, Servers, site } from "./gateway.ts";
import { Agent, leave, Visitor } from "./people.ts";

// What people see of a fault: the page says so, comes back by itself, and
// nobody loses their place or what they wrote.
let servers: Servers | undefined;

test.afterEach(async ({ browser }) => {
  await leave(browser);
  await servers?.stop();
  servers = undefined;
});

test("[close-5] a gateway is killed and comes back while people wait, write and talk", async ({ browser }) => {
  needsRedis();
  servers = new Servers(site({ mei: 1 }));
  await servers.startRedis();
  const gateway = await servers.startGateway();

  const lin = await Visitor.arrives(browser, gateway, "zh");
  await lin.joins("zh", "付款");
  const mei = await Agent.starts(browser, gateway, "Mei", ["zh"]);
  await mei.accepts("付款");
  await lin.status("assigned");
  const bo = await Visitor.arrives(browser, gateway, "zh");
  await bo.joins("zh", "退款");
  await bo.isNumber(1);
  const ada = await Visitor.arrives(browser, gateway, "en");
  await ada.joins("zh", "Account");
  await ada.isNumber(2);
  await ada.says("Before it happens");
  const everybody = [lin, bo, ada, mei];
  for (const person of everybody) {
    await person.mark();
  }

  await test.step("the pages say that they reconnect, and keep what they show", async () => {
    await servers?.kill(gateway);
    for (const person of [ada, mei]) {
      await expect(person.banner).toContainText("Reconnecting…");
    }
    await expect(bo.banner).toContainText("正在重连…");
    await ada.isNumber(2);
    await lin.status("assigned");
    await expect(ada.message("Before it happens")).toBeVisible();
  });

  await test.step("who writes meanwhile sees that it is not sent yet", async () => {
    for (const [person, text] of [[ada, "While it is away"], [ada, "and more"], [mei, "请稍等"]] as const) {
      await person.writes(text);
      await expect(person.outgoing.last()).toContainText(text);
    }
    await expect(ada.outgoing).toHaveCount(2);
  });

  await test.step("they come back by themselves: place, conversation and messages are kept", async () => {
    await servers?.startGateway(gateway);
    for (const person of everybody) {
      await expect(person.banner).toBeEmpty({ timeout: 30_000 });
      await expect(person.outgoing).toHaveCount(0);
    }
    await bo.isNumber(1);
    await ada.isNumber(2);
    await lin.sees("请稍等");
    await expect(ada.messages).toHaveText([/^Before it happens/, /^While it is away/, /^and more/]);
    for (const person of everybody) {
      await person.wasNeverReloaded();
    }
  });

  await test.step("and the line goes on", async () => {
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
