import { expect, test, type Browser, type Page } from "@playwright/test";
import { isAccessible } from "./axe.ts";
import { Crowd } from "./crowd.ts";
import { needsRedis, Servers } from "./gateway.ts";
import { hostileStrings } from "./hostile.ts";
import { leave } from "./people.ts";

// Agents and a supervisor at work, on real gateways over Redis.

let servers: Servers | undefined;

test.afterEach(async ({ browser }) => {
  await leave(browser);
  await servers?.stop();
  servers = undefined;
});

/** At trading an offer lapses while one looks on; at support a busy machine has time. */
const site = `sites:
  - id: desktop
    languages: [en, zh]
    visitor_tiers: {gold: 120s}
    transfer_hold: 60s
    departments:
      - id: support
        name: Support
        offer_timeout: 60s
        wrap_up: 30s
      - id: trading
        name: Trading
        offer_timeout: 2s
    agents:
      defaults:
        capacity: 10
    limits:
      frames_per_second: 500
      burst: 5000
      bytes_per_second: 4MiB
      byte_burst: 16MiB
      outgoing_buffer: 4MiB
    keys:
      - id: desktop
        algorithm: HS256
        secret: a-secret-of-the-browser-tests-only-32-bytes-or-more
        roles: [visitor, agent, supervisor]
`;

async function signIn(browser: Browser, gateway: string, name: string, role: "agent" | "supervisor"): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1360, height: 800 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(`${gateway}/agent.html`); // the old address leads to the desk
  await expect(page).toHaveURL(`${gateway}/desk`);
  await page.getByTestId("sign-in-name").fill(name);
  await page.getByTestId(`sign-in-as-${role}`).check();
  await page.getByTestId("sign-in").click();
  return page;
}

async function agent(browser: Browser, gateway: string, name: string): Promise<Page> {
  const page = await signIn(browser, gateway, name, "agent");
  await page.getByTestId("status-available").check();
  await expect(page.getByTestId("desk")).toHaveAttribute("data-status", "available");
  return page;
}

async function start(browser: Browser): Promise<{ first: string; second: string; crowd: Crowd; running: Servers }> {
  needsRedis();
  const running = new Servers(site);
  servers = running;
  await running.startRedis();
  const [first, second] = [await running.startGateway(), await running.startGateway()];
  return { first, second, crowd: await Crowd.at(browser, first), running };
}

async function writes(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

test("[offer-1] [desk-5] an agent lets an offer lapse, declines one, accepts one by key, and is rated", async ({ browser }) => {
  const { second, crowd } = await start(browser);
  const mei = await agent(browser, second, "Mei");
  await crowd.joins("v-ann", { name: "Ann", language: "en", topic: "Deposit", department: "trading" });
  await test.step("it lapses, twice, and Mei is away and knows why", async () => {
    await expect(mei.getByTestId("away-reason")).toBeVisible();
    await expect(mei.getByTestId("offer-lost")).toContainText("The offer of \u2068Ann\u2069 lapsed.");
    expect(await crowd.status("v-ann")).toBe("waiting");
  });
  await test.step("back, she declines and accepts the next", async () => {
    await crowd.leaves("v-ann");
    await crowd.joins("v-bo", { name: "Bo", language: "en", topic: "Login" });
    await mei.getByTestId("back").click();
    await expect(mei.getByTestId("offer")).toContainText(/Bo.*Login/);
    await mei.keyboard.press("d");
    await expect(mei.getByTestId("offer")).toHaveCount(0);
    expect(await crowd.status("v-bo")).toBe("waiting");
    await crowd.leaves("v-bo");
    await crowd.joins("v-lin", { name: "Lin", language: "en", topic: "Card payment declined", tier: "gold" });
    await expect(mei.getByTestId("offer")).toContainText(/Lin.*Card payment declined.*gold.*\+2 min/);
    await expect(mei.getByTestId("offer").locator("kbd").first()).toBeVisible(); // it has been at the front for a moment
    await mei.keyboard.press("a");
    await expect(mei.getByTestId("held")).toContainText("Lin");
    await expect.poll(() => crowd.status("v-lin")).toBe("assigned");
  });
  await test.step("they talk; a note stays among agents", async () => {
    await crowd.says("v-lin", "My card was declined.");
    await expect(mei.locator("[data-kind=message]")).toHaveText(/My card was declined\./);
    await mei.keyboard.press("n");
    await mei.keyboard.type("has called before");
    await mei.keyboard.press("Enter");
    await expect(mei.locator("[data-kind=note]")).toContainText("has called before");
    await mei.getByTestId("mode-send").click();
    await writes(mei, "I am looking into it.");
    await expect.poll(() => crowd.messages("v-lin")).toEqual(["My card was declined.", "I am looking into it."]);
    expect(JSON.stringify(await crowd.heard("v-lin"))).not.toContain("has called before");
  });
  await test.step("[finish-1] she closes, sees the rating while wrapping up, and finishes", async () => {
    await mei.getByTestId("composer").press("Escape");
    await mei.keyboard.press("e");
    await expect(mei.getByTestId("wrap-up")).toContainText("Wrap up within");
    await crowd.rates("v-lin", 5, "Quick and kind");
    await expect(mei.getByTestId("wrap-up").getByTestId("rating")).toContainText("Quick and kind");
    await mei.keyboard.press("e");
    await expect(mei.getByTestId("tab")).toHaveAttribute("data-gone", "true");
    await expect(mei.getByTestId("load")).toHaveText("0 of 10 busy");
  });
  await test.step("[http-7] [open-4] when Lin comes again, the earlier conversation is there, and can be found", async () => {
    await crowd.joins("v-lin", { name: "Lin", language: "en", topic: "Again" });
    await expect(mei.getByTestId("offer")).toContainText("Again");
    await mei.keyboard.press("a");
    await expect(mei.getByTestId("past-ticket")).toContainText("Card payment declined");
    await mei.reload();
    await mei.getByTestId("past-ticket").click();
    await expect(mei.getByTestId("review")).toContainText("My card was declined.");
    await mei.keyboard.press("Escape");
    await mei.keyboard.press("Control+k");
    await mei.keyboard.type("card was");
    await expect(mei.getByTestId("result")).toContainText("My card was declined.");
  });
});

test("[transfer-2] [transfer-4] [consult-3] two desktops: a transfer with a note, a consultation, a hand-over", async ({ browser }) => {
  const { first, second, crowd } = await start(browser);
  const mei = await agent(browser, first, "Mei");
  await crowd.joins("v-lin", { name: "Lin", language: "en", topic: "Withdrawal" });
  await crowd.says("v-lin", "It is stuck.");
  await expect(mei.getByTestId("offer")).toBeVisible();
  await mei.keyboard.press("a");
  const yuki = await agent(browser, second, "Yuki");
  await test.step("Mei transfers to Yuki, who reads all of it and the note", async () => {
    await expect(mei.getByTestId("held")).toContainText("Withdrawal");
    await mei.keyboard.press("t");
    await mei.getByTestId("colleague").filter({ hasText: "Yuki" }).click();
    await mei.getByTestId("transfer-note").fill("stuck since a day");
    await mei.getByTestId("transfer-go").click();
    await expect(mei.getByTestId("tab")).toContainText("passed on");
    await expect(yuki.getByTestId("offer")).toContainText("from Mei");
    await yuki.keyboard.press("a");
    await expect(yuki.locator("[data-kind=message]")).toContainText("It is stuck.");
    await expect(yuki.locator("[data-kind=note]")).toContainText("stuck since a day");
  });
  await test.step("Yuki invites Mei, who writes as a guest and is handed the conversation", async () => {
    await yuki.keyboard.press("c");
    await yuki.getByTestId("colleague").filter({ hasText: "Mei" }).click();
    await yuki.getByTestId("consult-go").click();
    await expect(mei.getByTestId("held")).toContainText("held by \u2068Yuki\u2069");
    await writes(mei, "I can help as well.");
    await expect(yuki.locator("[data-kind=message]").last()).toContainText("I can help as well.");
    await yuki.getByTestId("hand-over").click();
    await expect(mei.getByTestId("transfer")).toBeVisible();
    await expect(yuki.getByTestId("tab")).toContainText("passed on");
    await writes(mei, "It is mine again.");
    await expect.poll(() => crowd.messages("v-lin")).toEqual(["It is stuck.", "I can help as well.", "It is mine again."]);
  });
});

test("[whisper-1] [barge-1] [pause-1] [headstart-1] [reassign-1] a supervisor sees, whispers, speaks, and moves people", async ({ browser }) => {
  const { first, second, crowd } = await start(browser);
  const mei = await agent(browser, first, "Mei");
  const lin = await crowd.joins("v-lin", { name: "Lin", language: "en", topic: "Withdrawal" });
  await expect(mei.getByTestId("offer")).toBeVisible();
  await mei.keyboard.press("a");
  await expect(mei.getByTestId("held")).toContainText("Lin");
  const olga = await signIn(browser, second, "Olga", "supervisor");
  await test.step("she whispers, and the visitor hears nothing", async () => {
    await olga.locator(`[data-testid=watch][data-ticket="${lin}"]`).click();
    await writes(olga, "You may waive the fee");
    await expect(mei.locator("[data-kind=whisper]")).toContainText("You may waive the fee");
    await olga.getByTestId("mode-send").click();
    await writes(olga, "Hello, I am Olga.");
    await expect.poll(() => crowd.messages("v-lin")).toEqual(["Hello, I am Olga."]);
    expect(JSON.stringify(await crowd.heard("v-lin"))).not.toContain("waive");
    await olga.getByTestId("stop-watching").click();
  });
  await test.step("she pauses a queue: nobody is offered until it goes on", async () => {
    const queue = olga.locator('[data-queue="support/en"]');
    await queue.getByTestId("pause").click();
    await olga.getByTestId("pause-go").click();
    await expect(queue).toHaveAttribute("data-paused", "true");
    await crowd.joins("v-bo", { name: "Bo", language: "en", topic: "Deposit" });
    await crowd.joins("v-cy", { name: "Cy", language: "en", topic: "Login" });
    await expect(queue.getByTestId("queue-size")).toHaveText("2");
    await expect(mei.getByTestId("offer")).toHaveCount(0);
  });
  await test.step("she raises one in line, with a reason", async () => {
    await olga.locator('[data-queue="support/en"]').getByTestId("show-line").click();
    await expect(olga.getByTestId("line-ticket")).toHaveText([/Bo/, /Cy/]);
    await olga.getByTestId("set-head-start").nth(1).click();
    await olga.getByTestId("head-start-minutes").fill("5");
    await olga.getByTestId("head-start-reason").fill("was cut off");
    await olga.getByTestId("head-start-go").click();
    await expect(olga.getByTestId("line-ticket")).toHaveText([/Cy.*\+5 min · was cut off/, /Bo/]);
  });
  await test.step("she gives Lin's conversation to Yuki", async () => {
    const yuki = await agent(browser, second, "Yuki");
    await olga.getByTestId("close-line").click();
    await olga.locator(`[data-testid=watch][data-ticket="${lin}"]`).click();
    await olga.getByTestId("reassign").click();
    await olga.getByTestId("colleague").filter({ hasText: "Yuki" }).click();
    await olga.getByTestId("transfer-go").click();
    await olga.locator('[data-queue="support/en"]').getByTestId("pause").click();
    await olga.getByTestId("pause-go").click();
    await expect(yuki.getByTestId("offer-visitor").filter({ hasText: /^Lin$/ })).toBeVisible();
  });
});

test("[send-2] a gateway is killed while an agent types: nothing is lost or doubled", async ({ browser }) => {
  const { first, second, crowd, running } = await start(browser);
  const mei = await agent(browser, second, "Mei");
  await crowd.joins("v-lin", { name: "Lin", language: "en", topic: "Withdrawal" });
  await expect(mei.getByTestId("offer")).toBeVisible();
  await mei.keyboard.press("a");
  await writes(mei, "before");
  await expect.poll(() => crowd.messages("v-lin")).toEqual(["before"]);
  const composer = mei.getByTestId("composer");
  await composer.pressSequentially("half of a ");
  await running.kill(second);
  await composer.pressSequentially("sentence");
  await expect(mei.getByTestId("connection")).toContainText("Reconnecting…");
  await composer.press("Enter");
  await writes(mei, "and one more");
  await composer.pressSequentially("a draft");
  await expect(mei.getByTestId("outgoing")).toHaveCount(2);
  await crowd.says("v-lin", "are you there?");
  await running.startGateway(second);
  await expect(mei.getByTestId("connection")).toBeEmpty();
  await expect(mei.getByTestId("outgoing")).toHaveCount(0);
  await expect.poll(() => crowd.messages("v-lin")).toEqual(["before", "are you there?", "half of a sentence", "and one more"]);
  await expect(mei.locator("[data-kind=message]")).toHaveText([/before/, /are you there/, /half of a sentence/, /and one more/]);
  await expect(composer).toHaveValue("a draft");
  await expect(mei.getByTestId("held")).toContainText("Lin");
  expect(first).not.toBe(second);
});

test("two hundred hostile texts, as names, topics and messages, are text", async ({ browser }) => {
  const { first, second, crowd } = await start(browser);
  const mei = await agent(browser, second, "Mei");
  const olga = await signIn(browser, first, "Olga", "supervisor");
  for (const page of [mei, olga]) {
    await page.evaluate(() => document.addEventListener("securitypolicyviolation", () => Object.assign(window, { violated: true })));
  }
  const hostile = hostileStrings();
  const short = hostile.filter((text) => new TextEncoder().encode(text).length <= 120 && !/[\p{Cc}]/u.test(text) && text.trim() !== "");
  await crowd.joins("v-0", { name: "\u202e<img src=x onerror=window.__ran=1>", language: "en", topic: "<script>window.__ran=1</script>" });
  await expect(mei.getByTestId("offer")).toContainText("<script>window.__ran=1</script>");
  await mei.keyboard.press("a");
  for (let i = 1; i <= 6; i++) {
    await crowd.joins(`v-${i}`, { name: short[i * 13] ?? "", language: "en", topic: short[i * 17] ?? "" });
    await expect(mei.getByTestId("offer")).toHaveCount(1);
    await mei.keyboard.press("a");
    await expect(mei.getByTestId("offer")).toHaveCount(0);
  }
  await mei.keyboard.press("1");
  expect(hostile).toHaveLength(200);
  const messages = mei.locator("[data-kind=message] .text");
  for (let from = 0; from < hostile.length; from += 50) { // fewer than are drawn at once
    const some = hostile.slice(from, from + 50);
    await crowd.says("v-0", ...some);
    await expect.poll(async () => (await messages.evaluateAll((all) => all.map((p) => p.textContent))).slice(-some.length), { timeout: 60_000 }).toEqual(some);
  }
  await olga.getByTestId("watch").first().click();
  await expect(olga.getByTestId("watching")).toBeVisible();
  for (const page of [mei, olga]) {
    expect(await page.evaluate(() => Object.keys(window).filter((k) => k === "__ran" || k === "violated"))).toEqual([]);
    expect(await page.locator("main :is(script, iframe, object, embed, form[action], style, link, meta, base, b, marquee, video)").count()).toBe(0);
    expect(await page.locator("main img").count()).toBe(1); // the brand's
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1360);
    for (const href of await page.locator("main a").evaluateAll((all) => all.map((a) => (a instanceof HTMLAnchorElement ? a.href : "")))) {
      expect(href).toMatch(/^https:\/\/(good|evil)\.example\//);
    }
    await isAccessible(page);
  }
});

test("eight conversations of two hundred messages each scroll smoothly, while more arrive", async ({ browser }) => {
  const { first, second, crowd } = await start(browser);
  const mei = await agent(browser, second, "Mei");
  const texts = Array.from({ length: 200 }, (_, i) => `Message ${i}: ${"what I wanted to say about it, ".repeat(1 + (i % 7))}`);
  for (let i = 0; i < 8; i++) {
    await crowd.joins(`v-${i}`, { name: `Visitor ${i}`, language: "en", topic: `Matter ${i}` });
    await expect(mei.getByTestId("offer")).toHaveCount(1);
    await mei.keyboard.press("a");
    await expect(mei.getByTestId("offer")).toHaveCount(0);
  }
  await Promise.all(Array.from({ length: 8 }, (_, i) => crowd.says(`v-${i}`, ...texts)));
  await expect(mei.getByTestId("unread")).toHaveText(Array.from({ length: 7 }, () => "200 unread"), { timeout: 60_000 });
  const session = await mei.context().newCDPSession(mei);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find((m) => m.name === "TaskDuration")?.value ?? 0) * 1_000;
  };
  for (let i = 1; i <= 8; i++) {
    await mei.keyboard.press(String(i));
    await expect(mei.locator("[data-kind=message]")).toHaveCount(60);
  }
  let more: Promise<void> | undefined;
  const before = await busy();
  more = crowd.says("v-3", ...texts.slice(0, 40));
  const frames = await mei.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const list = document.querySelector("[data-testid=entries]");
        const gaps: number[] = [];
        let last = performance.now();
        let at = 0;
        const step = (now: number) => {
          gaps.push(now - last);
          last = now;
          at += 120;
          const end = (list?.scrollHeight ?? 0) - (list?.clientHeight ?? 0);
          list?.scrollTo(0, Math.abs((at % (2 * end)) - end)); // up to the top and down again
          if (gaps.length < 240) {
            requestAnimationFrame(step);
          } else {
            resolve(gaps.slice(1));
          }
        };
        requestAnimationFrame(step);
      }),
  );
  const perFrame = ((await busy()) - before) / frames.length;
  await more;
  const sorted = frames.toSorted((a, b) => a - b);
  test.info().annotations.push({ type: "frames", description: `${perFrame.toFixed(1)} ms of the main thread a frame; gaps p50 ${sorted[119]?.toFixed(1)} ms, p95 ${sorted[227]?.toFixed(1)} ms` });
  process.stdout.write(`scrolling: ${perFrame.toFixed(1)} ms of the main thread a frame; gaps p50 ${sorted[119]?.toFixed(1)} ms, p95 ${sorted[227]?.toFixed(1)} ms\n`);
  // A frame has 16.7 ms; the machine may be busy with others, so what counts is
  // the processor time that the page itself takes.
  expect(perFrame).toBeLessThan(8);
  expect(first).not.toBe(second);
});
