import { expect, test, type Page } from "@playwright/test";
import { Servers, site } from "./gateway.ts";
import { Agent, leave, Visitor } from "./people.ts";

// The pictures of the README, from a real run: NEXTUP_SCREENSHOTS=1 npx
// playwright test screenshots. Simulated people live at human pace, so that
// takes some minutes.
test.describe.configure({ timeout: 15 * 60_000 });

let servers: Servers | undefined;

test.afterEach(async ({ browser }) => {
  await leave(browser);
  await servers?.stop();
  servers = undefined;
});

function take(page: Page, name: string): Promise<Buffer> {
  const path = new URL(`../../docs/images/${name}.png`, import.meta.url).pathname;
  return page.screenshot({ path, animations: "disabled", caret: "hide", scale: "css" });
}

test("a visitor in line with a known wait", async ({ browser }) => {
  servers = new Servers(site({}));
  const gateway = await servers.startGateway();
  servers.startTraffic(gateway, 14, 2);
  const ada = await Visitor.arrives(browser, gateway, "en");
  await expect(ada.page.getByTestId("expected-wait")).toHaveText(/about \d/, { timeout: 10 * 60_000 });
  await ada.joins("en", "Card payment declined");
  await ada.says("My card was declined. Can you see why?");
  await expect(ada.page.getByTestId("position")).toHaveText(/^[34]$/, { timeout: 10 * 60_000 });
  await expect(ada.page.getByTestId("wait")).toHaveText(/^about \d/);
  await ada.page.getByTestId("composer").blur();
  await take(ada.page, "visitor-in-line");
});

test("an agent's desk with an offer and a conversation", async ({ browser }) => {
  servers = new Servers(site({ mei: 3 }));
  const gateway = await servers.startGateway();
  const mei = await Agent.starts(browser, gateway, "Mei", ["en", "zh"]);
  const lin = await Visitor.arrives(browser, gateway, "zh-CN");
  await lin.joins("zh", "提现");
  await lin.says("你好，我的提现还没有到账。");
  await mei.accepts("提现");
  await mei.says("您好！我正在查看您的账户。");
  const ada = await Visitor.arrives(browser, gateway, "en");
  await ada.joins("en", "Card payment declined");
  await ada.says("My card was declined. Can you see why?");
  await mei.accepts("Card payment declined");
  await mei.says("Hello! I am looking at your account.");
  await ada.says("Thank you. It was yesterday at about 18:00, twice.");
  await mei.says("I see both. The bank asked for a confirmation; I have sent you the link.");
  await ada.says("Confirmed, it works now!");
  await lin.says("大概需要多久？");
  await expect(mei.page.getByTestId("unread")).toHaveText("1 unread");
  const bo = await Visitor.arrives(browser, gateway, "en");
  await bo.joins("en", "Withdrawal is late");
  await mei.isOffered("Withdrawal is late");
  await mei.page.getByTestId("composer").blur();
  await take(mei.page, "agent-desk");
});
