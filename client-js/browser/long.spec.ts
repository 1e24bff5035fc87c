import { expect, test } from "@playwright/test";
import { drawn, mainThread, withLong } from "./long.ts";
import { pages } from "./pages.ts";

// A conversation of thousands of messages costs a page no more than what of it is shown.


for (const [name, open] of Object.entries(withLong)) {
  test(`${name}: 10,000 messages are drawn and laid out as often as 300, and as few of them`, async ({ browser }) => {
    const cost: { changes: number; rows: number; elements: number; layouts: number }[] = [];
    for (const entries of [300, 10_000]) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
      const page = await context.newPage();
      const thread = await mainThread(page);
      await open(page, pages, entries);
      await expect(page.locator(".text", { hasText: `Message ${entries}:` })).toBeInViewport();
      cost.push({ ...(await drawn(page)), layouts: (await thread()).layouts });
      await context.close();
    }
    const [few, many] = cost;
    expect(many?.rows).toBe(few?.rows);
    expect(many?.rows).toBeLessThanOrEqual(200);
    expect(Math.abs((many?.elements ?? 0) - (few?.elements ?? 0))).toBeLessThanOrEqual(20); // where blocks and days begin
    // A tick of the clock may fall in between.
    expect(Math.abs((many?.changes ?? 0) - (few?.changes ?? 0))).toBeLessThanOrEqual(5);
    expect(Math.abs((many?.layouts ?? 0) - (few?.layouts ?? 0))).toBeLessThanOrEqual(15);
  });

  test(`${name}: who scrolls up reads on to the first message and back, where they were, and few rows are drawn`, async ({ page }) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await open(page, pages, 420);
    await expect(page.locator(".text", { hasText: "Message 420:" })).toBeInViewport();
    const list = page.getByTestId("entries");
    const scroll = (by: number) =>
      list.evaluate(async (box, step) => {
        const { top } = box.getBoundingClientRect();
        const read = [...box.querySelectorAll("[data-number]")].find((row) => row.getBoundingClientRect().top >= top);
        const was = read?.getBoundingClientRect().top ?? 0;
        const before = box.scrollTop;
        box.scrollTop += step;
        const went = box.scrollTop - before;
        const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
        await frame();
        await frame();
        await frame();
        const rows = [...box.querySelectorAll<HTMLElement>("[data-number]")];
        // What was read stands where the scrolling has put it, whatever was drawn above.
        return { jumped: read?.isConnected === true ? Math.round(read.getBoundingClientRect().top - was + went) : 0, rows: rows.length, went, first: rows[0]?.dataset["number"] };
      }, by);
    let most = 0;
    let seen = await scroll(-500);
    for (let i = 0; i < 200 && !(seen.first === "1" && seen.went === 0); i++) {
      seen = await scroll(-500);
      expect(Math.abs(seen.jumped)).toBeLessThanOrEqual(1);
      most = Math.max(most, seen.rows);
    }
    await expect(page.locator(".text", { hasText: "Message 1:" })).toBeInViewport();
    await expect(page.getByRole("button", { name: "Earlier messages" })).toHaveCount(0);
    for (let i = 0; i < 200 && (seen.went !== 0 || i === 0); i++) {
      seen = await scroll(500);
      expect(Math.abs(seen.jumped)).toBeLessThanOrEqual(1);
      most = Math.max(most, seen.rows);
    }
    await expect(page.locator(".text", { hasText: "Message 420:" })).toBeInViewport();
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThanOrEqual(200);
    await expect(list).toHaveAttribute("aria-live", "polite"); // new messages are told again
  });
}
