import { expect, test } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { hostileStrings } from "./hostile.ts";
import { pages } from "./pages.ts";
import { assigned, mei, open, own, says, waiting } from "./widget-kit.ts";

// What a visitor writes and reads in the widget.

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
