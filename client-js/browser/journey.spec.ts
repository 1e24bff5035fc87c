import { expect, test, type Browser } from "@playwright/test";
import { needsRedis, Servers, site } from "./gateway.ts";
import { Agent, leave, Visitor } from "./people.ts";

// The main job, by people in a browser: a live place in line, an honest wait,
// and an agent. Mei takes one conversation at a time, so that the line stays.
let servers: Servers | undefined;

test.afterEach(async ({ browser }) => {
  await leave(browser);
  await servers?.stop();
  servers = undefined;
});

test("the journey over Redis: visitors on one gateway, the agent on another", async ({ browser }) => {
  needsRedis();
  servers = new Servers(site({ mei: 1 }));
  await servers.startRedis();
  const [first, second] = [await servers.startGateway(), await servers.startGateway()];
  await journey(browser, first, second);
});

test("the journey on the memory store: everybody on one gateway", async ({ browser }) => {
  servers = new Servers(site({ mei: 1 }));
  const gateway = await servers.startGateway();
  await journey(browser, gateway, gateway);
});

async function journey(browser: Browser, forVisitors: string, forAgents: string): Promise<void> {
  const lin = await Visitor.arrives(browser, forVisitors, "zh-CN");
  const bo = await Visitor.arrives(browser, forVisitors, "zh-CN");
  const ada = await Visitor.arrives(browser, forVisitors, "en");

  await test.step("[join-1] three visitors join the zh queue and see 1, 2, 3, and no wait while no agent is here", async () => {
    await lin.joins("zh", "付款");
    await lin.isNumber(1);
    await bo.joins("zh", "退款");
    await bo.isNumber(2);
    await ada.joins("zh", "Account");
    await ada.isNumber(3);
    await expect(ada.page.getByTestId("people-ahead")).toHaveText("2 people ahead of you");
    await expect(ada.page.getByTestId("updated")).toContainText("updated");
    for (const visitor of [lin, bo, ada]) {
      await expect(visitor.page.getByTestId("wait")).toHaveCount(0);
      await visitor.mark();
    }
  });

  await test.step("the first already writes what is wrong", () => lin.says("我的付款被拒绝了"));

  const mei = await Agent.starts(browser, forAgents, "Mei", ["zh"]);
  await test.step("an agent on the other gateway accepts and reads it", async () => {
    await mei.isOffered("付款");
    await mei.page.keyboard.press("a");
    await mei.sees("我的付款被拒绝了");
    await lin.status("assigned");
    await expect(lin.page.getByTestId("agent-name")).toHaveText("\u2068Mei\u2069 正在为您服务");
  });

  await test.step("the others move up without a reload, and see a wait", async () => {
    await bo.isNumber(1);
    await ada.isNumber(2);
    await expect(bo.page.getByTestId("wait")).toHaveText(/^(暂时无法估计|不到 \d+ 分钟|约 .* 分钟)$/);
    await expect(ada.page.getByTestId("wait")).toHaveText(/^(we can’t say yet|under \d+ min|about .* min)$/);
    await bo.wasNeverReloaded();
    await ada.wasNeverReloaded();
  });

  await test.step("both sides chat, see each other writing and what was read", async () => {
    await mei.page.getByTestId("composer").pressSequentially("您好");
    await expect(lin.page.getByTestId("typing")).toHaveText("\u2068Mei\u2069 正在输入…");
    await mei.says("您好，我来看看。");
    await lin.sees("您好，我来看看。");
    await lin.says("谢谢！\n卡号尾号 1234");
    await mei.sees("卡号尾号 1234");
    await expect(lin.message("谢谢！")).toContainText("已读");
    await expect(mei.message("您好，我来看看。")).toContainText("Read");
  });

  await test.step("[hello-5] the visitor reloads and the conversation is all there", async () => {
    const before = await lin.entries.allTextContents();
    await lin.page.reload();
    await expect(lin.entries).toHaveText(before);
    await lin.status("assigned");
    await lin.says("我回来了");
    await mei.sees("我回来了");
  });

  await test.step("[close-5] a reload while waiting keeps the place", async () => {
    await bo.page.reload();
    await bo.isNumber(1);
    await ada.page.reload();
    await ada.isNumber(2);
    await expect(mei.offer).toHaveCount(0);
  });

  await test.step("the agent closes and the next visitor is offered", async () => {
    await mei.closes();
    await expect(lin.page.getByTestId("visitor")).toContainText("客服已结束对话");
    await mei.accepts("退款");
    await bo.status("assigned");
    await ada.isNumber(1);
  });

  await test.step("[leave-1] [ticket-3] who comes back is last, who leaves is gone, who is declined keeps the place", async () => {
    await lin.page.getByTestId("rejoin").click();
    await lin.joins("zh", "又是我");
    await lin.isNumber(2);
    await ada.leaves();
    await expect(ada.page.getByTestId("visitor")).toContainText("You have left.");
    await lin.isNumber(1);
    await mei.closes();
    await mei.isOffered("又是我");
    const declined = await mei.offer.getAttribute("data-offer");
    await mei.page.keyboard.press("d");
    await expect(mei.page.locator(`[data-offer="${declined}"]`)).toHaveCount(0);
    await lin.isNumber(1);
    const noor = await Agent.starts(browser, forAgents, "Noor", ["zh"]);
    await noor.accepts("又是我");
    await lin.status("assigned");
    await expect(mei.offer).toHaveCount(0);
  });

  mei.neverHadMoreThan(1);
}
