import { expect, test, type Page } from "@playwright/test";
import { atBoard, atDesk, board, desk, doNow, held, mei, offered, past, says, startNumbers } from "./desk-kit.ts";
import { pages, shot } from "./pages.ts";
import type { ScriptedGateway } from "./scripted.ts";
import { actsOf, ana, both, everyKey, keys, offer, placeOf, sam, standStill, type Time } from "./desk-hands-kit.ts";

// An agent writes, clicks or presses keys while the element with the focus goes
// away: the next key never acts on another conversation.

test.beforeEach(startNumbers);

test.describe("what is typed when the box goes away is no command", () => {
  const ways: readonly [name: string, how: (page: Page, gateway: ScriptedGateway, time: Time) => Promise<void> | void, open?: string][] = [
    ["the visitor leaves and the ticket is wrapped up", (_page, gateway) => {
      gateway.sends(says("t-1", mei, "", { kind: "closed" }));
      gateway.sends(desk({ ...offer(), tickets: [held({ wrap_up_until_ms: Date.now() + 60_000 }), ...both().slice(1)] }));
    }],
    ["the visitor leaves", (_page, gateway) => gateway.sends(desk({ ...offer(), tickets: both().slice(1) }))],
    ["the supervisor gives it to another, who was first in the list", (_page, gateway) => gateway.sends(desk({ ...offer(), tickets: both().slice(1) }))],
    ["the next conversation has ended", async (page, gateway, time) => {
      gateway.sends(desk({ ...offer(), tickets: [held(), held({ ticket: "t-2", visitor: ana, wrap_up_until_ms: Date.now() + 60_000 })] }));
      await time.until(async () => expect(await page.getByTestId("tab").nth(1).locator(".tab-side").textContent()).not.toBe(""));
      await page.keyboard.press("Alt+ArrowDown");
    }],
    ["the log is another after a failover", (_page, gateway) => {
      gateway.sends({ type: "reset" });
      gateway.sends(desk({ ...offer(), tickets: both().slice(1) }));
    }],
    ["the dialog of a transfer goes", (_page, gateway) => {
      gateway.sends(desk({ ...offer(), tickets: Array.from({ length: 22 }, (_, i) => held({ ticket: `t-x${i}`, visitor: ana })) }));
      gateway.sends(desk({ ...offer(), tickets: both().slice(1) }));
    }, "transfer"],
  ];
  for (const [name, how, opens] of ways) {
    test(name, async ({ page }) => {
      await page.clock.install();
      const gateway = await atDesk(page, pages);
      gateway.sends(desk({ ...offer(), tickets: both() }));
      await expect(page.getByTestId("held")).toContainText("Lin");
      if (opens === undefined) {
        await page.getByTestId("composer").click();
      } else {
        await page.getByTestId(opens).click();
        await page.getByTestId(`${opens}-note`).click();
      }
      const time = await standStill(page);
      await page.keyboard.type("half a sen");
      const before = gateway.received.length;
      await how(page, gateway, time);
      await time.untilKeys("held");
      await page.keyboard.type(everyKey);
      await page.keyboard.press("Enter");
      await page.keyboard.press("Escape"); // a hand that flails
      await page.keyboard.type(everyKey);
      expect(actsOf(gateway, before)).toEqual([]);
      await time.rest();
      await expect(page.locator("dialog")).toHaveCount(0);
      await keys(page).toBe("off");
      await page.keyboard.type(everyKey); // also after a rest
      expect(actsOf(gateway, before)).toEqual([]);
      expect(await page.evaluate(() => [document.activeElement === document.body, sessionStorage.getItem("nextup.draft.t-2")])).toEqual([false, null]);
      await expect(page.getByTestId("hint")).toContainText("Keys do nothing");
      await page.keyboard.press("Escape");
      await keys(page).toBe("on");
      await expect(page.getByTestId("hint")).toBeEmpty();
      await page.keyboard.press("v");
      await doNow(page);
      expect(await gateway.expects("status")).toMatchObject({ status: "away" });
    });
  }

  test("the conversation stays in its pane, and the draft with its ticket", async ({ page }) => {
    await page.clock.install();
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: both() }));
    await page.getByTestId("composer").click();
    const time = await standStill(page);
    await page.keyboard.type("only for Lin");
    gateway.sends(desk({ tickets: both().slice(1) }));
    await time.untilKeys("held");
    await page.clock.resume();
    await expect(page.getByTestId("held")).toContainText("Lin");
    await gateway.isAccessible();
    await shot(page, "keys-off");
    await page.locator("[data-testid=tab][data-ticket=t-2]").click();
    await expect(page.getByTestId("composer")).toHaveValue("");
    gateway.sends(desk({ tickets: both() }));
    await page.locator("[data-testid=tab][data-ticket=t-1]").click();
    await expect(page.getByTestId("composer")).toHaveValue("only for Lin");
  });

  test("a conversation that was accepted waits in the list while another is written in", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ ...offer(), tickets: [held()] }));
    await page.getByTestId("accept").click();
    await page.getByTestId("composer").click();
    await page.keyboard.type("to L");
    gateway.sends(desk({ tickets: [held(), held({ ticket: "t-a001", visitor: sam })] }));
    await expect(page.getByTestId("tab")).toHaveCount(2);
    await page.keyboard.type("in");
    await page.keyboard.press("Enter");
    expect(await gateway.expects("send")).toMatchObject({ ticket: "t-1", text: "to Lin" });
  });

  test("E twice dismisses one, and is not about the next", async ({ page }) => {
    await page.clock.install();
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: both() }));
    await expect(page.getByTestId("tab")).toHaveCount(2);
    gateway.sends(desk({ tickets: both().slice(1) }));
    await expect(page.getByTestId("dismiss")).toBeVisible();
    const time = await standStill(page);
    await page.keyboard.press("e");
    await time.until(async () => expect(await page.getByTestId("held").textContent()).toContain("Ana"));
    await page.keyboard.press("e");
    expect(actsOf(gateway)).toEqual([]);
    await time.rest();
    await keys(page).toBe("on");
    await page.keyboard.press("e");
    expect(await gateway.expects("close")).toMatchObject({ ticket: "t-2", after_s: 5 });
  });

  test("a dismissed one takes the focus of its button with it", async ({ page }) => {
    await page.clock.install();
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ ...offer(), tickets: both() }));
    await expect(page.getByTestId("tab")).toHaveCount(2);
    gateway.sends(desk({ ...offer(), tickets: both().slice(1) }));
    await expect(page.getByTestId("dismiss")).toBeVisible();
    const time = await standStill(page);
    await page.getByTestId("dismiss").click();
    await time.until(async () => expect(await page.getByTestId("held").textContent()).toContain("Ana"));
    await page.keyboard.type(everyKey);
    expect(actsOf(gateway)).toEqual([]);
  });

  test("a key that was meant for an offer that lapsed is not about the next offer", async ({ page }) => {
    await page.clock.install();
    const gateway = await atDesk(page, pages);
    const next = offered({ offer: "o-2", ticket: "t-9", visitor: ana, deadline_ms: Date.now() + 60_000 });
    gateway.sends(desk({ offers: [offered(), next] }));
    await expect(page.getByTestId("offer")).toHaveCount(2);
    const time = await standStill(page);
    gateway.sends(desk({ offers: [next] }));
    await time.until(async () => expect(await page.getByTestId("offer").count()).toBe(1));
    await page.keyboard.type("ad");
    await time.until(async () => expect(await page.getByTestId("hint").textContent()).toContain("just come to the front"));
    expect(actsOf(gateway)).toEqual([]);
  });

  for (const away of [false, true]) {
    test(`coming back to the window is no purpose${away ? ", where the box went while the window was behind others" : ""}`, async ({ page }) => {
      const gateway = await atDesk(page, pages);
      gateway.sends(desk({ ...offer(), tickets: both() }));
      await page.getByTestId("composer").click();
      await page.keyboard.type("half a sen");
      // A page behind others hears nothing of its focus; the browser tells it when somebody comes back.
      const behind = (is: boolean) => page.evaluate((on) => document.documentElement.toggleAttribute("data-behind", on), is);
      await page.evaluate(() => {
        const stop = (event: Event) => document.documentElement.hasAttribute("data-behind") && event.stopImmediatePropagation();
        window.addEventListener("focusin", stop, true);
      });
      await behind(away);
      const before = gateway.received.length;
      gateway.sends(desk({ ...offer(), tickets: both().slice(1) }));
      await keys(page).toBe("off");
      await behind(false);
      await page.evaluate(() => document.activeElement?.dispatchEvent(new FocusEvent("focusin", { bubbles: true })));
      await keys(page).toBe("off");
      await page.keyboard.type(everyKey);
      expect(actsOf(gateway, before)).toEqual([]);
      await page.keyboard.press("Escape");
      await keys(page).toBe("on");
    });
  }

  test("at the board as well", async ({ page }) => {
    await page.clock.install();
    const gateway = await atBoard(page, pages);
    gateway.sends(board());
    await page.getByTestId("watch").first().click();
    await page.getByTestId("composer").click();
    const time = await standStill(page);
    await page.keyboard.type("whisp");
    gateway.sends(says("t-1", mei, "", { kind: "closed" }));
    await time.untilKeys("held");
    await page.keyboard.type("qgw?");
    await page.keyboard.press("Enter");
    expect(actsOf(gateway)).toEqual([]);
    await time.rest();
    await expect(page.locator("dialog")).toHaveCount(0);
    await keys(page).toBe("off");
    expect(await page.evaluate(() => document.activeElement === document.body)).toBe(false);
    await gateway.isAccessible();
  });
});

test("[open-5] an offer shows what the visitor has written", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ ...offer(), tickets: [held()] }));
  await expect(page.getByTestId("offer-text")).toHaveText("Nothing written yet");
  await expect.poll(() => gateway.received.some((f) => f.type === "open" && f.ticket === "t-a001")).toBe(true);
  const height = (await placeOf(page.getByTestId("offer"))).height;
  gateway.sends(says("t-a001", sam, "My card was declined twice."));
  gateway.sends(says("t-a001", sam, "It is urgent, since I am abroad, and none of my other cards works here; what can I do now, and how long will that take?"));
  await expect(page.getByTestId("offer-text")).toContainText("It is urgent");
  expect((await placeOf(page.getByTestId("offer"))).height).toBe(height);
  await gateway.isAccessible();
  await shot(page, "offer-text");
});

test("[open-4] earlier conversations are there until the wrap-up ends, and no longer", async ({ page }) => {
  const gateway = await atDesk(page, pages);
  gateway.sends(desk({ tickets: [held({ wrap_up_until_ms: Date.now() + 60_000 })] }));
  await expect(page.getByTestId("past-ticket")).toHaveCount(past().length);
  gateway.sends(desk({ tickets: [] }));
  await expect(page.getByTestId("dismiss")).toBeVisible();
  await expect(page.getByTestId("earlier")).toHaveCount(0);
});

for (const width of [1280, 390]) {
  test(`[pause-1] a paused queue with people does not read as empty, at ${width}`, async ({ page }) => {
    const gateway = await atDesk(page, pages);
    await page.route("**/v1/queues", (route) =>
      route.fulfill({ json: [{ department: "support", language: "en", size: 3, paused: true, agents_with_room: 0, wait: { known: false } }] }),
    );
    await page.setViewportSize({ width, height: 800 });
    gateway.sends(desk());
    await expect(page.getByTestId("paused-queues")).toContainText("3 people wait in");
    await expect(page.getByTestId("paused-queues")).toContainText("paused");
    await expect(page.getByText("as soon as somebody is in line")).toHaveCount(0);
    await gateway.isAccessible();
    await shot(page, `paused-${width}`);
  });

  test(`every key does something or says why not, at ${width}`, async ({ page }) => {
    const gateway = await atDesk(page, pages);
    await page.setViewportSize({ width, height: 800 });
    const hint = page.getByTestId("hint");
    gateway.sends(desk());
    await expect(page.getByTestId("desk")).toHaveAttribute("data-status", "available");
    for (const key of ["a", "d", "j", "k", "5", "b", "r", "n", "t", "c", "e", "i", "/", "u"]) {
      await page.keyboard.press("v"); // the hint of before goes
      await page.keyboard.press("v");
      await expect(page.getByTestId("undo-strip")).toHaveCount(0); // the page has drawn what the keys did
      await expect(hint).toBeEmpty();
      await page.keyboard.press(key);
      await expect(hint, key).not.toBeEmpty();
    }
    gateway.sends(desk({ tickets: both() }));
    await expect(page.getByTestId("tab")).toHaveCount(2);
    await page.keyboard.press("b");
    if (width === 1280) {
      await expect(page.getByTestId("pane")).toHaveCount(2); // the facts gave their room
      await expect(page.getByTestId("facts")).toHaveCount(0);
      await page.keyboard.press("b");
      await expect(page.getByTestId("pane")).toHaveCount(1);
      await expect(page.getByTestId("facts")).toHaveCount(1);
    } else {
      await expect(hint).toContainText("no room for two");
      await expect(page.getByTestId("pane")).toHaveCount(1);
    }
    expect(actsOf(gateway)).toEqual([]);
  });
}
