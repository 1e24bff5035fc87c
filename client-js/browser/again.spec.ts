import { expect, test } from "@playwright/test";
import { Servers, site } from "./gateway.ts";
import { watch } from "./host.ts";

// A gateway's own pages ask for themselves again where the network took one of their files away.

let servers: Servers;
let gateway: string;

test.beforeAll(async () => {
  servers = new Servers(site({}));
  gateway = await servers.startGateway();
});
test.afterAll(() => servers.stop());

for (const [path, begun] of [["desk", "sign-in"], ["visitor.html", "launcher"]] as const) {
  test(`/${path} comes all the same where each of its files did not come at first`, async ({ page }) => {
    const seen = watch(page);
    const asked = new Set<string>();
    await page.route(/assets\/|widget\.js/, (route) => {
      const again = asked.has(route.request().url());
      asked.add(route.request().url());
      return again ? route.continue() : route.abort("connectionreset");
    });
    await page.goto(`${gateway}/${path}`, { waitUntil: "commit" });
    await expect(page.getByTestId(begun)).toBeVisible();
    await expect.poll(() => page.evaluate(() => Array.from(document.styleSheets, (sheet) => sheet.cssRules.length > 0))).toEqual([true]);
    expect(asked.size).toBeGreaterThan(2);
    expect(seen.errors).toEqual([]);
  });
}
