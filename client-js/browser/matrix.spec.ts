import { expect, test } from "@playwright/test";
import { WebSocket } from "ws";
import { AgentClient, VisitorClient } from "../src/core/index.ts";
import { isAccessible, partOf, needsEngine, reads, start, type Engine, type EngineName } from "./engines.ts";
import { Servers, site } from "./gateway.ts";
import { Host, mint, strictPolicy } from "./host.ts";
import { Proxy, type Network } from "./network.ts";

// Any network, any browser, any page: one journey. make browsers (NEXTUP_MATRIX=all) runs every combination; make test
// one in each of the engines that no other test has.

const whole = process.env["NEXTUP_MATRIX"] === "all";
const networks = {
  socket: {},
  fallback: { sockets: "refused" },
  "Upgrade stripped": { sockets: "stripped" },
  "socket cut every 8 s": { cutMS: 8_000 },
  "3 % of requests failing": { failsOneIn: 33 },
} as const satisfies Record<string, Network>;

interface Place {
  readonly address: string;
  readonly framed: boolean;
  stop?(): Promise<void>;
}

/** The pages that the chat may be on; gateway is where the page finds it. */
const pages = {
  "own page": async (gateway: string): Promise<Place> => ({ address: `${gateway}/visitor.html`, framed: false }),
  "path prefix": async (gateway: string): Promise<Place> => ({ address: `${gateway}/chat/visitor.html`, framed: false }),
  "other origin": (gateway: string) => hosted(`<script async src="${gateway}/widget.js" data-token-url="/token" data-open></script>`),
  "strict CSP": (gateway: string) =>
    hosted(`<script async src="${gateway}/widget.js" data-token-url="/token" data-open></script>`, strictPolicy(gateway)),
  "sandboxed frame": async (gateway: string): Promise<Place> => {
    const framed = `<body><script async src="${gateway}/widget.js" data-token="${visitorToken()}" data-open></script>`;
    return { ...(await hosted(`<iframe sandbox="allow-scripts" width="800" height="700" srcdoc='${framed}'></iframe>`)), framed: true };
  },
};

let visitors = 0;
const visitorToken = () => mint({ sub: `v-${visitors}`, name: "Lin", languages: ["en"] });

async function hosted(html: string, policy?: string): Promise<Place> {
  const host = await Host.serves(() => html, "", policy);
  host.token = visitorToken;
  return { address: host.address, framed: false, stop: () => host.stop() };
}

type NetworkName = keyof typeof networks;
type PageName = keyof typeof pages;
const names = Object.keys(pages) as PageName[];
const all = (Object.keys(networks) as NetworkName[]).flatMap((network) => names.map((page) => ({ network, page })));
const rows = whole ? all : all.filter(({ network, page }) => network === "socket" && page === "strict CSP");
const engines: readonly EngineName[] = whole ? ["chromium", "firefox", "webkit"] : ["firefox", "webkit"];

let servers: Servers;
let gateway: string;

test.beforeAll(async () => {
  servers = new Servers(site({}, { languages: "[en]", origins: '["*"]' }));
  gateway = await servers.startGateway();
});
test.afterAll(() => servers.stop());

for (const name of engines) {
  test.describe(name, () => {
    let engine: Engine | undefined;
    test.describe.configure({ mode: "default" }); // one browser of a kind at a time
    test.beforeAll(async () => {
      needsEngine(name);
      engine = await start(name);
    });
    test.afterAll(() => engine?.stop());

    for (const { network, page } of rows) {
      test(`${network}, ${page}: join, place moves, reload keeps the place, chat, end`, async () => {
        await journey(engine as Engine, networks[network], page);
      });
    }
  });
}

async function journey(engine: Engine, network: Network, page: PageName): Promise<void> {
  visitors++;
  const proxy = await Proxy.before(gateway, network);
  const place = await pages[page](proxy.address);
  const url = `${gateway.replace(/^http/, "ws")}/v1/connect`;
  const other = new VisitorClient({ url, token: () => mint({ sub: `other-${visitors}`, languages: ["en"] }), WebSocket });
  const mei = new AgentClient({ url, token: () => mint({ sub: "mei", name: "Mei", role: "agent", languages: ["en"] }), WebSocket });
  const lin = await engine.visitor();
  try {
    other.connect();
    await other.join({ department: "support", languages: ["en"], topic: "", urgency: "", languageRequired: false });

    await lin.open(place.address, place.framed);
    await lin.write("topic", "card");
    if (page === "own page") {
      await isAccessible(lin);
    }
    await lin.press("join");
    await reads(lin, partOf("position"), "2");

    await other.leave();
    await reads(lin, partOf("position"), "1");
    if (Object.keys(network).length > 0) {
      await expect.poll(() => proxy.spoilt, { message: "the network does what it is for" }).toBeGreaterThan(0);
    }

    await lin.reload();
    await reads(lin, partOf("position"), "1");
    if (page === "own page") {
      await isAccessible(lin);
    }

    mei.connect();
    mei.on("offer", ({ offer }) => void mei.accept(offer));
    await mei.setStatus("available");
    await reads(lin, partOf("agent-name"), "Mei");
    await lin.write("composer", "is it late?\n");
    const conversation = () => mei.held[0]?.conversation;
    await expect.poll(() => conversation()?.entries.some((e) => e.text === "is it late?")).toBe(true);
    conversation()?.send("Not at all.");
    await reads(lin, "[data-kind=message]:last-child", "Not at all.");
    if (page === "own page") {
      await isAccessible(lin);
    }

    await mei.closeConversation(mei.held[0]?.ticket.ticket ?? "");
    await reads(lin, partOf("rejoin"), "");
  } finally {
    mei.close();
    other.close();
    await lin.leave();
    await place.stop?.();
    await proxy.stop();
  }
}
