import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { Page } from "@playwright/test";

/** Everything is forbidden but the gateway's scripts and sockets, and text never becomes markup. */
export function strictPolicy(gateway: string): string {
  return [
    "default-src 'none'",
    `script-src ${gateway}`,
    `connect-src 'self' ${gateway} ${gateway.replace(/^http/, "ws")}`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

/** A host's own server on a free port: one page, and tokens for whoever asks. */
export class Host {
  readonly #server: Server;
  /** What the next token request gets. */
  token: () => string = () => "";
  tokensGiven = 0;
  /** What every token waits for. */
  slowly: Promise<void> | undefined;

  private constructor(html: (gateway: string) => string, gateway: string, policy: string | undefined) {
    this.#server = createServer(async (request, response) => {
      if (request.url?.replace(/\?.*/, "") === "/token") {
        await this.slowly;
        this.tokensGiven++;
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify({ token: this.token() }));
      } else if (request.url === "/") {
        response.setHeader("Content-Type", "text/html; charset=utf-8");
        if (policy !== undefined) {
          response.setHeader("Content-Security-Policy", policy);
        }
        response.end(`<!doctype html><html lang="en"><title>A host</title>${html(gateway)}`);
      } else if (request.url === "/built/widget.js" || request.url?.startsWith("/built/widget/") === true) {
        response.setHeader("Content-Type", "text/javascript");
        response.end(readFileSync(new URL(`../dist/${request.url.slice("/built/".length)}`, import.meta.url)));
      } else {
        response.statusCode = 404;
        response.end();
      }
    });
  }

  static async serves(html: (gateway: string) => string, gateway = "", policy?: string): Promise<Host> {
    const host = new Host(html, gateway, policy);
    await new Promise<void>((resolve) => host.#server.listen(0, "127.0.0.1", resolve));
    return host;
  }

  get address(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What went wrong on a page, and what its console said. */
export function watch(page: Page): { errors: string[]; said: string[] } {
  const seen = { errors: [] as string[], said: [] as string[] };
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (message) => {
    seen.said.push(message.text());
    if (/content security policy|trusted ?type/i.test(message.text())) {
      seen.errors.push(message.text());
    }
  });
  return seen;
}

/** Signs a token of the site of the browser tests. */
export function mint(claims: object, secondsToLive = 3_600): string {
  const secret = "a-secret-of-the-browser-tests-only-32-bytes-or-more";
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const exp = Math.floor(Date.now() / 1_000) + secondsToLive;
  const signed = `${encode({ alg: "HS256", kid: "journey" })}.${encode({ aud: "nextup", site: "journey", role: "visitor", exp, ...claims })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
