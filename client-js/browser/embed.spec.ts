import { expect, test, type Browser, type CDPSession } from "@playwright/test";
import { WebSocket } from "ws";
import { AgentClient, isBlank, VisitorClient } from "../src/core/index.ts";
import { contracts } from "../test/contracts.ts";
import { Servers, needsRedis, site } from "./gateway.ts";
import { Host, mint, strictPolicy, watch } from "./host.ts";
import { hostileStrings } from "./hostile.ts";
import { shot } from "./pages.ts";
import { leave, Visitor } from "./people.ts";
import { ScriptedGateway } from "./scripted.ts";
import { golden } from "../test/fixtures.ts";

// The widget on the page of another origin, against real gateways.

let servers: Servers | undefined;
let host: Host | undefined;
const agents: AgentClient[] = [];

test.afterEach(async ({ browser }) => {
  await leave(browser);
  agents.splice(0).forEach((client) => client.close());
  await host?.stop();
  await servers?.stop();
  host = servers = undefined;
});

const line = (data = "") => (gateway: string) =>
  `<meta name="viewport" content="width=device-width"><h1>A shop</h1><script async src="${gateway}/widget.js" data-token-url="/token" ${data}></script>`;

/** A gateway, and a host of another origin that the site lets in. */
async function start(html: (gateway: string) => string, languages = "[zh, en, es, ja, ko]"): Promise<string> {
  servers = new Servers(site({}, { languages, origins: '["*"]' }));
  const gateway = await servers.startGateway();
  host = await Host.serves(html, gateway, strictPolicy(gateway));
  host.token = () => mint({ sub: "v-1", name: "Lin" });
  return gateway;
}

async function visitor(browser: Browser, context: Parameters<Browser["newContext"]>[0] = {}) {
  const own = await browser.newContext({ viewport: { width: 1_000, height: 760 }, ...context });
  const page = await own.newPage();
  const seen = watch(page);
  return { lin: await Visitor.opens(page, host?.address ?? ""), seen, context: own, page };
}

/** An agent without a page, who takes every offer. */
function agent(gateway: string, sub: string, languages: string[], name = "Mei"): AgentClient {
  const url = `${gateway.replace(/^http/, "ws")}/v1/connect`;
  const client = new AgentClient({ url, token: () => mint({ sub, name, role: "agent", languages }), WebSocket });
  client.on("offer", ({ offer }) => void client.accept(offer));
  client.connect();
  void client.setStatus("available");
  agents.push(client);
  return client;
}

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
  servers = new Servers(site({}, { languages: "[en]", origins: '["*"]' }));
  await servers.startRedis();
  const gateway = await servers.startGateway();
  host = await Host.serves(line(), gateway, strictPolicy(gateway));
  host.token = () => mint({ sub: "v-1", name: "Lin" });
  const { lin, page } = await visitor(browser);
  await page.getByTestId("join").click();
  await lin.isNumber(1);
  await lin.says("before");
  await servers.kill(gateway);
  await lin.writes("while it is away");
  await page.getByTestId("composer").fill("half a sen");
  await expect(lin.banner).toContainText("Your place is kept.");
  await expect(page.getByTestId("composer")).toHaveValue("half a sen");
  await servers.startGateway(gateway);
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

test.describe("a page that is set up wrongly says so in the console, and to the visitor", () => {
  test("a wrong address", async ({ browser }) => {
    await start(() => '<script async src="/built/widget.js" data-gateway="http://127.0.0.1:9/" data-token="x"></script>');
    await host?.stop();
    host = await Host.serves(() => '<script async src="/built/widget.js" data-gateway="http://127.0.0.1:9/" data-token="x"></script>');
    const { lin, seen } = await visitor(browser);
    await expect(lin.banner).toContainText("We cannot reach the chat. Trying again…");
    await expect.poll(() => seen.said.join()).toContain("<nextup-chat>: no answer from ws://127.0.0.1:9/v1/connect");
    expect(seen.said.filter((text) => text.startsWith("<nextup-chat>"))).toHaveLength(1); // not at every try
  });

  test("an address that is none", async ({ browser }) => {
    host = await Host.serves(() => '<script async src="/built/widget.js" data-gateway="ftp://x" data-token="x"></script>');
    const { page, seen } = await visitor(browser);
    await expect(page.getByTestId("problem")).toHaveText("The chat is not set up correctly on this page.");
    expect(seen.said).toContain('<nextup-chat>: gateway="ftp://x" is no http or https address');
  });

  test("an origin that the site does not list: what to do is in the console, and no visitor waits for it", async ({ browser }) => {
    servers = new Servers(site({}, { languages: "[en]", origins: '["https://shop.example"]' }));
    const gateway = await servers.startGateway();
    host = await Host.serves(line(), gateway, strictPolicy(gateway));
    host.token = () => mint({ sub: "v-1" });
    const { lin, seen } = await visitor(browser);
    await expect(lin.banner).toContainText("The chat is not set up correctly on this page.");
    const said = seen.said.filter((text) => text.startsWith("<nextup-chat>"));
    expect(said).toEqual([`<nextup-chat>: ${gateway.replace(/^http/, "ws")}/v1/connect opens no socket for this page: add ${host.address} to the site's origins`]);
  });

  test("a network that lets neither a socket nor a stream through: the console does not blame the site", async ({ browser }) => {
    await start(line());
    const { page, seen } = await visitor(browser, { serviceWorkers: "block" });
    await page.routeWebSocket("**/v1/connect", (socket) => void socket.close({ code: 1006 }));
    await page.route("**/v1/connect", (route) => route.abort());
    await page.reload();
    await expect(page.getByTestId("connection")).toContainText("We cannot reach the chat.");
    await expect.poll(() => seen.said.join()).toContain("something between lets no WebSocket through");
  });

  test("a token that has expired, and no new one", async ({ browser }) => {
    await start(line());
    if (host !== undefined) {
      const old = mint({ sub: "v-1" }, -60);
      host.token = () => old;
    }
    const { lin, seen } = await visitor(browser);
    await expect(lin.banner).toContainText("Your sign-in has expired. Please reload the page.");
    expect(seen.said.join()).toContain("<nextup-chat>: refused (4501)");
    if (host !== undefined) {
      host.token = () => mint({ sub: "v-1" });
    }
    await lin.banner.getByRole("button", { name: "Try now" }).click();
    await expect(lin.banner).toBeEmpty();
  });

  test("a token of nobody's", async ({ browser }) => {
    await start(line());
    if (host !== undefined) {
      host.token = () => `${mint({ sub: "v-1" })}x`;
    }
    const { lin, seen } = await visitor(browser);
    await expect(lin.banner).toContainText("The chat is not set up correctly on this page.");
    expect(seen.said.join()).toContain("<nextup-chat>: refused (4500)");
  });

  test("a queue that does not exist: the visitor chooses among those that do", async ({ browser }) => {
    await start(line('data-department="suport"'));
    const { lin, seen, page } = await visitor(browser);
    await expect(page.getByText("The line that this page asked for does not exist. Please choose.")).toBeVisible();
    expect(seen.said.join()).toContain('department="suport"');
    expect(seen.said.join()).toContain("there are support (zh, en, es, ja, ko)");
    await page.getByTestId("join").click();
    await lin.isNumber(1);
  });

  test("a browser that stores nothing: it works, and warns of what that costs", async ({ browser }) => {
    await start(line('data-department="support" data-language="en"'));
    const context = await browser.newContext({ viewport: { width: 1_000, height: 760 } });
    await context.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException("The operation is insecure.", "SecurityError");
          },
        });
      }
    });
    const page = await context.newPage();
    const seen = watch(page);
    const lin = await Visitor.opens(page, host?.address ?? "");
    await expect(page.getByText("This browser keeps nothing for us")).toBeVisible();
    expect(seen.said.join()).toContain("<nextup-chat>: this page may not store anything");
    await page.getByTestId("join").click();
    await lin.isNumber(1);
    await lin.says("it works");
    expect(seen.errors).toEqual([]);
  });
});

test.describe("a file of the widget that does not come at first", () => {
  const page = '<script async src="/built/widget.js" data-gateway="http://gateway.example" data-token="x.y.z" data-open></script>';

  /** The host's page, and a gateway that the test plays; the first fetches of the files are answered 404. */
  async function opens(browser: Browser, file: string, failures: number) {
    host = await Host.serves(() => page);
    const context = await browser.newContext({ viewport: { width: 1_000, height: 760 } });
    const own = await context.newPage();
    const seen = watch(own);
    const asked: string[] = [];
    await own.route(`**/built/widget/${file}-*`, (route) => {
      asked.push(route.request().url());
      return asked.length <= failures ? route.fulfill({ status: 404 }) : route.continue();
    });
    const gateway = await ScriptedGateway.start(own);
    await own.goto(host.address);
    return { own, seen, asked, gateway };
  }

  test("the widget itself", async ({ browser }) => {
    const { own, seen, asked } = await opens(browser, "widget", 1);
    await expect(own.getByTestId("visitor")).toBeVisible();
    expect(asked.length).toBeGreaterThan(1);
    expect(seen.said.join()).toContain("could not load the widget: 404");
    const names = await own.evaluate(() => Object.getOwnPropertyNames(window).filter((name) => name.length < 3));
    expect(names).toEqual([]); // the page's own names are left alone
  });

  test("its texts", async ({ browser }) => {
    const { own, asked } = await opens(browser, "en", 1);
    await expect(own.getByTestId("visitor")).toBeVisible();
    expect(new Set(asked).size).toBe(2);
  });

  for (const part of ["forms", "conversation"]) {
    test(`its ${part}`, async ({ browser }) => {
      const { own, asked, seen, gateway } = await opens(browser, part, 2);
      if (part === "forms") {
        await expect(own.getByText("We cannot reach the chat. Trying again…")).toBeVisible();
        await gateway.welcomes();
        await expect(own.getByTestId("join")).toBeVisible();
      } else {
        await gateway.welcomes();
        gateway.sends(golden("ticket.closed", { rating: undefined, as_of_ms: Date.now() }));
        gateway.sends(golden("entry", { number: 1, text: "Good bye", at_ms: Date.now() }));
        await expect(own.getByText("Good bye")).toBeVisible();
        await expect(own.getByTestId("rejoin")).toBeVisible();
        await expect(own.getByTestId("score-5")).toBeVisible();
      }
      expect(new Set(asked).size).toBe(3); // browsers remember an address that gave no module
      expect(seen.said.filter((text) => text.startsWith("<nextup-chat>"))).toHaveLength(1);
      expect(seen.errors).toEqual([]);
    });
  }
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
