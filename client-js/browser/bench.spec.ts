import { test } from "@playwright/test";
import { mainThread, withLong } from "./long.ts";
import { servePages } from "./pages.ts";

// npm run bench: what a long conversation takes of a page's main thread until it is shown.

const base = servePages();
const runs = 3;

for (const [name, open] of Object.entries(withLong)) {
  test(name, async ({ browser }) => {
    test.setTimeout(600_000);
    const medians = new Map<number, number>();
    for (const entries of [1, 800, 3_160, 10_000]) {
      const busy: number[] = [];
      for (let run = 0; run < runs; run++) {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
        const thread = await mainThread(page);
        await open(page, base(), entries, true);
        await page.locator(".text", { hasText: `Message ${entries}:` }).waitFor({ timeout: 120_000 });
        busy.push((await thread()).busyMS);
        await page.close();
      }
      medians.set(entries, busy.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0);
      const more = (medians.get(entries) ?? 0) - (medians.get(1) ?? 0);
      process.stdout.write(`${name}: ${entries} messages: ${medians.get(entries)} ms of the main thread, ${more} ms more than one message\n`);
    }
  });
}
