import type { Browser } from "@playwright/test";
import { WebSocket } from "ws";
import { AgentClient } from "../src/core/index.ts";
import { Servers, site } from "./gateway.ts";
import { Host, mint, strictPolicy, watch } from "./host.ts";
import { leave, Visitor } from "./people.ts";

// The widget on the page of another origin, and the gateway that it is from: one of each a test.

export let servers: Servers | undefined;
export let host: Host | undefined;
const agents: AgentClient[] = [];

export async function leaveAll(browser: Browser): Promise<void> {
  await leave(browser);
  agents.splice(0).forEach((client) => client.close());
  await host?.stop();
  await servers?.stop();
  host = servers = undefined;
}

export const line = (data = "") => (gateway: string) =>
  `<meta name="viewport" content="width=device-width"><h1>A shop</h1><script async src="${gateway}/widget.js" data-token-url="/token" ${data}></script>`;

export function newServers(languages = "[zh, en, es, ja, ko]", origins = '["*"]'): Servers {
  servers = new Servers(site({}, { languages, origins }));
  return servers;
}

/** Serves the page of a host without a gateway, or with one and a policy that lets in nothing else. */
export async function serve(html: (gateway: string) => string, gateway?: string): Promise<Host> {
  host = await Host.serves(html, gateway, gateway && strictPolicy(gateway));
  host.token = () => mint({ sub: "v-1", name: "Lin" });
  return host;
}

/** A gateway, and a host of another origin that the site lets in. */
export async function start(html: (gateway: string) => string, on: Servers = newServers()): Promise<string> {
  const gateway = await on.startGateway();
  await serve(html, gateway);
  return gateway;
}

export async function visitor(browser: Browser, context: Parameters<Browser["newContext"]>[0] = {}) {
  const own = await browser.newContext({ viewport: { width: 1_000, height: 760 }, ...context });
  const page = await own.newPage();
  const seen = watch(page);
  return { lin: await Visitor.opens(page, host?.address ?? ""), seen, context: own, page };
}

/** An agent without a page, who takes every offer. */
export function agent(gateway: string, sub: string, languages: string[], name = "Mei"): AgentClient {
  const url = `${gateway.replace(/^http/, "ws")}/v1/connect`;
  const client = new AgentClient({ url, token: () => mint({ sub, name, role: "agent", languages }), WebSocket });
  client.on("offer", ({ offer }) => void client.accept(offer));
  client.connect();
  void client.setStatus("available");
  agents.push(client);
  return client;
}
