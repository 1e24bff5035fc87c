import { loadavg } from "node:os";
import { expect, test } from "@playwright/test";
import { Servers, site } from "./gateway.ts";
import { Host, mint, strictPolicy } from "./host.ts";
import { leave } from "./people.ts";

// npm run bench: how long a slow phone that has loaded nothing yet takes until a visitor can write into the
// widget's form, from the moment at which the page is asked for.

const phone = { cpu: 4, kilobitsPerSecond: 1_600, roundTripMS: 150 };
const runs = 5;

test.afterEach(({ browser }) => leave(browser));

for (const locale of ["en", "ja"]) {
  test(`a slow phone in ${locale}`, async ({ browser }) => {
    test.setTimeout(600_000);
    const servers = new Servers(site({}, { languages: "[en, ja]", origins: '["*"]' }));
    const gateway = await servers.startGateway();
    const chat = `<script async src="${gateway}/widget.js" data-token-url="/token" data-open></script>`;
    const host = await Host.serves(() => `<meta name="viewport" content="width=device-width"><h1>A shop</h1>${chat}`, gateway, strictPolicy(gateway));
    host.token = () => mint({ sub: "v-1", name: "Lin" });
    const took: { first: number; typed: number }[] = [];
    for (let run = 0; run < runs; run++) {
      const context = await browser.newContext({ locale, viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
      const page = await context.newPage();
      await page.addInitScript(() => {
        const look = () => {
          const field = document.querySelector("nextup-chat")?.shadowRoot?.querySelector<HTMLInputElement>("[data-testid=topic]");
          if (field?.checkVisibility() === true && !field.disabled) {
            performance.mark("can type");
          } else {
            requestAnimationFrame(look);
          }
        };
        requestAnimationFrame(look);
      });
      const cdp = await context.newCDPSession(page);
      const bytesPerSecond = (phone.kilobitsPerSecond * 1_000) / 8;
      await cdp.send("Network.enable");
      await cdp.send("Network.emulateNetworkConditions", {
        offline: false,
        latency: phone.roundTripMS,
        downloadThroughput: bytesPerSecond,
        uploadThroughput: bytesPerSecond,
      });
      await cdp.send("Emulation.setCPUThrottlingRate", { rate: phone.cpu });
      await page.goto(host.address);
      const marks = () =>
        page.evaluate(() => ({
          first: performance.getEntriesByType("navigation")[0]?.toJSON().responseEnd as number,
          typed: performance.getEntriesByName("can type")[0]?.startTime ?? 0,
        }));
      await expect.poll(async () => (await marks()).typed).toBeGreaterThan(0);
      took.push(await marks());
      await page.getByTestId("topic").pressSequentially("card");
      await expect(page.getByTestId("topic")).toHaveValue("card");
      await context.close();
    }
    const middle = (of: (t: { first: number; typed: number }) => number) => Math.round(took.map(of).toSorted((a, b) => a - b)[runs >> 1] ?? 0);
    const all = took.map((t) => Math.round(t.typed)).join(", ");
    process.stdout.write(
      `${locale}: one can type after ${middle((t) => t.typed)} ms (${all}), the page itself was there after ${middle((t) => t.first)} ms; load ${loadavg()[0]?.toFixed(1)}\n`,
    );
    await host.stop();
    await servers.stop();
  });
}
