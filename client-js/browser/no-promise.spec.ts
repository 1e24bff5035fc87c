import { expect, test } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { atDesk, desk, held } from "./desk-kit.ts";
import { pages, shot } from "./pages.ts";
import { ScriptedGateway } from "./scripted.ts";

// What a page says can be done, can be done.

test("[ticket-9] while no agent is here, the widget tells no wait, open or closed", async ({ page }) => {
  const gateway = await ScriptedGateway.start(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${pages}visitor.html`);
  await gateway.welcomes();
  const wait = { known: true, low_s: 130, high_s: 290 };
  const view = golden("ticket", { reason: undefined, widened: undefined, hold: undefined, paused: undefined, position: 3, wait, as_of_ms: Date.now() });
  gateway.sends(view);
  await expect(page.getByTestId("wait")).toHaveText("about 2–5 min");
  gateway.sends({ ...view, unattended: true });
  await expect(page.getByText("Nobody is here to answer right now.").last()).toBeVisible();
  await expect(page.getByTestId("wait")).toHaveCount(0);
  await shot(page, "unattended-1280");
  await page.setViewportSize({ width: 390, height: 844 });
  await shot(page, "unattended-390");
  await page.getByRole("button", { name: "Minimise" }).last().click();
  await expect(page.getByTestId("launcher")).toContainText("3");
  await expect(page.getByTestId("launcher")).not.toContainText("min");
  await shot(page, "unattended-closed-390");
});

test("a conversation without a box to write in does not ask for a hello", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ tickets: [held()] }));
  await expect(page.getByTestId("pane")).toContainText("Say hello.");
  gateway.sends(desk());
  await expect(page.getByTestId("pane")).toContainText("went on to somebody else");
  await expect(page.getByTestId("composer")).toHaveCount(0);
  await expect(page.getByTestId("pane")).toContainText("Nothing was written yet.");
  await expect(page.getByTestId("pane")).not.toContainText("Say hello");
  await page.setViewportSize({ width: 1280, height: 800 });
  await shot(page, "passed-on-1280");
  await page.setViewportSize({ width: 390, height: 844 });
  await shot(page, "passed-on-390");
});
