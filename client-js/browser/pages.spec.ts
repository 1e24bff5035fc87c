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
const own = { role: "visitor", id: "v-17", name: "Lin" };

test.describe("the agent page", () => {
  const asAgent = { role: "agent", subject: "a-3", name: "Mei", heartbeat_s: 5 };
  const tickets = golden("desk").tickets.slice(0, 1);
  const desk = (change: object = {}) => golden("desk", { capacity: 3, load: 2, tickets, ...now(), ...change });
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
