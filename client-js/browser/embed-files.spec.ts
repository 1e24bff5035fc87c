import { expect, test, type Browser } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { leaveAll, serve } from "./embed-kit.ts";
import { watch } from "./host.ts";
import { ScriptedGateway } from "./scripted.ts";

test.afterEach(({ browser }) => leaveAll(browser));

test.describe("a file of the widget that does not come at first", () => {
  const page = '<script async src="/built/widget.js" data-gateway="http://gateway.example" data-token="x.y.z" data-open></script>';

  /** The host's page, and a gateway that the test plays; the first fetches of the files are answered 404. */
  async function opens(browser: Browser, file: string, failures: number) {
    const { address } = await serve(() => page);
    const context = await browser.newContext({ viewport: { width: 1_000, height: 760 } });
    const own = await context.newPage();
    const seen = watch(own);
    const asked: string[] = [];
    await own.route(`**/built/widget/${file}-*`, (route) => {
      asked.push(route.request().url());
      return asked.length <= failures ? route.fulfill({ status: 404 }) : route.continue();
    });
    const gateway = await ScriptedGateway.start(own);
    await own.goto(address);
    return { own, seen, asked, gateway };
  }

  test("the widget itself", async ({ browser }) => {
    const { own, seen, asked } = await opens(browser, "widget", 1);
    await expect(own.getByTestId("visitor")).toBeVisible();
    expect(asked.length).toBeGreaterThan(1);
    expect(seen.said.join()).toContain("could not load the widget: 404");
    const names = await own.evaluate(() => Object.getOwnPropertyNames(window).filter((name) => name.length < 3));
    expect(names).toEqual([]); // the page's own names are left alone
  });

  test("its texts", async ({ browser }) => {
    const { own, asked } = await opens(browser, "en", 1);
    await expect(own.getByTestId("visitor")).toBeVisible();
    expect(new Set(asked).size).toBe(2);
  });

  for (const part of ["forms", "conversation"]) {
    test(`its ${part}`, async ({ browser }) => {
      const { own, asked, seen, gateway } = await opens(browser, part, 2);
      if (part === "forms") {
        await expect(own.getByText("We cannot reach the chat. Trying again…")).toBeVisible();
        await gateway.welcomes();
        await expect(own.getByTestId("join")).toBeVisible();
      } else {
        await gateway.welcomes();
        gateway.sends(golden("ticket.closed", { rating: undefined, as_of_ms: Date.now() }));
        gateway.sends(golden("entry", { number: 1, text: "Good bye", at_ms: Date.now() }));
        await expect(own.getByText("Good bye")).toBeVisible();
        await expect(own.getByTestId("rejoin")).toBeVisible();
        await expect(own.getByTestId("score-5")).toBeVisible();
      }
      expect(new Set(asked).size).toBe(3); // browsers remember an address that gave no module
      expect(seen.said.filter((text) => text.startsWith("<nextup-chat>"))).toHaveLength(1);
      expect(seen.errors).toEqual([]);
    });
  }
});
