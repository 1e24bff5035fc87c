import { expect, test, type Page } from "@playwright/test";
import { WebSocket } from "ws";
import { AgentClient } from "../src/core/index.ts";
import { atBoard, board } from "./desk-kit.ts";
import { Servers, site } from "./gateway.ts";
import { Host, mint, watch } from "./host.ts";
import { pages, shot } from "./pages.ts";
import { leave, Visitor } from "./people.ts";

// Browsers and frames that lack what most have.

let servers: Servers;
let gateway: string;
let host: Host;
let agent: AgentClient | undefined;

test.beforeAll(async () => {
  servers = new Servers(site({}, { languages: "[en]", origins: '["*"]' }));
  gateway = await servers.startGateway();
  host = await Host.serves(() => {
    const framed = `<body><script async src="${gateway}/widget.js" data-token="${mint({ sub: "v-sandbox", name: "Lin" })}" data-open></script>`;
    return `<iframe sandbox="allow-scripts" width="600" height="760" srcdoc='${framed}'></iframe>`;
  });
});
test.afterAll(async () => {
  await host.stop();
  await servers.stop();
});
test.afterEach(async ({ browser }) => {
  agent?.close();
  agent = undefined;
  await leave(browser);
});

test("in a frame that may run scripts and nothing else, joining, writing and rating work by press and by Enter", async ({ page }) => {
  const seen = watch(page);
  await page.goto(host.address);
  const frame = page.frameLocator("iframe");
  await frame.getByTestId("topic").fill("card");
  await frame.getByTestId("topic").press("Enter");
  await expect(frame.getByTestId("position")).toHaveText("1");
  await frame.getByTestId("composer").fill("by press");
  await frame.getByTestId("send").click();
  await frame.getByTestId("composer").fill("by Enter");
  await frame.getByTestId("composer").press("Enter");
  await expect(frame.locator("[data-kind=message]")).toHaveCount(2);
  const url = `${gateway.replace(/^http/, "ws")}/v1/connect`;
  const mei = new AgentClient({ url, token: () => mint({ sub: "mei", name: "Mei", role: "agent", languages: ["en"] }), WebSocket });
  agent = mei;
  mei.on("offer", ({ offer }) => void mei.accept(offer));
  mei.connect();
  void mei.setStatus("available");
  await expect(frame.getByTestId("agent-name")).toBeVisible();
  await mei.closeConversation(mei.held[0]?.ticket.ticket ?? "");
  await frame.getByTestId("score-4").check();
  await frame.locator(".rating textarea").fill("fine");
  await frame.locator(".rating button").click();
  await expect(frame.locator(".rated .lit")).toHaveCount(4);
  await frame.getByTestId("rejoin").click();
  await frame.getByTestId("join").click();
  await frame.getByTestId("leave").click();
  await frame.getByTestId("leave-sure").click();
  await expect(frame.getByTestId("rejoin")).toBeVisible();
  expect(seen.errors).toEqual([]);
});

/** The browser of a page says that its user reads these. */
const speaks = (page: Page, languages: string[] | undefined) =>
  page.addInitScript((tags) => {
    Object.defineProperty(navigator, "languages", { configurable: true, get: () => tags });
    Object.defineProperty(navigator, "language", { configurable: true, get: () => tags?.[0] });
  }, languages);

for (const languages of [["C"], ["en_US.UTF-8", "C"], ["POSIX"], [""], ["xx-"], [], undefined]) {
  test(`a supervisor whose browser's languages are ${JSON.stringify(languages)} sees the board and its chart`, async ({ page }) => {
    const seen = watch(page);
    await speaks(page, languages);
    const desk = await atBoard(page, pages);
    desk.sends(board());
    await expect(page.getByTestId("in-line")).toBeVisible();
    await expect(page.getByTestId("chart").locator("canvas")).toBeVisible();
    expect(seen.errors).toEqual([]);
  });

  test(`a browser whose languages are ${JSON.stringify(languages)} chats on the demo page as others do`, async ({ browser }) => {
    const page = await (await browser.newContext()).newPage();
    const seen = watch(page);
    await speaks(page, languages);
    const visitor = await Visitor.opens(page, `${gateway}/visitor.html`);
    await page.getByTestId("join").click();
    await expect(page.getByTestId("position")).toBeVisible();
    await visitor.says("hello");
    await visitor.leaves();
    await expect(page.getByTestId("rejoin")).toBeVisible();
    expect(seen.errors).toEqual([]);
  });
}

test("the box to write in grows with its text up to a limit, and shrinks again, without field-sizing", async ({ browser }) => {
  const page = await (await browser.newContext({ viewport: { width: 1_000, height: 760 } })).newPage();
  const visitor = await Visitor.opens(page, `${gateway}/visitor.html`);
  await page.getByTestId("join").click();
  const box = page.getByTestId("composer");
  await expect(box).toHaveCSS("field-sizing", "fixed");
  const height = () => box.evaluate((e) => Math.round(e.getBoundingClientRect().height));
  const one = await height();
  await box.fill("1\n2\n3");
  const three = await height();
  await shot(page, "three-lines");
  await box.fill("1\n2\n3\n4\n5\n6\n7");
  const seven = await height();
  await shot(page, "seven-lines");
  await box.fill(`${"word ".repeat(15)}and ${"W".repeat(60)}`);
  expect([three > one + 30, seven > three, seven <= 124, (await height()) > one + 30]).toEqual([true, true, true, true]);
  await box.press("Enter");
  await expect(visitor.messages).toHaveCount(1);
  expect(await height()).toBe(one);
});
