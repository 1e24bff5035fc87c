import { expect, test, type Browser, type Page } from "@playwright/test";
import { oldest } from "../src/dom/floor.ts";
import { Servers, site } from "./gateway.ts";
import { Host, mint, watch } from "./host.ts";
import { shot } from "./pages.ts";
import { Agent, leave, Visitor } from "./people.ts";

// The oldest supported browsers have none of what came after them; here a new one is made to forget it.

/** What one of the oldest browsers lacks, as a path from the global object. */
const newer = [
  "Array.prototype.toSorted", "Array.prototype.toReversed", "Array.prototype.toSpliced", "Array.prototype.with", "Array.fromAsync",
  "Int8Array.prototype.__proto__.toSorted", "Int8Array.prototype.__proto__.toReversed", "Int8Array.prototype.__proto__.with",
  "String.prototype.isWellFormed", "String.prototype.toWellFormed", "Object.groupBy", "Map.groupBy", "Promise.withResolvers", "Promise.try",
  "Set.prototype.union", "Set.prototype.intersection", "Set.prototype.difference", "Set.prototype.isSubsetOf", "Iterator", "RegExp.escape",
  "ArrayBuffer.prototype.transfer", "Uint8Array.fromBase64", "Uint8Array.prototype.toBase64", "Math.sumPrecise", "Float16Array",
  "Intl.Segmenter", "Intl.DurationFormat", "URL.canParse", "URL.parse", "AbortSignal.any", "URLPattern", "EditContext", "navigation", "scheduler",
  "ReadableStream.from", "ReadableStream.prototype.__proto__.values", "Response.json", "ViewTransition", "Document.prototype.startViewTransition",
  "Element.prototype.checkVisibility", "Element.prototype.moveBefore", "Element.prototype.setHTMLUnsafe", "Element.prototype.getHTML",
  "Element.prototype.currentCSSZoom", "Element.prototype.ariaNotify", "HTMLElement.prototype.popover", "HTMLElement.prototype.showPopover",
  "HTMLElement.prototype.hidePopover", "HTMLElement.prototype.togglePopover", "HTMLDialogElement.prototype.requestClose", "CloseWatcher",
  "Highlight", "navigator.__proto__.userAgentData", "navigator.__proto__.virtualKeyboard", "requestIdleCallback", "cookieStore", "Sanitizer",
] as const;

/** What their style sheets do not understand. */
const unread = /light-dark\(|color-mix\(|:has\(|:popover-open|field-sizing|text-wrap|@starting-style|@scope|@property|oklch\(|interpolate-size|&\s*[.:{]/;

/** Takes away what is newer, from script and from style. */
async function age(page: Page): Promise<void> {
  await page.addInitScript((paths) => {
    for (const path of paths) {
      const names = path.split(".");
      const last = names.pop() ?? "";
      const owner = names.reduce<unknown>((object, name) => (object as Record<string, unknown> | undefined)?.[name], globalThis);
      if (owner !== undefined && owner !== null) {
        delete (owner as Record<string, unknown>)[last];
      }
    }
    const old = (condition: string) => /light-dark|color-mix|:has|popover|field-sizing/.test(condition);
    const supports = CSS.supports.bind(CSS) as (...all: string[]) => boolean;
    CSS.supports = (...all: string[]) => !old(all.join(":")) && supports(...all);
    const replace = CSSStyleSheet.prototype.replaceSync;
    CSSStyleSheet.prototype.replaceSync = function (text) {
      (window as { written?: string[] }).written = [...((window as { written?: string[] }).written ?? []), text];
      replace.call(this, text);
    };
  }, newer);
}

/** What is left in a page that the oldest browsers would not read. */
function unreadable(page: Page): Promise<string[]> {
  return page.evaluate((source) => {
    const sheets = [...document.styleSheets].flatMap((sheet) => Array.from(sheet.cssRules, (rule) => rule.cssText));
    const written = (window as { written?: string[] }).written?.at(-1)?.split("}") ?? [];
    return [...sheets, ...written].filter((text) => new RegExp(source).test(text.replaceAll(/text-wrap:? ?balance|text-wrap-style: balance|field-sizing: content/g, "")));
  }, unread.source);
}

let servers: Servers;
let gateway: string;
let host: Host;

test.beforeAll(async () => {
  servers = new Servers(site({}, { languages: "[en, zh]", origins: '["*"]' }));
  gateway = await servers.startGateway();
  const chat = `<script async src="${gateway}/widget.js" data-token-url="/token" data-theme="system" data-open data-link="/contact"></script>`;
  host = await Host.serves(() => `<meta name="viewport" content="width=device-width"><h1>A shop</h1>${chat}`);
  host.token = () => mint({ sub: "v-1", name: "Lin" });
});
test.afterAll(async () => {
  await host.stop();
  await servers.stop();
});
test.afterEach(({ browser }) => leave(browser));

async function aged(browser: Browser): Promise<{ page: Page; seen: ReturnType<typeof watch> }> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await age(page);
  return { page, seen: watch(page) };
}

test(`from the first look to the end in browsers as old as ${oldest}: the widget, the desk and the board`, async ({ browser }) => {
  const visitor = await aged(browser);
  const lin = await Visitor.opens(visitor.page, host.address);
  for (const colorScheme of ["dark", "light"] as const) {
    await visitor.page.emulateMedia({ colorScheme });
    await expect(visitor.page.locator(".panel")).toHaveCSS("background-color", colorScheme === "dark" ? "rgb(25, 30, 36)" : "rgb(255, 255, 255)");
  }
  await shot(visitor.page, "old-form");
  await lin.joins("en", "card");
  await lin.isNumber(1);
  await lin.writes("half of an emoji: \ud83d");
  await lin.sees("half of an emoji: \ufffd");
  await shot(visitor.page, "old-line");

  const desk = await aged(browser);
  const mei = await Agent.signsIn(desk.page, gateway, "Mei", ["en"]);
  await mei.accepts("card");
  await mei.sees("half of an emoji: \ufffd");
  await mei.says("see https://shop.example/help");
  await expect(visitor.page.getByRole("link", { name: "https://shop.example/help" })).toBeVisible();
  await shot(desk.page, "old-desk");

  const board = await aged(browser);
  await board.page.goto(`${gateway}/desk?token=${mint({ sub: "sue", name: "Sue", role: "supervisor" })}`);
  await expect(board.page.getByTestId("board")).toContainText("Mei");
  await shot(board.page, "old-board");

  await mei.closes();
  await expect(visitor.page.getByTestId("rejoin")).toBeVisible();
  await visitor.page.getByTestId("score-5").check();
  await shot(visitor.page, "old-end");
  for (const { page, seen } of [visitor, desk, board]) {
    expect(seen.errors).toEqual([]);
    expect(await unreadable(page)).toEqual([]);
  }
});

test("below the oldest supported browsers the console says so, and the link of the page stands in the chat's place", async ({ browser }) => {
  const page = await (await browser.newContext()).newPage();
  const seen = watch(page);
  await page.addInitScript(() => {
    delete (Document.prototype as { adoptedStyleSheets?: unknown }).adoptedStyleSheets;
  });
  await page.route("**/contact", (route) => route.fulfill({ body: "Write to us." }));
  await page.goto(host.address);
  await page.getByRole("link", { name: "/contact" }).click();
  await expect(page).toHaveURL(`${host.address}/contact`);
  expect(seen.said.filter((text) => text.startsWith("<nextup-chat>"))).toEqual([
    `<nextup-chat>: this browser is too old for the chat: ${oldest}`,
  ]);
  expect(seen.errors).toEqual([]);
});
