import { expect, test, type Page } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { atBoard, board, lin, mei, says, startNumbers } from "./desk-kit.ts";
import { pages, shot } from "./pages.ts";

// The supervisor board by itself.

test.beforeEach(startNumbers);

const queueRow = (page: Page, queue: string) => page.locator(`[data-testid=queue][data-queue="${queue}"]`);

test("[board-1] shows the queues, the agents and the day", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  gateway.sends(board());
  await expect(page.getByTestId("in-line")).toHaveText("12");
  await expect(page.getByTestId("agents-available")).toHaveText("2");
  await expect(page.getByTestId("service-level")).toHaveText(/^\d\d %$/);
  const queues = page.getByTestId("queue");
  await expect(queueRow(page, "support/en")).toContainText(/Support · English.*3.*Sam.*3 min.*2–5 min.*82 % of 214.*0/);
  await expect(queueRow(page, "support/ja")).toContainText(/unknown.*3 so far/);
  await expect(queueRow(page, "trading/en")).toHaveAttribute("data-paused", "true");
  await expect(page.getByTestId("agent")).toHaveText([/Mei.*3 of 4.*Lin.*Ana Lucía.*Samoffered/, /Noor.*away.*wrapping up/, /Diego/]);
  await expect(page.getByTestId("chart").locator("canvas")).toBeVisible();
  await expect(page.getByRole("img", { name: /today \d+ joined, \d+ were answered, \d+ gave up/ })).toBeVisible();
  await gateway.isAccessible();
  await shot(page, "board");
  await page.getByTestId("only-busy").check();
  await expect(queues).toHaveCount(3);
});

test("[board-7] the first screen says how bad it is, who waits longest, who is full and whether the waits were true", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  await page.setViewportSize({ width: 1280, height: 800 });
  const full = board().agents.map((a) => (a.id === "a-3" ? { ...a, load: 4 } : a));
  gateway.sends(board({ agents: full }));
  await expect(page.getByTestId("longest-wait")).toHaveText("10 min");
  await expect(page.getByTestId("agents-full")).toHaveText("1");
  await expect(page.getByLabel("Now", { exact: true })).toContainText(/2 queues have no free agent.*Wei.*Support · Chinese.*1 with room.*Mei/);
  await expect(page.getByTestId("truth")).toHaveText("81 %");
  for (const place of ["in-line", "longest-waiting", "agents-full", "truth", "queue", "agent"]) {
    await expect(page.getByTestId(place).first(), place).toBeInViewport({ ratio: 1 });
  }
  await gateway.isAccessible();
  await shot(page, "board-first-screen");
  await page.getByTestId("longest-waiting").click();
  expect(await gateway.expects("open")).toMatchObject({ ticket: "t-32" });
  await expect(page.getByTestId("watching")).toContainText("Wei");
  const row = queueRow(page, "support/zh");
  const [room, actions] = [await row.locator("td").nth(4).boundingBox(), await row.locator(".does").boundingBox()];
  expect((room?.x ?? 0) + (room?.width ?? 0), "beside a conversation the buttons cover a figure").toBeLessThanOrEqual(actions?.x ?? 0);
  await shot(page, "board-beside-conversation");
});

test("[board-5] how true the waits were is told by the place at which people joined", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  gateway.sends(board());
  const truth = queueRow(page, "support/en").getByTestId("truth-by-place");
  await expect(truth.locator("summary")).toHaveText(/82 % of 214.*not at place 6–20/);
  await expect(truth.getByRole("listitem").first()).toBeHidden();
  await truth.locator("summary").click();
  await expect(truth.getByRole("listitem")).toHaveText([/place 1 .*83 %.*of 96/, /place 2–5 .*95 %.*of 86.*1 over what was shown/, /place 6–20 .*50 %.*of 26.*9 over/, /place 101\+ .*6 so far/]);
  await gateway.isAccessible();
  await shot(page, "board-truth");
  await page.setViewportSize({ width: 390, height: 800 });
  await truth.scrollIntoViewIfNeeded();
  const sides = await queueRow(page, "support/en").locator("td").evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).textAlign));
  expect(new Set(sides), "each figure begins where its label does").toEqual(new Set(["start"]));
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await gateway.isAccessible();
  await shot(page, "board-truth-390");
});

test("every column of queues and agents sorts, and rows under the pointer or the focus keep their places", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  const sends = async (sizes: Record<string, number>) => {
    gateway.sends(board({ queues: board().queues.map((q) => ({ ...q, size: sizes[q.queue] ?? q.size })) }));
    await expect(queueRow(page, "support/ja").getByTestId("queue-size")).toHaveText(String(sizes["support/ja"] ?? 0));
  };
  await sends({});
  const queues = () => page.getByTestId("queue").evaluateAll((rows) => rows.map((row) => row.dataset["queue"]));
  const orders: [string, string[]][] = [
    ["queue", ["support/zh", "support/en", "support/ja", "trading/zh", "trading/en"]],
    ["size", ["support/zh", "support/en", "trading/en", "support/ja", "trading/zh"]],
    ["wait", ["support/zh", "support/en", "trading/en", "trading/zh", "support/ja"]],
    ["truth", ["support/zh", "support/en", "support/ja", "trading/en", "trading/zh"]],
    ["room", ["support/en", "support/zh", "support/ja", "trading/en", "trading/zh"]],
    ["longest", ["support/zh", "support/en", "trading/en", "support/ja", "trading/zh"]],
  ];
  for (const [column, order] of orders) {
    await page.getByLabel("Table of queues").getByTestId(`sort-${column}`).click();
    await expect.poll(queues, column).toEqual(order);
  }
  await expect(page.getByRole("columnheader", { name: "Longest wait" })).toHaveAttribute("aria-sort", "descending");
  const agents = () => page.getByTestId("agent").evaluateAll((rows) => rows.map((row) => row.dataset["agent"]));
  for (const [column, order] of [["agent", ["a-4", "a-3", "a-9"]], ["status", ["a-3", "a-4", "a-9"]], ["longest", ["a-3", "a-4", "a-9"]], ["load", ["a-3", "a-9", "a-4"]]] as const) {
    await page.getByLabel("Table of agents").getByTestId(`sort-${column}`).click();
    await expect.poll(agents, column).toEqual(order);
  }
  await page.getByTestId("sort-size").click();
  await expect.poll(queues).toEqual(orders[1]?.[1]);
  await queueRow(page, "support/en").getByTestId("pause").hover();
  await sends({ "support/ja": 99 });
  expect(await queues(), "a row moved under the pointer").toEqual(orders[1]?.[1]);
  await page.mouse.move(2, 2);
  await expect.poll(queues).toEqual(["support/ja", "support/zh", "support/en", "trading/en", "trading/zh"]);
  await queueRow(page, "support/en").getByTestId("pause").focus();
  await sends({ "support/ja": 0 });
  expect((await queues())[0], "a row moved under the focus").toBe("support/ja");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("pause-dialog")).toContainText("Support · English");
});

for (const width of [390, 320]) {
  test(`at ${width} px nothing of the board lies beside the page`, async ({ page }) => {
    const gateway = await atBoard(page, pages);
    await page.setViewportSize({ width, height: 700 });
    const long = { id: "a-7", name: "Wolfeschlegelsteinhausenbergerdorff", status: "available", languages: ["en"], departments: ["support"], tier: 1, capacity: 12, load: 12, tickets: [] } as const;
    gateway.sends(board({ agents: [...board().agents, long], rules_differ: true, log_evicts: true, queues_left_out: 3 }));
    await expect(page.getByTestId("agent")).toHaveCount(4);
    const wide = () => page.evaluate(() => [document.documentElement.scrollWidth, document.querySelector(".board-page")?.scrollWidth ?? 0].map((w) => w - innerWidth));
    expect(Math.max(...(await wide()))).toBeLessThanOrEqual(0);
    await gateway.isAccessible();
    await shot(page, `board-${width}`);
    await page.getByTestId("longest-waiting").click();
    await expect(page.getByTestId("watching")).toBeVisible();
    expect(Math.max(...(await wide()))).toBeLessThanOrEqual(0);
    await shot(page, `board-watching-${width}`);
  });
}

test("[board-2] [board-3] says what is left out and that rules differ; a board of nothing; a gateway without figures of the day", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  gateway.sends(board({ rules_differ: true, log_evicts: true, queues_left_out: 12, agents_left_out: 3 }));
  await expect(page.getByTestId("rules-differ")).toBeVisible();
  await expect(page.getByTestId("log-evicts")).toContainText("people will lose their places");
  await expect(page.getByText("12 more are not shown.")).toBeVisible();
  await gateway.isAccessible();
  gateway.sends(board({ queues: [], agents: [], today: undefined }));
  await expect(page.getByText("No agent is here.")).toBeVisible();
  await expect(page.getByTestId("chart")).toHaveCount(0);
  await gateway.isAccessible();
});

test("[monitor-1] [whisper-1] [barge-1] reads a conversation, whispers to the agent, speaks to both", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  gateway.sends(board());
  await expect(page.getByTestId("watch").first()).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("Enter");
  expect(await gateway.expects("open")).toMatchObject({ ticket: "t-1" });
  gateway.sends(says("t-1", lin, "我的付款被拒绝了"));
  gateway.sends(says("t-1", mei, "您好，我来看看。"));
  await expect(page.getByTestId("entry")).toHaveText([/我的付款被拒绝了/, /您好/]);
  expect(gateway.received.filter((f) => f.type === "read")).toEqual([]); // nobody sees who monitors
  await gateway.isAccessible();
  await shot(page, "board-watching");
  await page.keyboard.press("w");
  await page.keyboard.type("waive the fee");
  await page.keyboard.press("Enter");
  expect(await gateway.expects("whisper")).toMatchObject({ ticket: "t-1", text: "waive the fee" });
  await page.getByTestId("mode-send").click();
  await gateway.isAccessible();
  await page.getByTestId("composer").fill("Hello, I am Olga.");
  await page.getByTestId("composer").press("Enter");
  expect(await gateway.expects("send")).toMatchObject({ ticket: "t-1", text: "Hello, I am Olga." });
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("watching")).toHaveCount(0);
});

test("[monitor-1] what visitors said of earlier conversations is there, and those are read", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  gateway.sends(board());
  await page.getByTestId("watch").first().click();
  await page.getByTestId("before").click();
  await expect(page.getByTestId("past-ticket")).toContainText(/Deposit did not arrive.*Diego.*Quick and kind/);
  await expect(page.getByTestId("past-ticket").getByRole("img")).toHaveAccessibleName("Rated 5 of 5");
  await gateway.isAccessible();
  await shot(page, "board-ratings");
  await page.getByTestId("past-ticket").click();
  await expect(page.getByTestId("watching")).toHaveAttribute("data-ticket", "t-old");
  expect(await gateway.expects("open")).toMatchObject({ ticket: "t-old" });
  gateway.sends(says("t-old", lin, "My deposit is missing"));
  gateway.sends(says("t-old", mei, "", { kind: "closed" }));
  await expect(page.getByTestId("watching")).toContainText("My deposit is missing");
  await expect(page.getByTestId("composer")).toHaveCount(0);
});

test("[reassign-1] [headstart-1] [pause-1] reassigns, changes a head start and pauses a queue", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  const waiting = { ticket: "t-9", position: 1, status: "waiting", visitor: lin, joined_at_ms: Date.now() - 60_000, weight: 1, topic: "Withdrawal", head_start_s: 60, head_start_reason: "was cut off" };
  await page.route("**/v1/queues/support/en", (route) => route.fulfill({ json: [waiting] }));
  gateway.sends(board());
  await queueRow(page, "support/en").getByTestId("show-line").click();
  await expect(page.getByTestId("line-ticket")).toContainText(/1.*Lin.*Withdrawal.*\+1 min · was cut off/);
  await gateway.isAccessible();
  await shot(page, "board-line");
  await page.getByTestId("set-head-start").click();
  await gateway.isAccessible();
  await page.getByTestId("head-start-minutes").fill("5");
  await page.getByTestId("head-start-reason").fill("refused twice");
  await page.getByTestId("head-start-go").click();
  expect(await gateway.expects("head_start")).toMatchObject({ ticket: "t-9", head_start_s: 300, reason: "refused twice" });
  await page.getByTestId("line").getByTestId("reassign").click();
  await page.getByTestId("colleague").filter({ hasText: "Diego" }).click();
  await gateway.isAccessible();
  await page.getByTestId("transfer-go").click();
  expect(await gateway.expects("transfer")).toMatchObject({ ticket: "t-9", to: { agent: "a-4" } });
  await page.getByTestId("close-line").click();
  await queueRow(page, "support/en").getByTestId("pause").click();
  await gateway.isAccessible();
  await page.getByTestId("pause-reason").fill("fire drill");
  await page.getByTestId("pause-go").click();
  expect(await gateway.expects("pause")).toMatchObject({ department: "support", language: "en", paused: true, reason: "fire drill" });
  await queueRow(page, "trading/en").getByTestId("pause").click();
  await page.getByTestId("pause-go").click();
  await expect.poll(() => gateway.received.findLast((f) => f.type === "pause")).toMatchObject({ department: "trading", paused: false });
});

test("keeps what it shows while the service is interrupted; its sheet of shortcuts", async ({ page }) => {
  const gateway = await atBoard(page, pages);
  gateway.sends(board());
  gateway.sends(golden("availability", { as_of_ms: Date.now() }));
  await expect(page.getByTestId("connection")).toContainText("The service is interrupted.");
  await expect(page.getByTestId("in-line")).toHaveText("12");
  await gateway.isAccessible();
  await page.keyboard.press("?");
  await expect(page.getByTestId("shortcuts")).toContainText("Go to the queues");
  await gateway.isAccessible();
});
