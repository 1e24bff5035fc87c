import { expect, test } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { ana, atDesk, desk, diego, held, lin, mei, says, startNumbers } from "./desk-kit.ts";
import { pages, shot } from "./pages.ts";

// What an agent does with the conversations of the desk.

test.beforeEach(startNumbers);

test.describe("conversations", () => {
  test("[desk-1] show what is unread, since when an answer is awaited, and keep drafts over a reload", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    const both = { tickets: [held(), held({ ticket: "t-2", visitor: ana })] };
    gateway.sends(desk(both));
    await page.getByTestId("composer").fill("half a sen");
    gateway.sends(says("t-2", ana, "hello?", { at_ms: Date.now() - 75_000 }));
    const tab = page.getByTestId("tab").nth(1);
    await expect(tab.getByTestId("unread")).toHaveText("1 unread");
    await expect(tab.getByTestId("waiting-since")).toHaveText(/waiting for 1:\d\d/);
    await expect(page).toHaveTitle(/^\(1\)/);
    await page.getByTestId("tab").nth(1).click();
    await expect(page.getByTestId("unread")).toHaveCount(0);
    gateway.sends(says("t-2", mei, "I am here"));
    await expect(page.getByTestId("waiting-since")).toHaveCount(0);
    await page.getByTestId("tab").nth(0).click();
    await expect(page.getByTestId("composer")).toHaveValue("half a sen");
    await page.reload();
    await expect.poll(() => gateway.received.filter((f) => f.type === "hello").length).toBe(2);
    gateway.sends(desk(both));
    await expect(page.getByTestId("composer")).toHaveValue("half a sen");
  });

  test("all that can stand in one: replies, notes, whispers, colleagues, days, links; facts and earlier ones beside it", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    const ticket = held({
      visitor: ana, language: "es", visitor_tier: "gold", urgency: "high", head_start_s: 180, tier: 2, skills: ["kyc"], wishes: ["api"],
      transferred_by: { role: "agent", id: "a-7", name: "Noor" }, guests: [diego], rating: { score: 4, comment: "¡Bien!" },
    });
    gateway.sends(desk({ tickets: [ticket] }));
    gateway.sends(says("t-1", ana, "Hola, aquí: https://example.com/tx/88213.", { at_ms: Date.now() - 86_400_000 }));
    gateway.sends(says("t-1", mei, "", { kind: "member" }));
    gateway.sends(says("t-1", mei, "Hola Ana, lo estoy comprobando."));
    gateway.sends(says("t-1", diego, "KYC is complete", { kind: "note" }));
    gateway.sends(says("t-1", { role: "supervisor", id: "s-1", name: "Olga" }, "You may waive the fee", { kind: "whisper" }));
    gateway.sends(says("t-1", diego, "Soy Diego, de pagos."));
    gateway.sends(says("t-1", ana, "", { kind: "read", up_to: 3 }));
    gateway.sends(golden("typing", { ticket: "t-1", from: ana }));
    await expect(page.getByTestId("entry")).toHaveText([/Hola, aquí/, /joined/, /Read$/, /Note · Diego.*KYC/, /Whisper, for agents only · Olga/, /Diego.*Soy/]);
    await expect(page.locator(".day")).toHaveText(["Yesterday", "Today"]);
    await expect(page.getByTestId("entries").locator("a")).toHaveAttribute("rel", "noopener noreferrer nofollow");
    await expect(page.getByTestId("entries").locator("a")).toHaveAttribute("href", "https://example.com/tx/88213");
    await expect(page.getByTestId("typing")).toContainText("is writing…");
    const facts = page.getByTestId("facts");
    for (const fact of ["Spanish", "gold", "high", "+3 min", "Specialist", "kyc", "api", "Noor", "Diego", "Deposit did not arrive"]) {
      await expect(facts).toContainText(fact);
    }
    await expect(facts.getByTestId("rating").first()).toContainText("¡Bien!");
    await gateway.isAccessible();
    await shot(page, "conversation");
    await page.getByTestId("past-ticket").click();
    expect(await gateway.expects("open")).toMatchObject({ ticket: "t-old" });
    gateway.sends(says("t-old", ana, "My deposit is missing"));
    gateway.sends(says("t-old", ana, "", { kind: "closed" }));
    await expect(page.getByTestId("review")).toContainText("My deposit is missing");
    await gateway.isAccessible();
    await page.keyboard.press("Escape");
    await page.getByTestId("hand-over").click();
    expect(await gateway.expects("transfer")).toMatchObject({ ticket: "t-1", to: { agent: "a-4" } });
  });

  test("stand side by side, as many as there is room for", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: [held(), held({ ticket: "t-2", visitor: ana }), held({ ticket: "t-3", visitor: { ...lin, id: "v-3", name: "Sam" } })] }));
    await expect(page.getByTestId("held")).toBeVisible();
    await page.keyboard.press("i"); // the facts give their room
    await expect(page.getByTestId("facts")).toHaveCount(0);
    await page.keyboard.press("b");
    await expect(page.getByTestId("pane")).toHaveCount(2);
    await page.keyboard.press("b");
    await expect(page.getByTestId("pane")).toHaveCount(3);
    await gateway.isAccessible();
    await shot(page, "side-by-side");
    await page.keyboard.press("3");
    await page.keyboard.press("n");
    await page.keyboard.type("only for us");
    await page.keyboard.press("Enter");
    expect(await gateway.expects("note")).toMatchObject({ ticket: "t-3", text: "only for us" });
    await page.setViewportSize({ width: 1100, height: 800 });
    await expect(page.getByTestId("pane")).toHaveCount(2);
    await page.getByTestId("hide-pane").first().click();
    await expect(page.getByTestId("pane")).toHaveCount(1);
  });

  test("canned replies are found by a slash, in the visitor's language, and can be changed", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: [held({ visitor: ana, language: "es" })] }));
    const composer = page.getByTestId("composer");
    await composer.pressSequentially("/");
    await expect(page.getByRole("option").first()).toContainText("Hola Ana Lucía Fernández, soy Mei.");
    await gateway.isAccessible();
    await composer.pressSequentially("mom");
    await composer.press("Enter");
    await expect(composer).toHaveValue("Un momento, por favor, lo estoy comprobando.");
    expect(gateway.received.filter((f) => f.type === "send")).toEqual([]);
    await composer.fill("Fecha: 1");
    await composer.pressSequentially("/2");
    await expect(page.getByRole("option")).toHaveCount(0); // a slash inside a word is none
    await page.getByTestId("edit-replies").click();
    await gateway.isAccessible();
    await shot(page, "edit-replies");
    await page.getByTestId("add-reply").click();
    await page.getByLabel("Name").first().fill("fees");
    await page.getByLabel("Text", { exact: true }).first().fill("We have waived the fee.");
    await page.getByTestId("keep-replies").click();
    await composer.fill("");
    await composer.pressSequentially("/fee");
    await composer.press("Tab");
    await composer.press("Enter");
    expect(await gateway.expects("send")).toMatchObject({ text: "We have waived the fee." });
  });

  // Chromium's order is keydown, compositionend; Safari's compositionend, keydown.
  for (const [language, word, enter] of [
    ["zh", "你好", { isComposing: true, keyCode: 229 }],
    ["zh", "你好", { isComposing: false, keyCode: 229 }],
    ["ja", "届きません", { isComposing: false, keyCode: 229 }],
    ["ko", "안녕하세요", { isComposing: false, keyCode: 229 }],
  ] as const) {
    test(`Enter that takes a word of an input method sends and opens nothing: ${language}, isComposing ${enter.isComposing}`, async ({ page }) => {
      const gateway = await atDesk(page, pages);
      gateway.sends(desk({ tickets: [held({ language }), held({ ticket: "t-2", visitor: { ...ana, name: word }, topic: word })] }));
      const composer = page.getByTestId("composer");
      await composer.fill(word);
      await composer.dispatchEvent("compositionend", { data: word });
      await composer.dispatchEvent("keydown", { key: "Enter", ...enter });
      await expect(composer).toHaveValue(word);
      await page.keyboard.press("Control+k");
      await page.getByTestId("search-words").fill(word);
      await expect(page.getByTestId("result")).toHaveCount(1);
      await page.getByTestId("search-words").dispatchEvent("keydown", { key: "Enter", ...enter });
      await expect(page.getByTestId("search")).toBeVisible();
      expect(gateway.received.filter((f) => f.type === "send")).toEqual([]);
      await page.keyboard.press("Escape");
      await composer.press("Enter"); // the next one is the agent's own
      expect(await gateway.expects("send")).toMatchObject({ text: word });
    });
  }

  test("a message that was refused says so and can be tried again", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: [held()] }));
    gateway.refuses("send", "conversation_closed");
    await page.getByTestId("composer").fill("too late");
    await page.getByTestId("composer").press("Enter");
    await expect(page.getByTestId("outgoing")).toContainText("Not sent. No.");
    await gateway.isAccessible();
    await page.getByRole("button", { name: "Discard" }).click();
    await expect(page.getByTestId("outgoing")).toHaveCount(0);
  });

  test("[finish-1] a closed one is wrapped up, shows its rating, and is finished", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: [held()] }));
    await expect(page.getByTestId("held")).toBeVisible();
    await page.keyboard.press("e");
    expect(await gateway.expects("close")).toMatchObject({ ticket: "t-1", after_s: 5 });
    gateway.sends(says("t-1", mei, "", { kind: "closed" }));
    gateway.sends(desk({ tickets: [held({ wrap_up_until_ms: Date.now() + 59_000, rating: { score: 5 } })] }));
    await expect(page.getByTestId("wrap-up")).toContainText(/0:[1-5]\d/);
    await expect(page.getByTestId("wrap-up").getByRole("img")).toHaveAccessibleName("Rated 5 of 5");
    await gateway.isAccessible();
    await page.keyboard.press("e");
    expect(await gateway.expects("finish")).toMatchObject({ ticket: "t-1" });
    gateway.sends(desk());
    await expect(page.getByTestId("tab")).toHaveAttribute("data-gone", "true");
    await gateway.isAccessible();
    await page.getByTestId("dismiss").click();
    await expect(page.getByTestId("tab")).toHaveCount(0);
  });

  test("[consult-1] [consult-2] a guest reads, writes and leaves", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: [held({ guest: true, owner: { role: "agent", id: "a-8", name: "Yuki" } })] }));
    await expect(page.getByTestId("held")).toContainText("held by \u2068Yuki\u2069");
    await expect(page.getByTestId("transfer")).toHaveCount(0);
    await gateway.isAccessible();
    await page.getByTestId("leave").click();
    expect(await gateway.expects("leave")).toMatchObject({ ticket: "t-1" });
  });

  test("[transfer-1] [transfer-3] a transfer goes to an agent or a queue, with a note, and says why it was refused", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: [held()] }));
    await expect(page.getByTestId("held")).toBeVisible();
    await page.keyboard.press("t");
    const team = page.getByTestId("colleague");
    await expect(team).toHaveCount(3); // not oneself
    await gateway.isAccessible();
    await shot(page, "transfer");
    gateway.refuses("transfer", "no_room");
    await page.keyboard.type("yuki");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.getByTestId("transfer-go").click();
    await expect(page.getByTestId("transfer-problem")).toHaveText("No.");
    await gateway.isAccessible();
    gateway.refuses("transfer", undefined);
    await page.getByTestId("to-line").check();
    await page.getByTestId("to-department").selectOption("trading");
    await page.getByTestId("to-tier").selectOption("2");
    await page.getByTestId("transfer-note").fill("Withdrawal of 2 May");
    await gateway.isAccessible();
    await page.getByTestId("transfer-go").click();
    await expect(page.getByTestId("transfer-dialog")).toHaveCount(0);
    expect(await gateway.expects("transfer")).toMatchObject({ to: { department: "trading", language: "zh", tier: 2 }, note: "Withdrawal of 2 May" });
    gateway.sends(desk());
    await expect(page.getByTestId("tab")).toContainText("passed on");
  });

  test("[consult-1] an agent is invited by keyboard alone", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: [held({ language: "en" })] }));
    await expect(page.getByTestId("held")).toBeVisible();
    await page.keyboard.press("c");
    await expect(page.getByTestId("colleague")).toHaveCount(3);
    await gateway.isAccessible();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    expect(await gateway.expects("consult")).toMatchObject({ ticket: "t-1", agent: "a-4" });
  });

  test("can be searched, those on the desk and those of before", async ({ page }) => {
    const gateway = await atDesk(page, pages);
    gateway.sends(desk({ tickets: [held(), held({ ticket: "t-2", visitor: ana })] }));
    gateway.sends(says("t-2", ana, "The Überweisung is late"));
    await page.getByTestId("composer").focus();
    await page.keyboard.press("Control+k");
    await expect(page.getByTestId("search-count")).toHaveText("3 conversations");
    gateway.sends(says("t-old", lin, "überweisung of yesterday"));
    await page.keyboard.type("überweisung");
    await expect(page.getByTestId("result")).toHaveText([/Ana.*The Überweisung is late/, /Lin.*überweisung of yesterday/]);
    await gateway.isAccessible();
    await shot(page, "search");
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("held")).toContainText("Ana Lucía");
    await expect(page.getByTestId("desk")).toHaveAttribute("data-keys", "writing"); // a second Enter would have been swallowed
    await page.keyboard.press("Escape");
    await page.keyboard.press("s");
    await page.keyboard.type("deposit");
    await expect(page.getByTestId("result")).toHaveCount(1); // those of before are asked for anew
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("review")).toBeVisible();
  });
});

