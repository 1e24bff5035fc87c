import { expect, test } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { ana, atDesk, desk, diego, doNow, held, lin, offered, pressUntilTaken, says, startNumbers } from "./desk-kit.ts";
import { hostileStrings } from "./hostile.ts";
import { pages, shot } from "./pages.ts";
import { ScriptedGateway } from "./scripted.ts";

// The agent desk by itself: each state that the server's frames can bring about,
// in both themes, and everything by keyboard.

test.beforeEach(startNumbers);

/** A token as its bearer reads it; nobody here verifies it. */
function token(claims: object): string {
  return ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "c2ln"].join(".");
}

test.describe("signing in", () => {
  test("by name where the gateway gives demo tokens", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page, { role: "agent", subject: "mei" });
    await page.goto(`${pages}desk.html`);
    await expect(page.getByTestId("sign-in-name")).toBeVisible();
    await gateway.isAccessible();
    await shot(page, "sign-in");
    await page.getByTestId("sign-in-name").fill("Mei");
    await page.getByTestId("sign-in-name").press("Enter");
    await gateway.welcomes();
    gateway.sends(desk({ status: "offline", load: 0 }));
    await expect(page.getByTestId("load")).toHaveText("0 of 4 busy");
    await gateway.isAccessible();
    await page.getByTestId("status-available").check();
    expect(await gateway.expects("status")).toMatchObject({ status: "available" });
  });

  test("by a token where it does not, and says what is wrong with one", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page, { role: "agent", subject: "a-3", name: "Mei" });
    await page.route("**/demo/token?*", (route) => route.fulfill({ status: 404 }));
    await page.goto(`${pages}desk.html`);
    await page.getByTestId("sign-in-token").fill("not a token");
    await page.getByTestId("sign-in-with-token").click();
    await expect(page.getByTestId("problem")).toContainText("not a token");
    await gateway.isAccessible();
    await page.getByTestId("sign-in-token").fill(token({ role: "visitor" }));
    await page.getByTestId("sign-in-with-token").click();
    await expect(page.getByTestId("problem")).toContainText("a visitor’s token");
    await page.getByTestId("sign-in-token").fill(token({ role: "agent", name: "李" }));
    await page.getByTestId("sign-in-with-token").click();
    await gateway.welcomes();
    expect(await gateway.expects("hello")).toMatchObject({ token: token({ role: "agent", name: "李" }) });
    await page.getByTestId("sign-out").click();
    await expect(page.getByTestId("sign-in-token")).toBeVisible();
  });

  test("with the address, from which the token is taken away; one that has ended is said plainly", async ({ page }) => {
    const gateway = await ScriptedGateway.start(page, { role: "agent", subject: "a-3", name: "Mei" });
    gateway.refusesHello(golden("error.busy", { code: "token_expired", message: "The token has expired: get a new one.", retry_after_ms: undefined }));
    await page.goto(`${pages}desk.html#token=${token({ role: "agent" })}`);
    await expect(page.getByTestId("connection")).toContainText("expired");
    expect(page.url()).not.toContain("token");
    await gateway.isAccessible();
    await page.getByTestId("sign-out").click();
    await expect(page.locator(".sign-in")).toBeVisible();
  });
});

test.describe("offers", () => {
  test("[offer-1] are shown with a countdown and facts; A accepts and D declines, but not while writing", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ offers: [offered({ deadline_ms: Date.now() + 60_000 })], tickets: [held()] }));
    await expect(page.getByTestId("offer-visitor")).toHaveText("Sam");
    await expect(page.getByTestId("countdown")).toHaveText(/^[1-6]\d s$/);
    await expect(page.getByTestId("offer")).toContainText("gold");
    await expect(page).toHaveTitle(/Offer/);
    await gateway.isAccessible();
    gateway.sends(desk({ offers: [offered({ deadline_ms: Date.now() + 120_000 })], tickets: [held()] }));
    await page.getByTestId("composer").press("a");
    expect(gateway.received.filter((f) => f.type === "accept")).toEqual([]);
    await page.getByTestId("composer").press("Escape");
    await page.keyboard.press("a");
    expect(await gateway.expects("accept")).toMatchObject({ offer: "o-51aa" });
    await page.keyboard.press("d");
    await doNow(page);
    expect(await gateway.expects("decline")).toMatchObject({ offer: "o-51aa" });
  });

  test("one that lapses is told, one that was declined is no news, and one that is taken is shown", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ offers: [offered({ deadline_ms: Date.now() + 600 })] }));
    await expect(page.getByTestId("countdown")).toHaveText("0 s");
    gateway.sends(desk());
    await expect(page.getByTestId("offer-lost")).toHaveText("The offer of \u2068Sam\u2069 lapsed. They kept their place in line.");
    await gateway.isAccessible();
    gateway.sends(desk({ offers: [offered({ offer: "o-2", deadline_ms: Date.now() + 120_000 })] }));
    await expect(page.getByTestId("offer-lost")).toHaveCount(0);
    await pressUntilTaken(page, "d");
    await doNow(page);
    await gateway.expects("decline");
    gateway.sends(desk());
    await expect(page.getByTestId("offer")).toHaveCount(0);
    await expect(page.getByTestId("offer-lost")).toHaveCount(0);
    gateway.sends(desk({ offers: [offered({ offer: "o-3" })], tickets: [held()] }));
    await page.getByTestId("accept").click();
    gateway.sends(desk({ tickets: [held(), held({ ticket: "t-a001", topic: "withdrawal" })] }));
    await expect(page.getByTestId("held")).toContainText("withdrawal");
    gateway.sends(desk({ offers: [offered({ offer: "o-4", ticket: "t-9", deadline_ms: Date.now() + 60_000 })], tickets: [] }));
    gateway.sends(desk());
    await expect(page.getByTestId("offer-lost")).toHaveText("The offer of \u2068Sam\u2069 was taken back.");
  });

  test("[desk-5] who was set away is told why, and comes back with a click", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(golden("desk.lapsed", { as_of_ms: Date.now() }));
    await expect(page.getByTestId("away-reason")).toContainText("Two offers in a row were not answered");
    await gateway.isAccessible();
    await shot(page, "set-away");
    await page.getByTestId("back").click();
    expect(await gateway.expects("status")).toMatchObject({ status: "available" });
  });

  test("are heard, and not where the sound is off", async ({ page }) => {
    await page.addInitScript(() => {
      const started: string[] = [];
      Object.assign(window, { started });
      const { prototype } = OscillatorNode;
      const start = prototype.start;
      prototype.start = function (...when) {
        started.push("note");
        return start.apply(this, when);
      };
    });
    const notes = () => page.evaluate(() => (window as unknown as { started: string[] }).started.length);
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ offers: [offered()] }));
    await expect.poll(notes).toBe(2);
    gateway.sends(desk({ offers: [offered()] }));
    await page.getByTestId("sound").click();
    gateway.sends(desk({ offers: [offered({ offer: "o-2" })] }));
    await expect(page.locator("[data-offer=o-2]")).toBeVisible();
    expect(await notes()).toBe(2);
  });
});

test("the sheet of shortcuts; single keys can be turned off", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ tickets: [held(), held({ ticket: "t-2", visitor: ana })] }));
  await expect(page.getByTestId("held")).toBeVisible();
  await page.keyboard.press("?");
  await expect(page.getByTestId("shortcuts")).toContainText("Accept the first offer");
  await gateway.isAccessible();
  await shot(page, "shortcuts");
  await page.keyboard.press("t"); // the dialog has the keys
  await expect(page.getByTestId("transfer-dialog")).toHaveCount(0);
  await page.getByTestId("single-keys").uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  await expect(page.getByTestId("transfer-dialog")).toHaveCount(0);
  await page.keyboard.press("Alt+ArrowDown");
  await expect(page.getByTestId("held")).toContainText("Ana");
});

test("[availability-1] says that the service is interrupted, and goes on", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ tickets: [held()] }));
  gateway.sends(golden("availability", { as_of_ms: Date.now() }));
  const banner = page.getByTestId("connection");
  await expect(banner).toHaveText("The service is interrupted. Your conversations are kept.");
  await gateway.isAccessible();
  await page.getByTestId("composer").fill("kept");
  await page.getByTestId("composer").press("Enter");
  await expect(page.getByTestId("outgoing")).toContainText("Sending…");
  gateway.sends(golden("availability.back", { as_of_ms: Date.now() }));
  await expect(banner).toBeEmpty();
  expect(await gateway.expects("send")).toMatchObject({ text: "kept" });
});

test("a visitor whose connection is lost is told of", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ tickets: [held({ visitor_lost: true })] }));
  await expect(page.getByTestId("visitor-lost")).toContainText("may come back");
  await gateway.isAccessible();
});

test("a browser that stores nothing: the desk works, and says what that costs", async ({ page }) => {
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  await page.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException("The operation is insecure.", "SecurityError");
        },
      });
    }
  });
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ tickets: [held()] }));
  await expect(page.getByText("This browser keeps nothing for the desk")).toBeVisible();
  expect(said.join()).toContain("Nextup desk: this page may not store anything");
  await page.getByTestId("sound").click();
  await page.keyboard.press("i");
  await page.getByTestId("composer").fill("it works");
  await page.getByTestId("composer").press("Enter");
  expect(await gateway.expects("send")).toMatchObject({ text: "it works" });
  await gateway.isAccessible();
});

test("a gateway that never answers is told from a connection that was lost, and in the console", async ({ page }) => {
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  await page.route("**/demo/token?*", (route) => route.fulfill({ json: { token: "x.y.z" } }));
  await page.routeWebSocket("**/v1/connect", (socket) => socket.close());
  await page.goto(`${pages}desk.html`);
  await page.getByTestId("sign-in-name").fill("Mei");
  await page.getByTestId("sign-in").click();
  await expect(page.getByTestId("connection")).toContainText("The gateway cannot be reached. Trying again…");
  await expect.poll(() => said.filter((text) => text.startsWith("Nextup desk:"))).toEqual([
    expect.stringContaining("no answer: check the address"),
  ]);
});

test("the facts are put away and brought back by pointer too", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ tickets: [held()] }));
  await page.getByTestId("hide-facts").click();
  await expect(page.getByTestId("facts")).toHaveCount(0);
  await gateway.isAccessible();
  await page.getByTestId("show-facts").click();
  await expect(page.getByTestId("facts")).toContainText("v-17");
});

test("200 hostile names of visitors, colleagues and topics are text, on one line, and turn nothing around", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  const failed: string[] = [];
  page.on("pageerror", (error) => failed.push(error.message));
  page.on("dialog", (dialog) => void dialog.dismiss().then(() => failed.push("a dialog")));
  const names = hostileStrings();
  for (let from = 0; from < names.length; from += 20) {
    const some = names.slice(from, from + 20);
    const tickets = some.map((name, i) => held({ ticket: `t-${from + i}`, visitor: { ...lin, name }, topic: name, transferred_by: { ...diego, name }, guests: [{ ...diego, name }] }));
    gateway.sends(desk({ tickets, offers: [offered({ offer: `o-${from}`, ticket: `t-o${from}`, visitor: { ...lin, name: some[0] }, topic: some[0] })] }));
    for (const [i, name] of some.entries()) {
      gateway.sends(says(`t-${from + i}`, { ...diego, name }, name));
    }
    await expect(page.locator(`[data-testid=tab][data-ticket=t-${from}]`)).toBeVisible();
    await page.locator(`[data-testid=tab][data-ticket=t-${from}]`).click();
    await expect(page.getByTestId("held")).toHaveAttribute("data-ticket", `t-${from}`);
    await expect(page.locator("[data-kind=message] .text")).toHaveText([some[0] ?? ""], { useInnerText: false });
  }
  const main = page.getByTestId("desk");
  expect(await main.locator(":is(script, iframe, object, embed, style, link, meta, base, b, marquee, video)").count()).toBe(0);
  const shown = await page.getByTestId("tab").locator("bdi").allTextContents();
  expect(shown.length).toBeGreaterThanOrEqual(20);
  expect(shown.filter((name) => /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(name) || name === "")).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1360);
  expect(await page.evaluate(() => Reflect.get(window, "__ran"))).toBeUndefined();
  expect(failed).toEqual([]);
  await gateway.isAccessible();
});

test("fits a phone", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  await page.setViewportSize({ width: 390, height: 780 });
  gateway.sends(desk({ tickets: [held(), held({ ticket: "t-2", visitor: ana })] }));
  gateway.sends(says("t-1", lin, "我的付款被拒绝了"));
  await expect(page.getByTestId("composer")).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await gateway.isAccessible();
  await shot(page, "phone");
  await page.getByTestId("show-facts").click();
  await expect(page.getByTestId("facts")).toContainText("v-17");
  await gateway.isAccessible();
});
