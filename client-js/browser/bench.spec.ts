import { test } from "@playwright/test";
import { deliver, mainThread, withLong } from "./long.ts";
import { pages } from "./pages.ts";

// npm run bench: what a long conversation takes of a page's main thread until it is shown,
// without what the browser itself takes for so many tasks that do nothing.

const runs = 3;

for (const [name, open] of Object.entries(withLong)) {
  test(name, async ({ browser }) => {
    test.setTimeout(600_000);
    for (const entries of [1, 800, 3_160, 10_000]) {
      const busy: number[] = [];
      for (let run = 0; run < runs; run++) {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
        const thread = await mainThread(page);
        await open(page, pages, entries, true);
        await deliver(page, false); // warms up what delivers
        const before = (await thread()).busyMS;
        await deliver(page, false);
        const own = (await thread()).busyMS - before;
        await deliver(page, true);
        await page.locator(".text", { hasText: `Message ${entries}:` }).waitFor({ timeout: 120_000 });
        busy.push((await thread()).busyMS - before - 2 * own);
        await page.close();
      }
      process.stdout.write(`${name}: ${entries} messages: ${busy.toSorted((a, b) => a - b)[Math.floor(runs / 2)]} ms of the main thread\n`);
    }
  });
}
