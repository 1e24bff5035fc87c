import { expect, test } from "@playwright/test";
import { deliver, drawn, mainThread, withLong } from "./long.ts";
import { pages } from "./pages.ts";

// What comes while a long conversation is delivered is not looked at by anybody: it must not be drawn.

for (const [name, open] of Object.entries(withLong)) {
  test(`${name}: 10,000 messages that come within two seconds are drawn a few times, not at every moment`, async ({ browser }) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.clock.install({ time: Date.now() });
    const thread = await mainThread(page);
    await open(page, pages, 10_000, true);
    await deliver(page, false, 0, 1);
    await page.clock.pauseAt(Date.now() + 3_600);
    const before = { ...(await drawn(page)), ...(await thread()) };
    for (let n = 0; n < 10_000; n += 500) {
      await deliver(page, true, n, n + 500);
      await page.clock.runFor(100);
    }
    await page.clock.runFor(1_000);
    await expect(page.locator(".text", { hasText: "Message 10000:" })).toBeInViewport();
    const after = { ...(await drawn(page)), ...(await thread()) };
    // The clocks of a page tick each second, and what came is drawn as often.
    expect(after.changes - before.changes).toBeLessThanOrEqual(12);
    expect(after.layouts - before.layouts).toBeLessThanOrEqual(12);
    await context.close();
  });
}
