import { expect, test } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { stopTime } from "./desk-kit.ts";
import { pages } from "./pages.ts";
import { ScriptedGateway } from "./scripted.ts";
import { assigned, closed, mei, open, says, waiting } from "./widget-kit.ts";

// The widget by itself, on the demo's host page: each state that the server's
// frames can bring about, and what a person does with it.

test("asks where to join, shows the wait before joining, and joins", async ({ page }) => {
  const gateway = await open(page, "", { topics: ["withdrawal"], urgencies: ["high"] });
  await expect(page.getByTestId("expected-wait")).toHaveText("Expected wait: about 2–5 min");
  await expect(page.locator(".estimate")).toContainText("4 people are waiting");
  await page.getByTestId("language-zh").check();
  await expect(page.getByTestId("expected-wait")).toHaveText("Expected wait: we can’t say yet");
  await page.getByTestId("topic").fill("付".repeat(60));
  await page.getByTestId("urgency-high").check();
  await gateway.isAccessible();
  await page.getByTestId("join").click();
  expect(await gateway.expects("join")).toMatchObject({
    department: "support",
    languages: ["zh"],
    topic: "付".repeat(42), // 126 of 128 bytes
    urgency: "high",
  });
});

test("says why a join was refused, in the language of the chat", async ({ page }) => {
  const gateway = await open(page, "?locale=zh-CN");
  await page.getByTestId("join").click();
  const { id } = await gateway.expects("join");
  gateway.sends(golden("error", { id, code: "queue_full", message: "The queue is full.", known: undefined }));
  await expect(page.getByTestId("problem")).toHaveText("队列已满，请稍后再试。");
  await gateway.isAccessible();
});

test("[ticket-1] [cadence-2] shows the place, who is ahead, the wait and how old that is, on the launcher too", async ({ page }) => {
  await page.clock.install();
  const gateway = await open(page);
  await expect(page.getByTestId("join")).toBeVisible();
  const pass = await stopTime(page);
  gateway.sends(waiting({ as_of_ms: await page.evaluate(() => Date.now()) }));
  await expect(page.getByTestId("position")).toHaveText("3");
  await expect(page.getByTestId("people-ahead")).toHaveText("2 people ahead of you");
  await expect(page.getByTestId("wait")).toHaveText("about 2–5 min");
  await expect(page.getByTestId("updated")).toHaveText("updated just now");
  await pass(3_000);
  await expect(page.getByTestId("updated")).toHaveText("updated 3 s ago");
  await page.clock.resume();
  await gateway.isAccessible();
  gateway.sends(waiting({ position: 1, wait: { known: true, low_s: 5, high_s: 40 } }));
  await expect(page.getByTestId("people-ahead")).toHaveText("You are next");
  await expect(page.getByTestId("wait")).toHaveText("under 1 min");
  await page.getByRole("button", { name: "Minimise" }).first().click();
  await expect(page.getByTestId("visitor")).toHaveCount(0);
  await expect(page.getByTestId("launcher")).toHaveText(/^1You are nextunder 1 min$/);
  await expect(page.getByTestId("launcher")).toHaveAccessibleName("Chat with us. You are number 1 in line");
  await gateway.isAccessible();
});

test("a screen reader hears of 25 moves in 15 seconds at most twice, and of the agent at once", async ({ page }) => {
  await page.clock.install();
  const gateway = await open(page);
  await expect(page.getByTestId("join")).toBeVisible();
  const pass = await stopTime(page);
  const spoken = page.locator(".spoken-only[role=status]");
  const heard: string[] = [];
  for (let position = 30; position > 5; position--) {
    gateway.sends(waiting({ position, size: 30 }));
    await expect(page.getByTestId("position")).toHaveText(String(position));
    await pass(600);
    const text = (await spoken.allTextContents()).join("");
    if (text !== heard.at(-1)) {
      heard.push(text);
    }
  }
  expect(heard[0]).toContain("You are number 30 in line.");
  expect(heard.slice(1).length).toBeLessThanOrEqual(2);
  gateway.sends(assigned());
  await expect(spoken).toHaveText("You are talking to \u2068Mei\u2069");
});

for (const reason of ["priority_arrival", "returned", "transfer_in", "raised", "lowered"] as const) {
  test(`[ticket-5] says why the place got worse: ${reason}`, async ({ page }) => {
    const gateway = await open(page);
    gateway.sends(waiting({ position: 140, size: 400, wait: { known: false }, reason }));
    await expect(page.getByTestId("wait")).toHaveText("we can’t say yet");
    await expect(page.locator(".special p")).toHaveText(/\w+ \w+ .*\.$/);
    gateway.sends(waiting({ position: 139, size: 400 }));
    await expect(page.locator(".special p")).toHaveCount(0);
  });
}

test("tells of a hold, of a pause, and of who else may help by now", async ({ page }) => {
  const gateway = await open(page);
  const hold = { agent: mei, until_ms: Date.now() + 28_000 };
  gateway.sends(waiting({ hold, paused: true, widened: 1, languages: ["zh", "en", "ja"], reason: "a_new_one" }));
  const special = page.locator(".special p");
  await expect(special).toHaveText([
    /^\u2068Mei\u2069 knows your case: we hold your place with them for up to \d+ s\.$/,
    "This line is paused for now. You keep your place.",
    "To answer you sooner, somebody who speaks English or Japanese may help you as well.",
  ]);
  await gateway.isAccessible();
});

test("leaving asks again; Escape and Stay keep the place", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(waiting());
  await page.getByTestId("leave").click();
  await page.keyboard.press("Escape");
  await page.getByTestId("leave").click();
  await page.getByRole("button", { name: "Stay" }).click();
  expect(gateway.received.filter((f) => f.type === "leave")).toEqual([]);
  await page.getByTestId("leave").click();
  await expect(page.getByTestId("leave-sure")).toBeFocused();
  await gateway.isAccessible();
  await page.getByTestId("leave-sure").click();
  expect(await gateway.expects("leave")).toMatchObject({ ticket: "t-9f2c" });
});

test("tells who is offered that somebody is about to answer, and who finds an agent free that there is no wait", async ({ page }) => {
  const gateway = await ScriptedGateway.start(page, { urgencies: undefined, topics: undefined });
  await page.route("**/v1/queues", (route) =>
    route.fulfill({ json: [{ department: "support", language: "en", size: 0, agents_with_room: 2, wait: { known: true, low_s: 0, high_s: 20 } }] }),
  );
  await page.setViewportSize({ width: 1100, height: 800 });
  await page.goto(`${pages}visitor.html`);
  await gateway.welcomes();
  await expect(page.locator(".estimate")).toContainText("Somebody is free right now");
  await gateway.isAccessible();
  gateway.sends(waiting({ status: "offered", position: 1 }));
  await expect(page.getByTestId("people-ahead")).toHaveText("Somebody is about to answer");
  await gateway.isAccessible();
});

test("the end is rated, and rated otherwise, and a new start is one press away", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(closed());
  await expect(page.getByTestId("visitor")).toContainText("The agent has closed the conversation.");
  await gateway.isAccessible();
  await page.getByTestId("score-4").check();
  await page.getByPlaceholder("Anything you want to add? (optional)").fill("quick and kind");
  await gateway.isAccessible();
  await page.getByRole("button", { name: "Send rating" }).click();
  expect(await gateway.expects("rate")).toMatchObject({ ticket: "t-9f2c", score: 4, comment: "quick and kind" });
  gateway.sends(closed({ rating: { score: 4, comment: "quick and kind" } }));
  await expect(page.locator(".rated")).toContainText("Thank you for telling us.");
  await expect(page.locator(".rated .lit")).toHaveCount(4);
  await gateway.isAccessible();
  await page.getByRole("button", { name: "Change" }).click();
  await expect(page.getByTestId("score-4")).toBeChecked();
  await page.getByTestId("rejoin").click();
  await expect(page.getByTestId("join-form")).toBeVisible();
  await page.reload();
  await expect.poll(() => gateway.hellosAt.length).toBe(2);
  gateway.sends(closed());
  await expect(page.getByTestId("join-form")).toBeVisible(); // that end was seen
});

test("who left the line before an agent came is not asked for a rating", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(closed({ status: "abandoned", end: "visitor_left", agent: undefined }));
  await expect(page.getByTestId("visitor")).toContainText("You have left.");
  await expect(page.locator(".rating")).toHaveCount(0);
  await expect(page.getByTestId("rejoin")).toBeVisible();
  await gateway.isAccessible();
});

test("calls back who looks elsewhere: title, sound and notification when it is their turn, and for a message", async ({ page, context }) => {
  await context.grantPermissions(["notifications"], { origin: new URL(pages).origin });
  await page.addInitScript(() => {
    const shown: string[] = [];
    Object.assign(window, { shown, hidden: false, tones: 0 });
    class Recorded {
      static readonly permission = "granted";
      constructor(title: string, { body }: { body: string }) {
        shown.push(`${title}: ${body}`);
      }
      close() {}
    }
    Object.assign(window, { Notification: Recorded });
    Object.defineProperty(document, "visibilityState", { get: () => (Reflect.get(window, "hidden") ? "hidden" : "visible") });
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
      Reflect.set(window, "tones", Number(Reflect.get(window, "tones")) + 1);
      start.call(this, at);
    };
  });
  const gateway = await open(page);
  await page.getByTestId("join").click(); // a press: from now on the page may sound
  const title = await page.title();
  gateway.sends(waiting());
  await expect(page.getByTestId("position")).toHaveText("3");
  await page.evaluate(() => Reflect.set(window, "hidden", true));
  gateway.sends(assigned());
  await expect(page).toHaveTitle(`● It’s your turn · ${title}`);
  expect(await page.evaluate(() => Reflect.get(window, "tones"))).toBe(2);
  gateway.sends(says(1, "the secret text"));
  await expect(page).toHaveTitle(`● 1 new message · ${title}`);
  expect(await page.evaluate(() => Reflect.get(window, "shown"))).toEqual([
    "It’s your turn: You are talking to \u2068Mei\u2069",
    "1 new message: \u2068Mei\u2069",
  ]);
  await page.evaluate(() => {
    Reflect.set(window, "hidden", false);
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect(page).toHaveTitle(title);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("switch", { name: "Sound" }).uncheck();
  gateway.sends(says(2, "in silence"));
  await expect(page.getByText("in silence")).toBeVisible();
  expect(await page.evaluate(() => Reflect.get(window, "tones"))).toBe(4);
});

test("counts what was not read while it is closed", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(assigned());
  await page.keyboard.press("Escape");
  gateway.sends(says(1, "one"));
  gateway.sends(says(2, "two"));
  await expect(page.locator(".badge")).toHaveText("2");
  await expect(page.getByTestId("launcher")).toHaveAccessibleName("Chat with us. 2 unread messages");
  await gateway.isAccessible();
  expect(gateway.received.filter((f) => f.type === "read")).toEqual([]);
  await page.getByTestId("launcher").click();
  expect(await gateway.expects("read")).toMatchObject({ up_to: 2 });
  await page.keyboard.press("Escape");
  await expect(page.locator(".badge")).toHaveCount(0);
});

test("the language is the visitor's, and can be chosen for good", async ({ page }) => {
  const gateway = await open(page);
  await page.getByRole("button", { name: "Settings" }).click();
  await gateway.isAccessible();
  await page.getByTestId("locale-ja").click(); // it goes with the menu, so there is nothing left to look at
  await expect(page.getByTestId("join")).toHaveText("順番待ちに並ぶ");
  await expect(page.getByTestId("language-ja")).toBeChecked();
  await page.reload();
  await expect(page.getByTestId("join")).toHaveText("順番待ちに並ぶ");
  await gateway.isAccessible();
});

test("a whole visit by keyboard alone", async ({ page }) => {
  const gateway = await ScriptedGateway.start(page, { urgencies: undefined, topics: undefined });
  await page.setViewportSize({ width: 800, height: 800 }); // the panel is closed at first
  await page.goto(`${pages}visitor.html`);
  const tabTo = async (name: string | RegExp) => {
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press("Tab");
      const label = await page.evaluate(() => {
        const active = document.activeElement?.shadowRoot?.activeElement;
        return active?.getAttribute("aria-label") ?? active?.closest("label")?.textContent ?? active?.textContent ?? "";
      });
      if (typeof name === "string" ? label === name : name.test(label)) {
        return;
      }
    }
    throw new Error(`no way by Tab to ${String(name)}`);
  };
  await expect(page.getByTestId("launcher")).toBeVisible();
  await tabTo("Chat with us");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("visitor")).toBeFocused();
  await gateway.welcomes();
  await expect(page.getByTestId("join")).toBeVisible();
  await tabTo("Support");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByTestId("department-trading")).toBeChecked();
  await page.keyboard.press("ArrowLeft");
  await tabTo("What is it about?");
  await page.keyboard.type("My card");
  await page.keyboard.press("Enter");
  expect(await gateway.expects("join")).toMatchObject({ department: "support", topic: "My card" });
  gateway.sends(waiting());
  await tabTo("Leave the line");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("leave-sure")).toBeFocused();
  await page.keyboard.press("Escape");
  await tabTo("Write a message");
  await page.keyboard.type("Hello");
  await page.keyboard.press("Enter");
  expect(await gateway.expects("send")).toMatchObject({ text: "Hello" });
  gateway.sends(closed());
  await tabTo("Very bad");
  await page.keyboard.press("Space");
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press("ArrowRight");
  }
  await tabTo("Send rating");
  await page.keyboard.press("Enter");
  expect(await gateway.expects("rate")).toMatchObject({ score: 5 });
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("launcher")).toBeFocused();
});

test("on a phone it fills the screen, and nothing scrolls sideways", async ({ page }) => {
  const gateway = await ScriptedGateway.start(page);
  await page.setViewportSize({ width: 360, height: 640 });
  await page.goto(`${pages}visitor.html`);
  await page.getByTestId("launcher").click();
  await gateway.welcomes();
  await expect(page.getByTestId("join")).toBeInViewport({ ratio: 1 });
  const hold = { agent: mei, until_ms: Date.now() + 28_000 };
  gateway.sends(waiting({ position: 1_204, size: 3_000, hold, widened: 1, languages: ["zh", "en"], reason: "returned" }));
  await expect(page.getByTestId("composer")).toBeInViewport({ ratio: 1 });
  await expect(page.getByTestId("leave")).toBeInViewport({ ratio: 1 });
  await expect.poll(() => page.getByTestId("visitor").boundingBox()).toEqual({ x: 0, y: 0, width: 360, height: 640 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await gateway.isAccessible();
});

test("on a page that is written from right to left it stands on the left, and its own words stay as they are", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(waiting());
  await page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"));
  const launcher = await page.getByTestId("launcher").boundingBox();
  expect(launcher?.x).toBe(20);
  await expect(page.getByTestId("visitor")).toHaveCSS("direction", "ltr");
  gateway.sends(says(1, "שלום, מה שלומך?"));
  await expect(page.locator(".text").last()).toHaveCSS("direction", "rtl");
  await gateway.isAccessible();
});
