import { expect, test, type Locator, type Page } from "@playwright/test";
import type { ClientFrame, DeskTicket, Person } from "../src/core/index.ts";
import { atBoard, atDesk, board, desk, doNow, held, mei, offered, past, says, startNumbers, stopTime } from "./desk-kit.ts";
import { pages, shot } from "./pages.ts";
import type { ScriptedGateway } from "./scripted.ts";

// An agent writes, clicks or presses keys while the element with the focus goes
// away: the next key never acts on another conversation.

test.beforeEach(startNumbers);

const ana: Person = { role: "visitor", id: "v-2", name: "Ana" };
const sam: Person = { role: "visitor", id: "v-3", name: "Sam" };

/** Every key that would be a command, as a hand might write them. */
const everyKey = "evadtcusbijknr?/19";

/** The frames that do something; reading and drawing along are none. */
const acts: ReadonlySet<ClientFrame["type"]> = new Set(["accept", "decline", "close", "cancel_close", "finish", "leave", "transfer", "consult", "status", "send", "note"]);

function actsOf(gateway: ScriptedGateway, from = 0): ClientFrame[] {
  return gateway.received.slice(from).filter((f) => acts.has(f.type));
}

/** The state of keys at the desk or the board. */
function keys(page: Page) {
  return expect.poll(() => page.locator("main").getAttribute("data-keys"));
}

/**
 * Stops the page's time, so that a hand on a busy machine does not rest between two
 * keys: until waits for what is drawn within milliseconds, and rest lets the hand rest.
 */
async function standStill(page: Page) {
  const pass = await stopTime(page);
  const until = (check: () => Promise<void>) =>
    expect(async () => {
      await pass();
      await check();
    }).toPass();
  return {
    until,
    untilKeys: (state: string) => until(async () => expect(await page.locator("main").getAttribute("data-keys")).toBe(state)),
    rest: async () => {
      await pass(1_100);
      await page.clock.resume();
    },
  };
}

type Time = Awaited<ReturnType<typeof standStill>>;

const both = (): DeskTicket[] => [held(), held({ ticket: "t-2", visitor: ana })];
const offer = () => ({ offers: [offered({ deadline_ms: Date.now() + 60_000 })] });

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

/** Where something is drawn, in whole pixels: layout counts in fractions that no eye sees. */
async function placeOf(what: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await what.boundingBox();
  if (box === null) {
    throw new Error("it is not drawn");
  }
  return { x: Math.round(box.x), y: Math.round(box.y), width: Math.round(box.width), height: Math.round(box.height) };
}

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

test("200 accidents in a quarter of an hour, under a hand that writes: no act on anybody else's conversation", async ({ page }) => {
  test.setTimeout(1_200_000);
  const seed = Number(process.env["SEED"] ?? 20_261_129);
  process.stdout.write(`SEED=${seed}\n`);
  const random = generator(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  let ahead = 0;
  const now = () => Date.now() + ahead;
  await page.clock.install();
  const gateway = await atDesk(page, pages, now);
  const passes = async (ms: number) => {
    ahead += ms;
    await page.clock.fastForward(ms);
  };

  // The four conversations, and what else is on the desk.
  const people: readonly Person[] = ["Lin", "Ana", "Sam", "Zoé"].map((name, i) => ({ role: "visitor", id: `v-${i}`, name }));
  let count = 0;
  const comes = (visitor: Person): DeskTicket => held({ ticket: `t-${++count}`, visitor, language: "en", joined_at_ms: now() - 60_000, assigned_at_ms: now() - 30_000 });
  let tickets = people.map(comes);
  let offers: ReturnType<typeof offered>[] = [];
  const newOffer = () => offered({ offer: `o-${++count}`, ticket: `t-o${count}`, visitor: { role: "visitor", id: `v-o${count}`, name: `Offer ${count}` }, deadline_ms: now() + 15_000 });
  const tell = (change: object = {}) => gateway.sends(desk({ tickets, offers, as_of_ms: now(), ...change }));

  const goes = (id: string) => (tickets = tickets.filter((t) => t.ticket !== id));
  const wraps = (id: string) => (tickets = tickets.map((t) => (t.ticket === id ? { ...t, wrap_up_until_ms: now() + 30_000 } : t)));
  const other = (id: string) => pick(tickets.filter((t) => t.ticket !== id)).ticket;
  const accidents: Readonly<Record<string, (own: string) => unknown>> = {
    "the visitor leaves": (own) => (gateway.sends(says(own, mei, "", { kind: "closed", at_ms: now() })), wraps(own), tell()),
    "the visitor is gone": (own) => (goes(own), tell()),
    "another visitor leaves": (own) => (wraps(other(own)), tell()),
    "another is passed on": (own) => (goes(other(own)), tell()),
    "an offer comes": () => ((offers = [...offers, newOffer()]), tell()),
    "an offer lapses": () => ((offers = offers.slice(1)), tell()),
    "one lapses and another comes": () => ((offers = [...offers.slice(1), newOffer()]), tell()),
    "a transfer comes": () => ((tickets = [...tickets, comes({ role: "visitor", id: `v-t${++count}`, name: `Transfer ${count}` })]), tell()),
    "all of them at once": (own) => (goes(own), wraps(other(own)), (offers = [newOffer()]), tell()),
    "the network drops": () => gateway.closes(4001),
    "the log is reset": (own) => (gateway.sends({ type: "reset" }), goes(own), tell()),
    "they are set away": () => tell({ status: "away", away_reason: "lapsed" }),
    "another visitor writes": (own) => gateway.sends(says(other(own), ana, "hello?", { at_ms: now() })),
  };
  const hands = ["composer", "composer", "composer", "note", "transfer", "consult", "search", "command"];
  // Tab and Escape are not among them: with these the agent takes the focus elsewhere on purpose.
  const letters = [...everyKey, ..."evadtceva\n\n"];
  let hellos = 1;

  for (let n = 0; n < 200; n++) {
    tickets = people.map((visitor) => tickets.find((t) => t.visitor.id === visitor.id && t.wrap_up_until_ms === undefined) ?? comes(visitor));
    offers = random() < 0.5 ? [newOffer(), newOffer()] : [];
    tell();
    const own = pick(tickets);
    const hand = pick(hands);
    await passes(50);
    const drafts = await page.evaluate(takeInHand, [own.ticket, hand] as const);
    if (hand !== "command") {
      await page.keyboard.insertText("half");
    }
    const from = gateway.received.length;
    const [name, accident] = pick(Object.entries(accidents));
    await accident(own.ticket);
    // Sometimes the hand is faster than the news, sometimes not.
    if (random() < 0.7) {
      await passes(50);
    }
    const written = hand === "command" ? "ee" : Array.from({ length: 10 }, () => pick(letters)).join("");
    await page.keyboard.type(written);
    const after = await page.evaluate(() => ({ drafts: Object.entries(sessionStorage), dialog: document.querySelector("dialog[open]") !== null }));
    // The hand rests, and what would have waited is done.
    await passes(4_500);
    if (after.dialog) {
      await page.keyboard.press("Escape");
    }
    hellos += name === "the network drops" ? 1 : 0;
    await expect.poll(() => gateway.hellosAt.length).toBeGreaterThanOrEqual(hellos);
    hellos = gateway.hellosAt.length;
    const told = `SEED=${seed}, accident ${n + 1}: ${name} under ${hand}, then ${JSON.stringify(written)}`;
    for (const act of actsOf(gateway, from)) {
      expect("ticket" in act ? act.ticket : act, told).toBe(own.ticket);
      expect(hand === "command" ? ["close", "finish"] : ["send", "note"], told).toContain(act.type);
    }
    const ofOthers = ([key]: [string, unknown]) => key.startsWith("nextup.draft.") && key !== `nextup.draft.${own.ticket}`;
    expect(after.drafts.filter(ofOthers).toSorted(), told).toEqual(drafts.filter(ofOthers).toSorted());
  }
  expect(gateway.received.filter((f) => f.type === "send" || f.type === "note").length).toBeGreaterThan(20); // the hand did write
  expect(ahead).toBeGreaterThanOrEqual(900_000);
});

/** Goes to a conversation, puts the focus where a hand is to be, and gives what is stored; runs in the page, since 200 clicks take long. */
async function takeInHand([ticket, hand]: readonly [string, string]): Promise<[string, unknown][]> {
  const at = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  const drawn = () => new Promise((then) => setTimeout(then, 0));
  document.querySelector<HTMLElement>(`[data-testid=tab][data-ticket="${ticket}"]`)?.click();
  await drawn();
  if (at("held")?.dataset["ticket"] !== ticket) {
    throw new Error(`the conversation ${ticket} is not shown`);
  }
  if (hand === "search") {
    at("open-search")?.click();
  } else if (hand === "note" || hand === "transfer" || hand === "consult") {
    at(hand === "note" ? "mode-note" : hand)?.click();
  }
  await drawn();
  const place = { composer: "composer", note: "composer", transfer: "team-search", consult: "team-search", search: "search-words" }[hand] ?? "entries";
  at(place)?.focus();
  if (document.activeElement !== at(place)) {
    throw new Error(`the focus is not in ${place}`);
  }
  return Object.entries(sessionStorage);
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
