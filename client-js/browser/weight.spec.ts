import { expect, test, type Browser } from "@playwright/test";
import { Servers, site } from "./gateway.ts";
import { Host, mint, strictPolicy } from "./host.ts";
import { leave } from "./people.ts";

// What a visitor's browser loads, counted by the browser: all bytes of the answers, their headers included.
// Japanese is the largest of the languages.

let servers: Servers;
let gateway: string;
let host: Host;

test.beforeAll(async () => {
  servers = new Servers(site({}, { languages: "[en, es, ja, ko, zh]", origins: '["*"]' }));
  gateway = await servers.startGateway();
  host = await Host.serves(
    () => `<h1>A shop</h1><script async src="${gateway}/widget.js" data-token-url="/token"></script>`,
    gateway,
    strictPolicy(gateway),
  );
  host.token = () => mint({ sub: "v-1", name: "Lin" });
});
test.afterAll(async () => {
  await host.stop();
  await servers.stop();
});
test.afterEach(({ browser }) => leave(browser));

interface Loaded {
  readonly path: string;
  readonly bytes: number;
  readonly coding: string;
}

/** A page whose loads of the gateway's scripts are counted. */
async function counted(browser: Browser, locale: string) {
  const context = await browser.newContext({ locale });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  const loaded: Loaded[] = [];
  const begun = new Map<string, { path: string; coding: string }>();
  cdp.on("Network.responseReceived", ({ requestId, response }) => {
    const { origin, pathname } = new URL(response.url);
    if (origin === gateway && pathname.endsWith(".js")) {
      begun.set(requestId, { path: pathname, coding: response.headers["Content-Encoding"] ?? "" });
    }
  });
  cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const request = begun.get(requestId);
    if (request !== undefined) {
      loaded.push({ ...request, bytes: encodedDataLength });
    }
  });
  return { page, loaded };
}

for (const locale of ["en", "ja"]) {
  test(`before one can join in ${locale}, at most 25,000 bytes come over the wire, and what comes later waits for that`, async ({ browser }) => {
    const { page, loaded } = await counted(browser, locale);
    await page.goto(host.address);
    await page.getByTestId("launcher").click();
    await expect(page.getByTestId("join")).toBeVisible();
    const first = ["widget", "widget/widget", `widget/${locale}`, "widget/forms"];
    const named = () => loaded.map((l) => ({ ...l, name: l.path.slice(1).replace(/(-[\w-]{8})?\.js$/, "") }));
    const all = ["widget/attention", "widget/conversation", ...first].sort();
    await expect.poll(() => named().map((l) => l.name).sort().filter((n, i, names) => n !== names[i - 1])).toEqual(all);
    const order = named().map((l) => l.name);
    expect(Math.max(...first.map((name) => order.indexOf(name)))).toBeLessThan(order.indexOf("widget/conversation"));
    expect(named().filter((l) => l.bytes > 500 && l.coding !== "br")).toEqual([]);
    const before = named().filter((l) => first.includes(l.name));
    const bytes = before.reduce((sum, l) => sum + l.bytes, 0);
    process.stdout.write(`${locale}: ${bytes} bytes before one can join, ${named().reduce((sum, l) => sum + l.bytes, 0)} in all\n`);
    expect(bytes).toBeGreaterThan(15_000);
    expect(bytes).toBeLessThanOrEqual(25_000);
  });
}
