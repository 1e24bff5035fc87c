import { test } from "@playwright/test";
import { WebSocket } from "ws";
import { AgentClient, VisitorClient } from "../src/core/index.ts";
import { isAccessible, needsEngine, partOf, reads, start, type Engine, type EngineName, type Hands } from "./engines.ts";
import { Servers, site } from "./gateway.ts";
import { Host, mint } from "./host.ts";
import { Proxy } from "./network.ts";

// axe finds no fault in any state of the widget, the desk and the board, in every engine. make browsers runs it; what
// Chromium alone can tell of them stands with their own tests.

const engines: readonly EngineName[] = ["chromium", "firefox", "webkit"];
const join = { department: "support", languages: ["en"], topic: "card", urgency: "", languageRequired: false };

let servers: Servers;
let gateway: string;
let url: string;

test.beforeAll(async () => {
  servers = new Servers(site({}, { languages: "[en]", origins: '["*"]' }));
  gateway = await servers.startGateway();
  url = `${gateway.replace(/^http/, "ws")}/v1/connect`;
});
test.afterAll(() => servers.stop());

const visitor = (sub: string) => new VisitorClient({ url, token: () => mint({ sub, name: "Lin", languages: ["en"] }), WebSocket });

const connection = (state: string) => `[data-testid=connection][data-state=${state}]`;

/** The chat as it is, in light and in dark. */
async function inBothThemes(lin: Hands): Promise<void> {
  for (const theme of ["dark", "light"]) {
    await lin.run(`document.querySelector("nextup-chat").setAttribute("theme", "${theme}")`);
    await isAccessible(lin);
  }
}

for (const name of engines) {
  test.describe(name, () => {
    let engine: Engine | undefined;
    test.describe.configure({ mode: "default" }); // one browser of a kind at a time
    test.beforeAll(async () => {
      needsEngine(name);
      engine = await start(name);
    });
    test.afterAll(() => engine?.stop());

    test("axe finds no fault in the widget: shut, form, settings, waiting, chat, lost network, end, rating, rated", async () => {
      const network = await Proxy.before(gateway, {});
      const chat = `<main><h1>A shop</h1></main><script async src="${gateway}/widget.js" data-gateway="${network.address}" data-token-url="/token"></script>`;
      const host = await Host.serves(() => chat);
      host.token = () => mint({ sub: `v-${name}`, name: "Lin", languages: ["en"] });
      const mei = new AgentClient({ url, token: () => mint({ sub: `mei-${name}`, name: "Mei", role: "agent", languages: ["en"] }), WebSocket });
      const lin = await (engine as Engine).visitor();
      try {
        await lin.open(host.address, false);
        await reads(lin, partOf("launcher"), "");
        await inBothThemes(lin);
        await lin.press("launcher");
        await lin.write("topic", "card");
        await inBothThemes(lin);
        await lin.run(`document.querySelector("nextup-chat").shadowRoot.querySelector("[aria-expanded=false].round").click()`);
        await reads(lin, ".menu", "English");
        await inBothThemes(lin);
        await lin.run(`document.querySelector("nextup-chat").shadowRoot.querySelector("[aria-expanded=true].round").click()`);
        await lin.press("join");
        await reads(lin, partOf("position"), "1");
        await inBothThemes(lin);

        mei.connect();
        mei.on("offer", ({ offer }) => void mei.accept(offer));
        await mei.setStatus("available");
        await reads(lin, partOf("agent-name"), "Mei");
        await lin.write("composer", "is it late?\n");
        await reads(lin, "[data-kind=message]:last-child", "is it late?");
        mei.held[0]?.conversation?.send("See https://shop.example/help");
        await reads(lin, "[data-kind=message]:last-child", "shop.example");
        await inBothThemes(lin);

        await network.stop();
        await reads(lin, connection("waiting"), "");
        await inBothThemes(lin);
        await network.start();
        await reads(lin, connection("open"), "");

        await mei.closeConversation(mei.held[0]?.ticket.ticket ?? "");
        await reads(lin, partOf("rejoin"), "");
        await lin.press("score-4");
        await reads(lin, ".rating textarea", "");
        await inBothThemes(lin);
        await lin.run(`document.querySelector("nextup-chat").shadowRoot.querySelector(".rating button").click()`);
        await reads(lin, ".rated", "");
        await inBothThemes(lin);
      } finally {
        mei.close();
        await lin.leave();
        await host.stop();
        await network.stop();
      }
    });

    for (const [state, attributes] of [
      ["stopped", 'data-token="not.a.token"'],
      ["waiting", 'data-token="not.a.token" data-gateway="http://127.0.0.1:1"'],
    ] as const) {
      test(`axe finds no fault in the widget: ${state === "stopped" ? "refused" : "out of reach"}`, async () => {
        const host = await Host.serves(() => `<main><h1>A shop</h1></main><script async src="${gateway}/widget.js" ${attributes} data-open></script>`);
        const lin = await (engine as Engine).visitor();
        try {
          await lin.open(host.address, false);
          await reads(lin, connection(state), "");
          await inBothThemes(lin);
        } finally {
          await lin.leave();
          await host.stop();
        }
      });
    }

    test("axe finds no fault in the desk and the board: signing in, an offer, a conversation, its end, the board with a line", async () => {
      const lin = visitor(`w-${name}`);
      const waiting = visitor(`x-${name}`);
      const mei = await (engine as Engine).visitor();
      const token = (sub: string, role: string) => mint({ sub: `${sub}-${name}`, name: sub, role, languages: ["en"] });
      try {
        await mei.open(`${gateway}/desk`, false);
        await reads(mei, partOf("sign-in"), "");
        await isAccessible(mei);

        await mei.open(`${gateway}/desk?token=${token("Mei", "agent")}`, false);
        await mei.press("status-available");
        lin.connect();
        await lin.join(join);
        await reads(mei, partOf("offer"), "card");
        await isAccessible(mei);
        await mei.press("accept");
        await reads(mei, partOf("held"), "card");
        await mei.write("composer", "hello\n");
        await reads(mei, "[data-kind=message]:last-child", "hello");
        await isAccessible(mei);
        await mei.press("close");
        await isAccessible(mei);

        waiting.connect();
        await waiting.join(join);
        await mei.open(`${gateway}/desk?token=${token("Sue", "supervisor")}`, false);
        await reads(mei, partOf("board"), "Mei");
        await isAccessible(mei);
      } finally {
        lin.close();
        await waiting.leave();
        waiting.close();
        await mei.leave();
      }
    });
  });
}
