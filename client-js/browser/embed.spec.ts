import { expect, test, type CDPSession } from "@playwright/test";
import { WebSocket } from "ws";
import { isBlank, VisitorClient } from "../src/core/index.ts";
import { contracts } from "../test/contracts.ts";
import { agent, host, leaveAll, line, newServers, start, visitor } from "./embed-kit.ts";
import { needsRedis } from "./gateway.ts";
import { mint } from "./host.ts";
import { hostileStrings } from "./hostile.ts";
import { shot } from "./pages.ts";
import { Visitor } from "./people.ts";

// The widget on the page of another origin, against real gateways.

test.afterEach(({ browser }) => leaveAll(browser));

const locales = [
  ["en-GB", "en", "You are first in line", "Read"],
  ["es-MX", "es", "Eres el primero de la fila", "Leído"],
  ["ja-JP", "ja", "先頭でお待ちいただいています", "既読"],
  ["ko-KR", "ko", "맨 앞에서 기다리고 있습니다", "읽음"],
  ["zh-CN", "zh", "您排在第一位", "已读"],
  ["zh-TW", "zh", "您排在第一位", "已讀"],
] as const;

// No agent is available yet, so the widget does not promise that the visitor is next.
for (const [locale, language, first, read] of locales) {
  test(`a whole visit in ${locale}, on a page that forbids everything else`, async ({ browser }) => {
    const gateway = await start(line());
    const { lin, seen, page } = await visitor(browser, { locale });
    await expect(page.getByTestId(`language-${language}`)).toBeChecked();
    await expect(page.getByTestId("expected-wait")).toBeVisible();
    await shot(page, `${locale}-1-form`);
    await page.getByTestId("topic").fill("card");
    await page.getByTestId("join").click();
    await lin.isNumber(1);
    await expect(page.getByTestId("people-ahead")).toHaveText(first);
    await lin.says("1 + 1 = 2");
    await shot(page, `${locale}-2-line`);
    const mei = agent(gateway, "mei", [language]);
    await lin.status("assigned");
    await expect.poll(() => mei.held[0]?.conversation.entries.some((e) => e.text === "1 + 1 = 2")).toBe(true);
    const conversation = mei.held[0]?.conversation;
    conversation?.send("2!");
    await lin.sees("2!");
    conversation?.markRead();
    await expect(lin.message("1 + 1 = 2")).toContainText(read);
    await shot(page, `${locale}-3-chat`);
    await mei.closeConversation(mei.held[0]?.ticket.ticket ?? "");
    await expect(page.locator(".rating")).toBeVisible();
    await shot(page, `${locale}-4-ended`);
    await page.getByTestId("score-5").check();
    await page.locator(".rating textarea").fill("★");
    await page.locator(".rating button").click();
    await expect(page.locator(".rated .lit")).toHaveCount(5);
    expect(seen.errors).toEqual([]);
    expect(seen.said.filter((text) => text.includes("<nextup-chat>"))).toEqual([]);
  });
}

test("[send-2] 200 hostile messages of a visitor and an agent arrive as they were written, and nothing runs", async ({ browser }) => {
  const gateway = await start(line('data-department="support" data-language="en"'));
  if (host !== undefined) {
    host.token = () => mint({ sub: "v-1", name: "<img src=x onerror=alert(1)>" });
  }
  const { lin, seen, page } = await visitor(browser);
  await page.getByTestId("join").click();
  await lin.isNumber(1);
  const name = "\u202e<b onmouseover=alert(1)>Mei";
  const mei = agent(gateway, "mei", ["en"], name);
  await lin.status("assigned");
  const url = `${gateway.replace(/^http/, "ws")}/v1/connect`;
  const other = new VisitorClient({ url, token: () => mint({ sub: "v-1" }), WebSocket });
  other.connect();
  await expect.poll(() => other.conversation).toBeDefined();
  const texts = hostileStrings().filter((text) => !isBlank(text));
  for (const [i, text] of texts.entries()) {
    const from = i % 2 === 0 ? mei.held[0]?.conversation : other.conversation;
    await expect.poll(() => from?.outbox.length, { intervals: [20] }).toBeLessThan(1); // one after the other
    from?.send(text);
  }
  await expect(page.locator("[data-kind=message]").last()).toBeVisible();
  await expect.poll(() => mei.held[0]?.conversation.entries.filter((e) => e.kind === "message").length).toBe(texts.length);
  await expect(page.getByTestId("agent-name")).toHaveText("You are talking to \u2068<b onmouseover=alert(1)>Mei\u2069");
  const shown = new Set<string>();
  await expect // only what is near is drawn: the list is read from its end to its beginning
    .poll(async () => {
      const read = await page.getByTestId("entries").evaluate((list) => {
        list.scrollTo(0, 0);
        return [...list.querySelectorAll(".message .text")].map((e) => e.textContent ?? "");
      });
      read.forEach((text) => shown.add(text));
      return shown.size;
    }, { intervals: [50] })
    .toBe(new Set(texts).size);
  expect([...shown].toSorted()).toEqual([...new Set(texts)].toSorted());
  expect(seen.errors).toEqual([]);
  other.close();
});

test("offline for 30 seconds and back: the page says so, the place is kept, and what was written is sent once", async ({ browser }) => {
  const gateway = await start(line('data-department="support" data-language="en"'));
  const { lin, page, context } = await visitor(browser);
  await page.getByTestId("join").click();
  await lin.isNumber(1);
  const mark = page.locator("html");
  await mark.evaluate((html) => html.setAttribute("data-same", ""));
  const network = await context.newCDPSession(page);
  await cut(network, true);
  await lin.writes("written without a network");
  await expect(lin.outgoing).toHaveCount(1);
  await expect(lin.banner).toContainText("Your place is kept.");
  await page.waitForTimeout(30_000);
  await cut(network, false);
  await expect(lin.banner).toBeEmpty(); // it does not wait for the end of a back-off
  await lin.isNumber(1);
  await expect(lin.message("written without a network")).toHaveCount(1);
  await expect(lin.outgoing).toHaveCount(0);
  const mei = agent(gateway, "mei", ["en"]);
  await lin.status("assigned");
  await expect.poll(() => mei.held[0]?.conversation.entries.filter((e) => e.kind === "message").length).toBe(1);
  await expect(page.locator("html[data-same]")).toHaveCount(1);
});

/** Takes the network away, from open sockets too, and gives it back. */
async function cut(network: CDPSession, offline: boolean): Promise<void> {
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", {
    offline,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
}

test("two tabs of one visitor are one place and one conversation", async ({ browser }) => {
  const gateway = await start(line('data-department="support" data-language="en"'));
  if (host !== undefined) {
    host.token = () => mint({ sub: "v-1", name: "Lin" });
  }
  const { lin: first, context } = await visitor(browser);
  await first.page.getByTestId("join").click();
  await first.isNumber(1);
  const second = await Visitor.opens(await context.newPage(), host?.address ?? "");
  await second.isNumber(1);
  await first.says("from the first");
  await second.sees("from the first");
  await second.says("from the second");
  await first.sees("from the second");
  for (const tab of [first, second]) {
    await expect(tab.messages).toHaveCount(2);
    await expect(tab.page.locator(".message.own")).toHaveCount(2);
  }
  const mei = agent(gateway, "mei", ["en"]);
  await first.status("assigned");
  await second.status("assigned");
  expect(mei.held).toHaveLength(1);
  await second.leaves();
  await expect(first.page.getByTestId("visitor")).toContainText("You have left.");
});

test("a gateway is killed while somebody writes, and the page is reloaded: nothing is lost or doubled", async ({ browser }) => {
  needsRedis();
  const site = newServers("[en]");
  await site.startRedis();
  const gateway = await start(line(), site);
  const { lin, page } = await visitor(browser);
  await page.getByTestId("join").click();
  await lin.isNumber(1);
  await lin.says("before");
  await site.kill(gateway);
  await lin.writes("while it is away");
  await page.getByTestId("composer").fill("half a sen");
  await expect(lin.banner).toContainText("Your place is kept.");
  await expect(page.getByTestId("composer")).toHaveValue("half a sen");
  await site.startGateway(gateway);
  await expect(lin.banner).toBeEmpty();
  await lin.isNumber(1);
  await expect(page.getByTestId("composer")).toHaveValue("half a sen");
  await expect(lin.messages).toHaveText([/^You: before/, /^You: while it is away/]);
  await page.reload();
  await expect(lin.messages).toHaveText([/^You: before/, /^You: while it is away/]);
  await expect(page.getByTestId("composer")).toHaveValue("half a sen");
});

test("GET /v1/queues and its refusals are what docs/openapi.yaml says", async () => {
  const gateway = await start(line());
  const { faults } = contracts();
  const ask = (token: string) => fetch(`${gateway}/v1/queues`, { headers: { Authorization: `Bearer ${token}` } });
  const queues = await ask(mint({ sub: "v-1" }));
  expect([queues.status, faults("openapi.yaml#/paths/~1v1~1queues/get/responses/200/content/application~1json/schema", await queues.json())]).toEqual([200, []]);
  const refused = await ask(mint({ sub: "v-1" }, -60));
  expect([refused.status, faults("asyncapi.yaml#/components/schemas/ErrorFrame", await refused.json())]).toEqual([401, []]);
});

test("token-url gives a new token when the old one ends, and nobody notices", async ({ browser }) => {
  await start(line('data-department="support" data-language="en"'));
  if (host !== undefined) {
    host.token = () => mint({ sub: "v-1" }, 12);
  }
  const { lin, page } = await visitor(browser);
  await page.getByTestId("join").click();
  await lin.isNumber(1);
  const sockets = lin.countSockets();
  const given = host?.tokensGiven ?? 0;
  await expect.poll(() => (host?.tokensGiven ?? 0) - given).toBeGreaterThanOrEqual(2);
  await lin.isNumber(1);
  expect(sockets()).toBe(0);
});
