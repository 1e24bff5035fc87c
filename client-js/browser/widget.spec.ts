import { expect, test, type Page } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { stopTime } from "./desk-kit.ts";
import { hostileStrings } from "./hostile.ts";
import { pages } from "./pages.ts";
import { ScriptedGateway } from "./scripted.ts";

// The widget by itself, on the demo's host page: each state that the server's
// frames can bring about, and what a person does with it.


const own = { role: "visitor", id: "v-17", name: "Lin" };
const mei = { role: "agent", id: "a-3", name: "Mei" };
const plain = { reason: undefined, languages: undefined, hold: undefined, widened: undefined, paused: undefined, rating: undefined };
const waiting = (change: object = {}) => golden("ticket", { ...plain, as_of_ms: Date.now(), ...change });
const assigned = (change: object = {}) => golden("ticket.assigned", { ...plain, as_of_ms: Date.now(), agent: mei, ...change });
const closed = (change: object = {}) => golden("ticket.closed", { ...plain, as_of_ms: Date.now(), agent: mei, ...change });
const says = (number: number, text: string, from: object = mei, change: object = {}) =>
  golden("entry", { number, text, from, message_id: `m-${number}`, at_ms: Date.now(), ...change });

/** The page with the chat open, and a gateway that the test plays. */
async function open(page: Page, query = "", welcome: object = {}): Promise<ScriptedGateway> {
  const gateway = await ScriptedGateway.start(page, { urgencies: undefined, topics: undefined, ...welcome });
  await page.setViewportSize({ width: 1100, height: 800 });
  await page.goto(`${pages}visitor.html${query}`);
  await expect(page.getByTestId("visitor")).toBeVisible();
  await gateway.welcomes();
  return gateway;
}

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

test("chats: days, who is here, sent, delivered, read, typing, and nothing that is not for visitors", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(waiting());
  const day = 86_400_000;
  gateway.sends(says(1, "Two days ago", own, { at_ms: Date.now() - 2 * day }));
  gateway.sends(says(2, "Yesterday", own, { at_ms: Date.now() - day }));
  gateway.sends(says(3, "Today", own));
  const message = (text: string) => page.locator(".message").filter({ hasText: text });
  await expect(message("Today")).toContainText("· Sent");
  gateway.sends(assigned());
  await expect(page.getByTestId("agent-name")).toHaveText("You are talking to \u2068Mei\u2069");
  gateway.sends(golden("entry.member", { number: 4, at_ms: Date.now(), from: mei }));
  await expect(message("Today")).toContainText("· Delivered");
  gateway.sends({ type: "entry", ticket: "t-9f2c", number: 5, kind: "hidden", at_ms: Date.now() });
  gateway.sends(says(6, "a note by mistake", mei, { kind: "note" }));
  gateway.sends(says(7, "Hello!"));
  gateway.sends(golden("entry.read", { number: 8, up_to: 3, from: mei }));
  gateway.sends(golden("typing", { from: mei }));
  await expect(message("Today")).toContainText("· Read");
  await expect(page.locator(".day")).toHaveText([/^\w+,? \w+ \w+$/, "yesterday", "today"]);
  await expect(page.getByTestId("entry")).toHaveCount(5);
  await expect(page.getByTestId("visitor")).not.toContainText("a note by mistake");
  await expect(page.getByTestId("typing")).toHaveText("\u2068Mei\u2069 is writing…");
  expect(await gateway.expects("read")).toMatchObject({ up_to: 7 });
  await page.getByTestId("composer").fill("Thank you!\nOne more thing:");
  expect(await gateway.expects("typing")).toMatchObject({ on: true });
  await gateway.isAccessible();
  await page.getByTestId("composer").press("Enter");
  expect(await gateway.expects("send")).toMatchObject({ text: "Thank you!\nOne more thing:" });
  await expect(page.getByTestId("composer")).toHaveValue("");
});

test("a message that was refused can be tried again or discarded, and one too long is not sent", async ({ page }) => {
  const gateway = await open(page);
  gateway.refuses("send", "conversation_closed");
  gateway.sends(waiting());
  await page.getByTestId("composer").fill("hello?");
  await page.getByTestId("composer").press("Enter");
  await expect(page.getByTestId("outgoing")).toContainText("Not sent.");
  await gateway.isAccessible();
  gateway.refuses("send", undefined);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByTestId("outgoing")).toContainText("Sent");
  await page.getByTestId("composer").fill("漢".repeat(2_731));
  await expect(page.getByText("That is too long for one message.")).toBeVisible();
  await expect(page.getByTestId("send")).toBeDisabled();
  await gateway.isAccessible();
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

test("Enter that ends a CJK composition does not send, and a draft survives a reload", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(waiting());
  const composer = page.getByTestId("composer");
  await composer.fill("你好");
  await composer.dispatchEvent("keydown", { key: "Enter", isComposing: true });
  await expect(composer).toHaveValue("你好");
  await page.reload();
  await expect.poll(() => gateway.hellosAt.length).toBe(2);
  gateway.sends(waiting());
  await expect(composer).toHaveValue("你好");
  expect(gateway.received.filter((f) => f.type === "send")).toEqual([]);
});

test("links lead away safely, and only where they say", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(assigned());
  gateway.sends(says(1, "See https://good.example/a?b=1, (https://good.example/c). Not javascript:alert(1) or https://good.example@evil.example"));
  const links = page.locator(".text a");
  await expect(links).toHaveText(["https://good.example/a?b=1", "https://good.example/c"]);
  for (const link of await links.all()) {
    await expect(link).toHaveAttribute("rel", /noopener noreferrer/);
    await expect(link).toHaveAttribute("target", "_blank");
  }
});

test("who reads further up is not pulled down, and is told what came", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(assigned());
  for (let n = 1; n <= 250; n++) {
    gateway.sends(says(n, `message ${n}`));
  }
  await expect(page.getByText("message 250")).toBeInViewport();
  await expect(page.getByTestId("entry")).toHaveCount(60);
  const earlier = page.getByRole("button", { name: "Earlier messages" });
  for (const first of ["131", "71", "11", "1"]) {
    await earlier.dispatchEvent("click"); // a pointer would have to scroll there first, which asks for them as well
    await expect(page.getByTestId("entry").first()).toHaveAttribute("data-number", first);
  }
  await expect(earlier).toHaveCount(0);
  await page.getByTestId("entries").evaluate((list) => list.scrollTo(0, 0));
  // Once it is seen, the page has heard of the scrolling too: both come with the same frame.
  await expect(page.getByText("message 1", { exact: true })).toBeInViewport();
  gateway.sends(says(251, "and one more"));
  await expect(page.locator(".jump")).toHaveText("1 new message ↓");
  await expect(page.getByText("message 1", { exact: true })).toBeInViewport();
  await gateway.isAccessible();
  await page.locator(".jump").click();
  await expect(page.getByText("and one more")).toBeInViewport();
  await expect(page.locator(".jump")).toHaveCount(0);
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

// Chromium's order is keydown, compositionend; Safari's compositionend, keydown.
for (const [language, word, enter] of [
  ["zh-CN", "你好", { isComposing: true, keyCode: 229 }],
  ["zh-CN", "你好", { isComposing: false, keyCode: 229 }],
  ["ja", "届きません", { isComposing: false, keyCode: 229 }],
  ["ko", "안녕하세요", { isComposing: false, keyCode: 229 }],
] as const) {
  test(`Enter that takes a word of an input method sends nothing: ${language}, isComposing ${enter.isComposing}`, async ({ page }) => {
    const gateway = await open(page, `?locale=${language}`);
    gateway.sends(waiting());
    const composer = page.getByTestId("composer");
    await composer.fill(word);
    await composer.dispatchEvent("compositionend", { data: word });
    await composer.dispatchEvent("keydown", { key: "Enter", ...enter });
    await composer.dispatchEvent("keydown", { key: "Escape", ...enter });
    await expect(composer).toHaveValue(word);
    await composer.press("Enter");
    expect(await gateway.expects("send")).toMatchObject({ text: word });
    expect(gateway.received.filter((f) => f.type === "send")).toHaveLength(1);
  });
}

test("68 characters that are typed into a browser whose storage is full are in the box, and are sent", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(waiting());
  await page.getByTestId("composer").fill("My");
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
    };
  });
  const typed = "My withdrawal of yesterday has not arrived, and the page says done!!";
  await page.getByTestId("composer").pressSequentially(typed.slice(2));
  await page.evaluate(() => sessionStorage.clear());
  await expect(page.getByTestId("composer")).toHaveValue(typed);
  await page.getByTestId("composer").press("Enter");
  expect(await gateway.expects("send")).toMatchObject({ text: typed });
  await expect(page.getByTestId("composer")).toHaveValue("");
});

test("nothing that cannot be seen is sent", async ({ page }) => {
  const gateway = await open(page);
  gateway.sends(waiting());
  const composer = page.getByTestId("composer");
  for (const blank of ["   ", "\n\n", "\u200b\u2060", "\u3164\u2800"]) {
    await composer.fill(blank);
    await expect(page.getByTestId("send")).toBeDisabled();
    await composer.press("Enter");
  }
  await composer.fill(" my order \ud83d");
  await composer.press("Enter");
  expect(await gateway.expects("send")).toMatchObject({ text: "my order \ufffd" });
  expect(gateway.received.filter((f) => f.type === "send")).toHaveLength(1);
});

for (const named of [true, false]) {
  test(`a message that is refused${named ? "" : " without its id"} is shown as not sent, can be discarded, and the next is sent`, async ({ page }) => {
    await page.clock.install();
    const gateway = await open(page);
    gateway.refuses("send", "bad_frame", named);
    gateway.sends(waiting());
    await page.getByTestId("composer").fill("refused");
    await page.getByTestId("composer").press("Enter");
    await gateway.expects("send");
    await page.clock.fastForward(named ? 0 : 21_000); // only time tells what nothing else does
    const refused = page.locator("[data-testid=outgoing][data-state=refused]");
    await expect(refused).toContainText("Not sent.");
    gateway.refuses("send", undefined);
    await page.getByTestId("composer").fill("next");
    await page.getByTestId("composer").press("Enter");
    await expect(page.locator("[data-testid=outgoing][data-state=sent]")).toContainText("next");
    await refused.getByRole("button", { name: "Discard" }).click();
    await expect(refused).toHaveCount(0);
  });
}

test("200 hostile strings in names and messages are text: nothing runs, nothing is hidden, nothing breaks out", async ({ page }) => {
  const texts = hostileStrings();
  expect(new Set(texts).size).toBe(200);
  await page.emulateMedia({ reducedMotion: "reduce" }); // its measures are taken
  const gateway = await open(page);
  const failed: string[] = [];
  page.on("pageerror", (error) => failed.push(error.message));
  page.on("dialog", (dialog) => void dialog.dismiss().then(() => failed.push("a dialog")));
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  gateway.sends(assigned({ agent: { ...mei, name: texts[0] } }));
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  const bar = await page.locator(".hero").boundingBox();
  const kinds = new Set<string>();
  const together = 25; // as many are drawn at once
  for (const [i, text] of texts.entries()) {
    gateway.sends(says(2 * i + 1, text, i % 2 === 0 ? own : mei));
    gateway.sends(golden("entry.member", { number: 2 * i + 2, at_ms: Date.now(), from: { ...mei, name: text } }));
    if ((i + 1) % together > 0) {
      continue;
    }
    await expect(page.locator(`[data-number="${2 * i + 2}"]`)).toBeVisible();
    const shown = await page.locator(".message .text").evaluateAll((all) => all.map((e) => e.textContent));
    expect(shown.slice(-together)).toEqual(texts.slice(i + 1 - together, i + 1));
    const inside = await page.getByTestId("entries").evaluate((list) => ({
      kinds: [...list.querySelectorAll("*")].map((e) => e.localName),
      sideways: list.scrollWidth - list.clientWidth,
      liars: [...list.querySelectorAll("a")]
        .filter((a) => !/^https?:/.test(a.href) || new URL(a.textContent ?? "").href !== a.href)
        .map((a) => a.outerHTML),
    }));
    inside.kinds.forEach((kind) => kinds.add(kind));
    expect(inside.sideways).toBe(0);
    expect(inside.liars).toEqual([]); // each leads where it says
  }
  expect([...kinds].toSorted()).toEqual(["a", "button", "li", "ol", "p", "span", "time"]);
  for (const [i, text] of texts.entries()) {
    if (i % 10 === 0) {
      gateway.sends(assigned({ agent: { ...mei, name: text } })); // in the heading, on the launcher and in the typing line
      gateway.sends(golden("typing", { from: { ...mei, id: "a-9", name: text } }));
      await expect(page.getByTestId("agent-name")).toHaveText(/^You are talking to (\u2068.+\u2069|The agent)$/s);
      const now = await page.locator(".hero").boundingBox();
      expect(now?.width).toBe(bar?.width);
      expect(now?.height).toBeLessThan(260);
    }
  }
  expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBe(elements);
  expect(await page.evaluate(() => Reflect.get(window, "__ran"))).toBeUndefined();
  expect([failed, asked.filter((url) => !url.startsWith(pages) && !url.endsWith("/v1/queues"))]).toEqual([[], []]);
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
