import { expect, test, type Page } from "@playwright/test";
import { preview } from "vite";
import { golden } from "../test/fixtures.ts";
import { Servers, site } from "./gateway.ts";
import { Agent, leave } from "./people.ts";
import { Crowd } from "./crowd.ts";
import { ScriptedGateway } from "./scripted.ts";

// The pictures of the README: NEXTUP_SCREENSHOTS=1 npx playwright test screenshots.
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

// The demo's host page with the widget, and a gateway that the test plays, so
// that the pictures are the same every time.
for (const [name, colorScheme] of [["visitor-in-line", "light"], ["widget-chat", "dark"]] as const) {
  test(`the widget: ${name}`, async ({ browser }) => {
    const server = await preview({ root: new URL("..", import.meta.url).pathname, preview: { port: 0, host: "127.0.0.1" } });
    const context = await browser.newContext({ viewport: { width: 1_180, height: 760 }, colorScheme, locale: "en-GB", deviceScaleFactor: 2 });
    const page = await context.newPage();
    const gateway = await ScriptedGateway.start(page, { urgencies: undefined, topics: undefined });
    await page.goto(`${server.resolvedUrls?.local[0] ?? ""}visitor.html`);
    await gateway.welcomes();
    const plain = { reason: undefined, languages: undefined, hold: undefined, widened: undefined, paused: undefined, rating: undefined };
    const now = () => ({ ...plain, as_of_ms: Date.now() });
    const own = { role: "visitor", id: "v-17", name: "Lin" };
    const mei = { role: "agent", id: "a-3", name: "Mei" };
    const says = (number: number, from: object, text: string) =>
      gateway.sends(golden("entry", { number, from, text, message_id: `m-${number}`, at_ms: Date.now() - 60_000 * (9 - number) }));
    gateway.sends(golden("ticket", { ...now(), position: 4, size: 11, wait: { known: true, low_s: 130, high_s: 290 } }));
    says(1, own, "My card was declined twice this morning. Can you see why?");
    if (name === "widget-chat") {
      gateway.sends(golden("ticket.assigned", { ...now(), agent: mei }));
      gateway.sends(golden("entry.member", { number: 2, at_ms: Date.now() - 400_000, from: mei }));
      says(3, mei, "Hello Lin! I am looking at both payments.");
      says(4, mei, "Your bank asks for a confirmation. It is waiting for you here: https://bank.example/confirm");
      says(5, own, "Confirmed, and it went through. Thank you!");
      gateway.sends(golden("entry.read", { number: 6, up_to: 5, from: mei }));
      gateway.sends(golden("typing", { from: mei }));
    }
    await expect(page.getByText(name === "widget-chat" ? "went through" : "declined twice")).toBeVisible();
    await page.waitForTimeout(600); // the number has arrived
    await take(page, name);
    await server.close();
  });
}

test("an agent's desk with an offer, conversations, a note and the visitor's facts", async ({ browser }) => {
  const rules = site({ mei: 4, diego: 4 }).replace("    departments:", "    visitor_tiers: {gold: 120s}\n    departments:");
  servers = new Servers(rules);
  const gateway = await servers.startGateway();
  const crowd = await Crowd.at(browser, gateway);
  const mei = await Agent.starts(browser, gateway, "Mei", ["en", "zh"]);
  await mei.page.setViewportSize({ width: 1360, height: 800 });
  const takes = async (sub: string, how: { name: string; language: string; topic: string; tier?: string }, ...texts: string[]) => {
    await crowd.joins(sub, how);
    await crowd.says(sub, ...texts);
    await mei.accepts(how.topic);
  };
  await takes("v-ada", { name: "Ada Reyes", language: "en", topic: "Deposit did not arrive" }, "Hi, my deposit did not arrive.");
  await mei.says("It has just been booked: a bank holiday.");
  await mei.closes();
  await crowd.rates("v-ada", 5, "Quick and kind");
  await takes("v-lin", { name: "林小雨", language: "zh", topic: "提现" }, "你好，我的提现还没有到账。");
  await mei.says("您好！我正在查看您的账户。");
  await takes("v-ada", { name: "Ada Reyes", language: "en", topic: "Card payment declined", tier: "gold" }, "My card was declined. Can you see why?");
  await mei.says("Hello Ada! I am looking at your account.");
  await crowd.says("v-ada", "Thank you. It was yesterday at about 18:00, twice.");
  await mei.page.getByTestId("mode-note").click();
  await mei.writes("Two tries at 18:04; the bank asked for a confirmation.");
  await mei.page.getByTestId("mode-send").click();
  await mei.says("I see both. The bank asked for a confirmation; I have sent you the link.");
  await crowd.says("v-ada", "Confirmed, it works now!");
  await crowd.says("v-lin", "大概需要多久？");
  await expect(mei.page.getByTestId("unread")).toHaveText("1 unread");
  await crowd.joins("v-bo", { name: "Bo Larsen", language: "en", topic: "Withdrawal is late", tier: "gold" });
  await mei.isOffered("Withdrawal is late");
  await mei.page.getByTestId("composer").blur();
  await take(mei.page, "agent-desk");
});
