import { expect, test, type Page } from "@playwright/test";
import { preview, type PreviewServer } from "vite";
import { golden } from "../test/fixtures.ts";
import { ScriptedGateway } from "./scripted.ts";

// The pages by themselves: each state that the server's frames can bring about.

let server: PreviewServer;
let base: string;

test.beforeAll(async () => {
  server = await preview({ root: new URL("..", import.meta.url).pathname, preview: { port: 0, host: "127.0.0.1" } });
  base = server.resolvedUrls?.local[0] ?? "";
});

test.afterAll(() => server.close());

const shot = (page: Page, name: string) =>
  process.env["NEXTUP_PAGE_SHOTS"] ? page.screenshot({ path: `${process.env["NEXTUP_PAGE_SHOTS"]}/${name}.png` }) : null;

const now = () => ({ as_of_ms: Date.now() });
const waiting = (change: object = {}) => golden("ticket", { reason: undefined, ...now(), ...change });
const own = { role: "visitor", id: "v-17", name: "Lin" };

test.describe("the visitor page", () => {
  test("asks where to join, shows the wait before joining, and joins", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    await page.goto(`${base}visitor.html`);
    await expect(page.getByTestId("expected-wait")).toHaveText("Expected wait: about 2–5 min");
    await page.getByTestId("language-zh").check();
    await expect(page.getByTestId("expected-wait")).toHaveText("Expected wait: we can’t say yet");
    await page.getByTestId("topic").fill("付".repeat(60));
    await gateway.isAccessible();
    await shot(page, "visitor-form");
    await page.getByTestId("join").click();
    expect(await gateway.expects("join")).toMatchObject({
      department: "support",
      languages: ["zh"],
      topic: "付".repeat(42), // 126 of 128 bytes
    });
  });

  test("says why a join was refused, in the page's language", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    await page.goto(`${base}visitor.html?lang=zh`);
    await page.getByTestId("join").click();
    const { id } = await gateway.expects("join");
    gateway.sends(golden("error", { id, code: "queue_full", message: "The queue is full.", known: undefined }));
    await expect(page.getByTestId("problem")).toHaveText("队列已满，请稍后再试。");
    await gateway.isAccessible();
  });

  test("[ticket-1] shows the place, who is ahead, the wait and how old that is", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    await page.goto(`${base}visitor.html`);
    await gateway.welcomes();
    gateway.sends(waiting());
    await expect(page.getByTestId("position")).toHaveText("3");
    await expect(page.getByTestId("people-ahead")).toHaveText("2 people ahead of you");
    await expect(page.getByTestId("wait")).toHaveText("about 2–5 min");
    await expect(page.getByTestId("updated")).toContainText("updated just now");
    await expect(page.getByTestId("updated")).toContainText(/updated [2-5] s ago/);
    await expect(page).toHaveTitle("(3) Your place in line · Nextup");
    await gateway.isAccessible();
    await shot(page, "visitor-line-dark");
    await page.emulateMedia({ colorScheme: "light" });
    await shot(page, "visitor-line");
    gateway.sends(waiting({ position: 1, wait: { known: true, low_s: 5, high_s: 40 } }));
    await expect(page.getByTestId("people-ahead")).toHaveText("You are next");
    await expect(page.getByTestId("wait")).toHaveText("under 1 min");
  });

  test("[ticket-4] [ticket-5] says that nobody can say, and why the place got worse", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    await page.goto(`${base}visitor.html?lang=zh`);
    await gateway.welcomes();
    gateway.sends(waiting({ position: 140, size: 400, wait: { known: false }, reason: "returned" }));
    await expect(page.getByTestId("wait")).toHaveText("暂时无法估计");
    await expect(page.getByTestId("reason")).toContainText("客服掉线");
    await gateway.isAccessible();
    await page.emulateMedia({ colorScheme: "light" });
    await shot(page, "visitor-line-zh");
    gateway.sends(waiting({ position: 139, size: 400 }));
    await expect(page.getByTestId("reason")).toHaveCount(0);
  });

  test("chats: entries, read marks, typing, a refused message, and markup that stays text", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    await page.setViewportSize({ width: 390, height: 780 });
    await page.goto(`${base}visitor.html`);
    await gateway.welcomes();
    gateway.sends(golden("ticket.assigned", now()));
    await expect(page.getByTestId("agent-name")).toHaveText("You are talking to Mei");
    const at_ms = Date.now();
    gateway.sends(golden("entry", { number: 1, at_ms, from: own }));
    gateway.sends(golden("entry.member", { number: 2, at_ms }));
    const markup = "<img src=x onerror=alert(1)> & so on";
    gateway.sends(golden("entry", { number: 3, at_ms, text: markup, from: { role: "agent", id: "a-3", name: "Mei" } }));
    gateway.sends(golden("entry.read", { number: 4, up_to: 1 }));
    gateway.sends(golden("typing"));
    await expect(page.getByTestId("entry")).toHaveText([/我的付款被拒绝了.*Read/, "Mei is here now", /<img src=x/]);
    await expect(page.getByTestId("entries").locator("img")).toHaveCount(0);
    await expect(page.getByTestId("typing")).toHaveText("Mei is writing…");
    expect(await gateway.expects("read")).toMatchObject({ up_to: 3 });
    await page.getByTestId("composer").fill("Thank you!\nOne more thing:");
    expect(await gateway.expects("typing")).toMatchObject({ on: true });
    await page.getByTestId("composer").press("Enter");
    const sent = await gateway.expects("send");
    expect(sent).toMatchObject({ text: "Thank you!\nOne more thing:" });
    await gateway.isAccessible();
    await page.emulateMedia({ colorScheme: "light" });
    await shot(page, "visitor-chat-phone");
  });

  test("Enter that ends a CJK composition does not send", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    await page.goto(`${base}visitor.html`);
    await gateway.welcomes();
    gateway.sends(waiting());
    const composer = page.getByTestId("composer");
    await composer.fill("你好");
    await composer.dispatchEvent("keydown", { key: "Enter", isComposing: true });
    await expect(composer).toHaveValue("你好");
    expect(gateway.received.filter((f) => f.type === "send")).toEqual([]);
  });

  test("shows the end and starts again", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    await page.goto(`${base}visitor.html`);
    await gateway.welcomes();
    gateway.sends(golden("ticket.closed", now()));
    await expect(page.getByTestId("ended")).toContainText("The agent has closed the conversation.");
    await gateway.isAccessible();
    await page.emulateMedia({ colorScheme: "light" });
    await shot(page, "visitor-ended");
    await page.getByTestId("rejoin").click();
    await expect(page.getByTestId("join-form")).toBeVisible();
  });

  for (const [lang, interrupted, reconnecting] of [
    ["en", "The service is interrupted. Your place is kept.", "Reconnecting…"],
    ["zh", "服务暂时中断。 您的位置已为您保留。", "正在重连…"],
  ] as const) {
    test(`[availability-2] says plainly in ${lang} that the service is interrupted, keeps what it shows and goes on`, async ({ page }) => {
      const gateway = await ScriptedGateway.start(page);
      await page.goto(`${base}visitor.html?lang=${lang}`);
      await gateway.welcomes();
      gateway.sends(waiting());
      const banner = page.getByTestId("connection");
      await expect(banner).toBeEmpty();
      gateway.sends(golden("availability", now()));
      await expect(banner).toHaveText(interrupted);
      await expect(page.getByTestId("position")).toHaveText("3");
      await gateway.isAccessible();
      await shot(page, `visitor-interrupted-${lang}`);
      await page.getByTestId("composer").fill("kept");
      await page.getByTestId("composer").press("Enter");
      await expect(page.getByTestId("outgoing")).toContainText("kept");
      expect(gateway.received.filter((f) => f.type === "send")).toEqual([]);
      gateway.sends(golden("availability.back", now()));
      await expect(banner).toBeEmpty();
      expect(await gateway.expects("send")).toMatchObject({ text: "kept" });
      gateway.refusesHello(golden("error.busy", { code: "internal", retry_after_ms: 1_200 }));
      await gateway.closes(1011);
      await expect(banner).toContainText(reconnecting);
      await expect(page.getByTestId("position")).toHaveText("3");
      gateway.letsIn();
      await expect(banner).toBeEmpty();
    });
  }

  test("[busy-1] says that too many are coming, lets nobody hurry, and is let in by itself", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    gateway.refusesHello(golden("error.busy", { retry_after_ms: 1_500 }));
    await page.goto(`${base}visitor.html`);
    const banner = page.getByTestId("connection");
    await expect(banner).toContainText("You will be let in shortly.");
    await expect(banner.getByRole("button")).toHaveCount(0);
    await gateway.isAccessible();
    gateway.letsIn();
    await expect(banner).toBeEmpty();
    const [first = 0, second = 0] = gateway.hellosAt;
    expect(second - first).toBeGreaterThanOrEqual(1_500);
  });

  test("comes back by itself from a gateway that cannot serve, and stays away when it must", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page);
    await page.goto(`${base}visitor.html`);
    await gateway.welcomes();
    gateway.sends(waiting());
    await gateway.closes(4003);
    await expect(page.getByTestId("position")).toHaveText("3");
    await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "open");
    await gateway.closes(4503);
    await expect(page.getByTestId("connection")).toContainText("Disconnected.");
    await gateway.isAccessible();
  });
});

test.describe("the agent page", () => {
  const asAgent = { role: "agent", subject: "a-3", name: "Mei", heartbeat_s: 5 };
  const desk = (change: object = {}) => golden("desk", { ...now(), ...change });
  const [offer] = golden("desk").offers;

  async function signedIn(page: Page) {
    const gateway = await ScriptedGateway.start(page, asAgent);
    await page.setViewportSize({ width: 1100, height: 720 });
    await page.goto(`${base}agent.html`);
    await page.getByTestId("sign-in-name").fill("Mei");
    await page.getByTestId("sign-in-zh").check();
    await page.getByTestId("sign-in").click();
    await gateway.welcomes();
    return gateway;
  }

  test("[availability-1] says that the service is interrupted, and goes on", async ({ page }) => {
    const gateway = await signedIn(page);
    gateway.sends(desk({ offers: [] }));
    gateway.sends(golden("availability", now()));
    const banner = page.getByTestId("connection");
    await expect(banner).toHaveText("The service is interrupted. Your conversations are kept.");
    await expect(page.getByTestId("load")).toHaveText("2 of 3 busy");
    await gateway.isAccessible();
    gateway.sends(golden("availability.back", now()));
    await expect(banner).toBeEmpty();
  });

  test("signs in and sets the status", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page, asAgent);
    await page.goto(`${base}agent.html`);
    await gateway.isAccessible();
    await page.emulateMedia({ colorScheme: "light" });
    await shot(page, "agent-sign-in");
    await page.getByTestId("sign-in-name").fill("Mei");
    await page.getByTestId("sign-in").click();
    await gateway.welcomes();
    gateway.sends(desk({ status: "offline", load: 0, offers: [], tickets: [] }));
    await expect(page.getByTestId("load")).toHaveText("0 of 3 busy");
    await page.getByTestId("status-available").check();
    expect(await gateway.expects("status")).toMatchObject({ status: "available" });
    await gateway.isAccessible();
  });

  test("shows an offer with its countdown; A accepts and D declines, but not while writing", async ({ page }) => {
    const gateway = await signedIn(page);
    const offers = [{ ...offer, deadline_ms: Date.now() + 15_000, joined_at_ms: Date.now() - 65_000 }];
    gateway.sends(desk({ offers }));
    gateway.sends(golden("entry", { number: 1, at_ms: Date.now(), from: own }));
    await expect(page.getByTestId("offer-visitor")).toHaveText("Sam");
    await expect(page.getByTestId("countdown")).toHaveText(/^1[0-5] s$/);
    await expect(page).toHaveTitle(/Offer/);
    await page.getByTestId("composer").press("a");
    await gateway.isAccessible();
    await page.emulateMedia({ colorScheme: "light" });
    await shot(page, "agent-desk");
    expect(gateway.received.filter((f) => f.type === "accept")).toEqual([]);
    await page.getByTestId("composer").blur();
    await page.keyboard.press("a");
    expect(await gateway.expects("accept")).toMatchObject({ offer: "o-51aa" });
    await page.keyboard.press("d");
    expect(await gateway.expects("decline")).toMatchObject({ offer: "o-51aa" });
  });

  test("[desk-1] counts what is unread in the other tabs and keeps drafts", async ({ page }) => {
    const gateway = await signedIn(page);
    const [ticket] = golden("desk").tickets;
    const second = { ...ticket, ticket: "t-2", visitor: { role: "visitor", id: "v-2", name: "Ana" }, visitor_lost: false };
    gateway.sends(desk({ offers: [], tickets: [ticket, second] }));
    await page.getByTestId("composer").fill("half a sen");
    gateway.sends(golden("entry", { ticket: "t-2", number: 1, from: second.visitor, text: "hello?" }));
    await expect(page.getByTestId("unread")).toHaveText("1 unread");
    await page.getByTestId("tab").nth(1).click();
    await expect(page.getByTestId("unread")).toHaveCount(0);
    await page.getByTestId("tab").nth(0).click();
    await expect(page.getByTestId("composer")).toHaveValue("half a sen");
    await gateway.isAccessible();
  });

  test("a closed conversation stays to be read until it is dismissed", async ({ page }) => {
    const gateway = await signedIn(page);
    gateway.sends(desk({ offers: [] }));
    await page.getByTestId("close").click();
    expect(await gateway.expects("close")).toMatchObject({ ticket: "t-9f2c" });
    gateway.sends(golden("entry.closed", { number: 1 }));
    gateway.sends(desk({ offers: [], tickets: [] }));
    await expect(page.getByTestId("tab")).toHaveAttribute("data-gone", "true");
    await expect(page.getByTestId("composer")).toHaveCount(0);
    await page.getByTestId("dismiss").click();
    await expect(page.getByTestId("tab")).toHaveCount(0);
  });

  test("fits a phone", async ({ page }) => {
    const gateway = await signedIn(page);
    await page.setViewportSize({ width: 390, height: 780 });
    gateway.sends(desk({ offers: [] }));
    await expect(page.getByTestId("composer")).toBeInViewport();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await shot(page, "agent-phone");
  });
});
