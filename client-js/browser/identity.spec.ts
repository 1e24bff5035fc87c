import { expect, test, type BrowserContext, type Page } from "@playwright/test";
import type { NextupChat } from "../src/widget/index.ts";
import { Servers, site } from "./gateway.ts";
import { Host, mint } from "./host.ts";
import { leave, Visitor } from "./people.ts";

// Another person on a live page, or none: nothing of the one before is seen, kept or sent.

let servers: Servers;
let host: Host;

test.beforeAll(async () => {
  servers = new Servers(site({}, { languages: "[en]", origins: '["*"]' }));
  const gateway = await servers.startGateway();
  host = await Host.serves(() => `<nextup-chat ${given}</script><script async src="${gateway}/widget.js"></script>`, gateway);
});
test.afterAll(async () => {
  await host.stop();
  await servers.stop();
});
test.afterEach(({ browser }) => leave(browser));

/** How the page says where tokens come from: the rest of the element, and a script. */
let given = "";
let run = 0;
let lin = "";
let bo = "";
test.beforeEach(() => {
  run++;
  [lin, bo] = [mint({ sub: `lin-${run}`, name: "Lin" }), mint({ sub: `bo-${run}`, name: "Bo" })];
  host.token = () => lin;
  host.slowly = undefined;
  given = 'token-url="/token"></nextup-chat><script>';
});

const secret = "a secret of Lin's";

/** Lin is in line, has written, and writes. */
async function writing(page: Page): Promise<Visitor> {
  const visitor = await Visitor.opens(page, host.address);
  await page.getByTestId("join").click();
  await expect(page.getByTestId("position")).toBeVisible();
  await visitor.says(secret);
  await page.getByTestId("composer").fill(`half of ${secret}`);
  return visitor;
}

/** Changes the element of the page. */
function chat(page: Page, change: (chat: NextupChat, token: string) => void, token = ""): Promise<void> {
  return page.evaluate(
    ([body, value]) => {
      const element = document.querySelector("nextup-chat") as NextupChat;
      (new Function(`return (${body})`)() as typeof change)(element, value);
    },
    [String(change), token] as const,
  );
}

/** All that the browser keeps for the page, and what it shows. */
async function traces(page: Page): Promise<string> {
  return page.evaluate(() =>
    [
      ...[localStorage, sessionStorage].map((s) => Object.entries(s).filter(([key]) => key !== "nextup.person").join()),
      document.title,
      document.querySelector("nextup-chat")?.shadowRoot?.textContent,
      ...Array.from(document.querySelector("nextup-chat")?.shadowRoot?.querySelectorAll("textarea, input") ?? [], (e) => (e as HTMLInputElement).value),
    ].join("\n"),
  );
}

const changes: [string, (page: Page) => Promise<unknown>][] = [
  ["another token-url", async (page) => {
    host.token = () => bo;
    await chat(page, (c) => c.setAttribute("token-url", "/token?bo"));
  }],
  ["another token", (page) => chat(page, (c, token) => c.setAttribute("token", token), bo)],
  ["another function that gives tokens", (page) => chat(page, (c, token) => (c.token = () => token), bo)],
  ["identify", (page) => chat(page, (c, token) => c.identify(() => token), bo)],
  ["a token address that answers for another person, after a reload", (page) => {
    host.token = () => bo;
    return page.reload();
  }],
];

for (const [name, change] of changes) {
  test(`${name}: Bo reads nothing of Lin's, and writes in Bo's own name`, async ({ browser }) => {
    const page = await (await browser.newContext()).newPage();
    const visitor = await writing(page);
    await change(page);
    await expect(page.getByTestId("join")).toBeVisible();
    expect(await traces(page)).not.toContain(secret);
    await page.getByTestId("join").click();
    await expect(page.getByTestId("position")).toBeVisible();
    await expect(page.getByTestId("composer")).toHaveValue("");
    await expect(visitor.messages).toHaveCount(0);
    await visitor.says("Bo here");
    host.token = () => lin;
    const again = await Visitor.opens(await (await browser.newContext()).newPage(), host.address);
    await expect(again.messages).toHaveText([new RegExp(`^You: ${secret}`)]);
  });
}

test("a page that gives its token only after the element is there keeps Lin's draft over a reload", async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  given = `></nextup-chat><script>customElements.whenDefined("nextup-chat").then(() => {
    document.querySelector("nextup-chat").token = async () => (await (await fetch("/token")).json()).token;
  })`;
  await writing(page);
  await page.reload();
  await expect(page.getByTestId("composer")).toHaveValue(`half of ${secret}`);
});

test("another token-url ends Lin's view and socket at once, however long Bo's token takes", async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  const closed = new Promise((resolve) => page.on("websocket", (socket) => socket.on("close", resolve)));
  await writing(page);
  host.slowly = new Promise(() => undefined);
  await chat(page, (c) => c.setAttribute("token-url", "/token?bo"));
  await expect.poll(() => traces(page)).not.toContain("secret");
  await closed;
});

test("logout leaves nothing of Lin in this tab and the others, and the next one begins anew", async ({ browser }) => {
  const context: BrowserContext = await browser.newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await writing(first);
  await Visitor.opens(second, host.address);
  await expect(second.locator("[data-kind=message]")).toHaveCount(1);
  await second.getByTestId("composer").fill(secret);
  await chat(first, (c) => c.logout());
  for (const page of [first, second]) {
    await expect(page.getByTestId("visitor")).toHaveCount(0);
    await expect(page.getByTestId("launcher")).toHaveAttribute("aria-expanded", "false");
    const kept = await page.evaluate(() => [localStorage.length, ...Object.keys(sessionStorage)]);
    expect(kept).toEqual([0]);
    expect(await traces(page)).not.toContain("secret");
  }
  host.token = () => bo;
  await second.getByTestId("launcher").click();
  await expect(second.getByTestId("join")).toBeVisible();
});

test("Bo signs in in another tab: Lin's tab asks who is there, and becomes Bo's", async ({ browser }) => {
  const context = await browser.newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  await writing(first);
  host.token = () => bo;
  await Visitor.opens(second, host.address);
  await expect(first.getByTestId("join")).toBeVisible();
  expect(await traces(first)).not.toContain("secret");
});

test("tabs of two people with tokens of their own leave each other alone", async ({ browser }) => {
  const context = await browser.newContext();
  const [first, second] = [await context.newPage(), await context.newPage()];
  const visitor = await writing(first);
  const before = host.tokensGiven;
  await second.addInitScript(`document.addEventListener("DOMContentLoaded", () => document.querySelector("nextup-chat").setAttribute("token", ${JSON.stringify(bo)}))`);
  await Visitor.opens(second, host.address);
  await expect(second.getByTestId("join")).toBeVisible();
  await expect.poll(() => host.tokensGiven).toBeGreaterThan(before);
  await expect(first.getByTestId("composer")).toHaveValue(`half of ${secret}`);
  await expect(visitor.messages).toHaveCount(1);
});
