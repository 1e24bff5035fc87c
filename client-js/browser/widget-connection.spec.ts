import { expect, test } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { pages } from "./pages.ts";
import { ScriptedGateway } from "./scripted.ts";
import { open, waiting } from "./widget-kit.ts";

// What the widget shows while the service or the connection is away.

for (const [locale, interrupted, reconnecting] of [
  ["en", "The service is interrupted. Your place is kept.", "Reconnecting…"],
  ["zh-CN", "服务暂时中断。 您的位置已为您保留。", "正在重连…"],
] as const) {
  test(`[availability-2] says plainly in ${locale} that the service is interrupted, keeps what it shows and goes on`, async ({ page }) => {
    const gateway = await open(page, `?locale=${locale}`);
    gateway.sends(waiting());
    const banner = page.getByTestId("connection");
    await expect(banner).toBeEmpty();
    gateway.sends(golden("availability", { as_of_ms: Date.now() }));
    await expect(banner).toHaveText(interrupted);
    await expect(page.getByTestId("position")).toHaveText("3");
    await gateway.isAccessible();
    await page.getByTestId("composer").fill("kept");
    await page.getByTestId("composer").press("Enter");
    await expect(page.getByTestId("outgoing")).toContainText("kept");
    expect(gateway.received.filter((f) => f.type === "send")).toEqual([]);
    gateway.sends(golden("availability.back", { as_of_ms: Date.now() }));
    await expect(banner).toBeEmpty();
    expect(await gateway.expects("send")).toMatchObject({ text: "kept" });
    gateway.refusesHello(golden("error.busy", { code: "internal", retry_after_ms: 1_200 }));
    await gateway.closes(1011);
    await expect(banner).toContainText(reconnecting);
    await expect(page.getByTestId("position")).toHaveText("3");
    gateway.letsIn();
    await expect(banner).toBeEmpty();
  });
}

test("[busy-1] says that too many are coming, lets nobody hurry, and is let in by itself", async ({ page }) => {
  const gateway = await ScriptedGateway.start(page);
  gateway.refusesHello(golden("error.busy", { retry_after_ms: 1_500 }));
  await page.setViewportSize({ width: 1100, height: 800 });
  await page.goto(`${pages}visitor.html`);
  const banner = page.getByTestId("connection");
  await expect(banner).toContainText("You will be let in shortly.");
  await expect(banner.getByRole("button")).toHaveCount(0);
  await gateway.isAccessible();
  gateway.letsIn();
  await expect(banner).toBeEmpty();
  const [first = 0, second = 0] = gateway.hellosAt;
  expect(second - first).toBeGreaterThanOrEqual(1_500);
});

test("comes back by itself from a gateway that cannot serve, and stays away when it must", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(waiting());
  await gateway.closes(4003);
  await expect(page.getByTestId("position")).toHaveText("3");
  await expect(page.getByTestId("connection")).toHaveAttribute("data-state", "open");
  await gateway.closes(4503);
  await expect(page.getByTestId("connection")).toContainText("We cannot reach our systems.");
  await gateway.isAccessible();
});
