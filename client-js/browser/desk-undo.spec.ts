import { expect, test } from "@playwright/test";
import { atDesk, desk, held, offered, startNumbers, stopTime } from "./desk-kit.ts";
import { pages, shot } from "./pages.ts";
import { actsOf, ana, both, offer, placeOf, sam } from "./desk-hands-kit.ts";

test.beforeEach(startNumbers);

test.describe("what a key did can be undone", () => {
  test("[desk-6] [desk-7] a close waits 5 s, is taken back with U, and is at once when E is pressed again", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: both() }));
    await expect(page.getByTestId("held")).toContainText("Lin");
    await page.keyboard.press("e");
    expect(await gateway.expects("close")).toMatchObject({ ticket: "t-1", after_s: 5 });
    const closing = desk({ tickets: [held({ closing_until_ms: Date.now() + 5_000 }), ...both().slice(1)] });
    gateway.sends(closing);
    await expect(page.getByRole("status", { name: "Can be undone" })).toContainText("The conversation with \u2068Lin\u2069 closes.");
    await gateway.isAccessible();
    await shot(page, "closing-1280");
    await page.setViewportSize({ width: 390, height: 844 });
    await shot(page, "closing-390");
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.keyboard.press("u");
    expect(await gateway.expects("cancel_close")).toMatchObject({ ticket: "t-1" });
    gateway.sends(desk({ tickets: both() }));
    await expect(page.getByTestId("undo-strip")).toHaveCount(0);
    gateway.sends(closing);
    await expect(page.getByTestId("undo-strip")).toHaveCount(1);
    await page.keyboard.press("e");
    await expect.poll(() => gateway.received.filter((f) => f.type === "close").length).toBe(2);
    expect(await gateway.expects("close")).not.toHaveProperty("after_s");
  });

  test("[desk-6] where the gateway is older and cannot wait, the page does", async ({ page }) => {
    await page.clock.install();
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: both() }));
    await expect(page.getByTestId("held")).toContainText("Lin");
    gateway.refuses("close", "unknown_field");
    const pass = await stopTime(page);
    const strips = async (count: number) => {
      await expect(async () => {
        await pass();
        expect(await page.getByTestId("undo-strip").count()).toBe(count);
      }).toPass();
    };
    await page.keyboard.press("e");
    await strips(1);
    await expect(page.getByTestId("undo-strip")).toContainText("The conversation with \u2068Lin\u2069 closes.");
    await page.keyboard.press("u");
    await strips(0);
    await page.keyboard.press("e");
    await strips(1);
    gateway.refuses("close", undefined);
    await pass(5_000);
    await expect.poll(() => gateway.received.filter((f) => f.type === "close" && f.after_s === undefined)).toHaveLength(1);
  });

  test("a decline and an away wait as long, and are sent when the page goes", async ({ page }) => {
    await page.clock.install();
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ ...offer(), tickets: [] }));
    await expect(page.getByTestId("offer")).toBeVisible();
    const pass = await stopTime(page);
    await page.keyboard.press("d");
    await page.keyboard.press("v");
    await pass();
    await expect(page.getByTestId("undo-strip")).toHaveText([/You decline \u2068Sam\u2069\./, /You will be away/]);
    await expect(page.getByTestId("status-away")).toBeChecked();
    await page.keyboard.press("u");
    await pass();
    await expect(page.getByTestId("status-available")).toBeChecked();
    await page.getByTestId("keep-offer").click();
    await pass();
    await expect(page.locator("[data-testid=undo-strip][data-gone=false]")).toHaveCount(0);
    expect(actsOf(gateway)).toEqual([]);
    await page.getByTestId("decline").click();
    await page.getByTestId("status-away").click();
    await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent("pagehide")));
    await expect.poll(() => actsOf(gateway).map((f) => f.type)).toEqual(["decline", "status"]);
  });

  test("a decline comes before the offer lapses", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ offers: [offered({ deadline_ms: Date.now() + 1_400 })] }));
    await page.getByTestId("decline").click();
    await gateway.expects("decline");
  });
});

test.describe("nothing moves under the pointer", () => {
  test("a conversation stays where it is while offers come, others end and the order changes", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    const all = [...both(), held({ ticket: "t-3", visitor: sam })];
    gateway.sends(desk({ tickets: all }));
    const third = page.locator("[data-testid=tab][data-ticket=t-3]");
    await third.hover();
    const before = await placeOf(third);
    gateway.sends(desk({ ...offer(), tickets: all.slice(1) }));
    await expect(page.getByTestId("offer")).toBeVisible();
    gateway.sends(desk({ offers: [], tickets: [held({ ticket: "t-2", visitor: ana, wrap_up_until_ms: Date.now() + 60_000 }), ...all.slice(2), held({ ticket: "t-4" })] }));
    await expect(page.getByTestId("tab")).toHaveCount(4);
    await expect(page.getByTestId("offer-gone")).toBeVisible();
    await shot(page, "still");
    expect(await placeOf(third)).toEqual(before);
    await page.mouse.down();
    await page.mouse.up();
    await expect(page.getByTestId("held")).toContainText("Sam");
    await page.mouse.move(900, 400);
    await expect(page.getByTestId("offer-gone")).toHaveCount(0);
    await expect(page.locator(".list h2").first()).toHaveText("Conversations 2");
  });

  test("an offer stays where it is while the one before it lapses", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    const next = offered({ offer: "o-2", ticket: "t-9", visitor: ana, deadline_ms: Date.now() + 60_000 });
    gateway.sends(desk({ offers: [offered({ deadline_ms: Date.now() + 60_000 }), next] }));
    const accept = page.locator("[data-offer=o-2]").getByTestId("accept");
    await accept.hover();
    const before = await placeOf(accept);
    gateway.sends(desk({ offers: [next] }));
    await expect(page.getByTestId("offer-gone")).toHaveCount(1);
    expect(await placeOf(accept)).toEqual(before);
    await page.mouse.down();
    await page.mouse.up();
    expect(await gateway.expects("accept")).toMatchObject({ offer: "o-2" });
  });
});
