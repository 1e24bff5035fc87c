import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "@playwright/test";

/** Skips the running test where there is no Redis, and prints why. */
export function needsRedis(): void {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
  } catch {
    const reason = "redis-server is not installed (apt-get install redis-server)";
    process.stdout.write(`skipped: ${test.info().title}: ${reason}\n`);
    test.skip(true, reason);
  }
}

/**
 * A site's servers for one test: gateways, and Redis where the store is to be
 * shared. All run on free ports of their own and are stopped by their process.
 */
export class Servers {
  readonly #dir = mkdtempSync(join(tmpdir(), "nextup-journey-"));
  readonly #running: ChildProcess[] = [];
  /** Those that can be killed, by their address. */
  readonly #started = new Map<string, ChildProcess>();
  readonly #siteFile = join(this.#dir, "site.yaml");
  readonly #binary = process.env["NEXTUP_BINARY"] ?? "nextup";
  #redis: string | undefined;

  constructor(siteFile: string) {
    writeFileSync(this.#siteFile, siteFile);
  }

  /** Starts Redis, with what it has written to disk where it ran before. */
  async startRedis(): Promise<void> {
    this.#redis ??= `redis://127.0.0.1:${await freePort()}`;
    const { hostname, port } = new URL(this.#redis);
    const disk = ["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir", this.#dir];
    const args = ["--port", port, "--bind", hostname, ...disk];
    const { child } = await this.#start("redis-server", args, /Ready to accept connections/);
    this.#started.set(this.#redis, child);
  }

  async killRedis(): Promise<void> {
    await this.kill(this.#redis ?? "redis");
  }

  /** Starts a gateway, on the port of an earlier one where that is given, and returns its address, http://127.0.0.1:PORT. */
  async startGateway(earlier = "http://127.0.0.1:0"): Promise<string> {
    const args = ["serve", "--listen", new URL(earlier).host, "--site-file", this.#siteFile, "--demo-tokens"];
    if (this.#redis !== undefined) {
      args.push("--redis", this.#redis);
    }
    const { child, line } = await this.#start(this.#binary, args, /^listening on http:\/\//);
    const address = line.replace("listening on ", "").trim();
    this.#started.set(address, child);
    return address;
  }

  /** Sends simulated people to a gateway until the servers are stopped. */
  startTraffic(gateway: string, visitors: number, agents: number): void {
    const crowd = ["--visitors", String(visitors), "--agents", String(agents), "--pace", "1"];
    void this.#start(this.#binary, ["traffic", "--target", gateway, "--site-file", this.#siteFile, ...crowd], /^never$/).catch(
      () => undefined, // it ends when it is stopped
    );
  }

  /** Ends what listens at the address without a word, as a lost machine does. */
  kill(address: string): Promise<void> {
    return this.#end(address, "SIGKILL");
  }

  /** Asks the gateway at the address to leave, as a new version does, and waits until it has. */
  drain(address: string): Promise<void> {
    return this.#end(address, "SIGTERM");
  }

  async #end(address: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#started.get(address);
    if (child === undefined) {
      throw new Error(`nothing was started at ${address}`);
    }
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    // The newest first, so that no gateway loses its Redis.
    for (const child of this.#running.toReversed()) {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        const killer = setTimeout(() => child.kill("SIGKILL"), 10_000);
        child.kill("SIGTERM");
        await ended;
        clearTimeout(killer);
      }
    }
    rmSync(this.#dir, { recursive: true });
  }

  /** Starts a process and waits for the line of its stdout that says it is ready. */
  #start(command: string, args: string[], ready: RegExp): Promise<{ child: ChildProcess; line: string }> {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#running.push(child);
    const log: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`${command} ended with ${code}:\n${log.slice(-20).join("\n")}`)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        log.push(line);
        if (ready.test(line)) {
          resolve({ child, line });
        }
      });
    });
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** A site with support, by default in zh and en, and agents by name with their capacity. */
export function site(
  capacities: Record<string, number>,
  { languages = "[zh, en]", origins = "[]" }: { languages?: string; origins?: string } = {},
): string {
  const known = Object.entries(capacities).map(([sub, capacity]) => `        ${sub}:\n          capacity: ${capacity}`);
  return `sites:
  - id: journey
    origins: ${origins}
    languages: ${languages}
    departments:
      - id: support
        name: Support
        offer_timeout: 20s
    agents:
      defaults:
        capacity: 3
${known.length > 0 ? `      known:\n${known.join("\n")}` : ""}
    keys:
      - id: journey
        algorithm: HS256
        secret: a-secret-of-the-browser-tests-only-32-bytes-or-more
        roles: [visitor, agent, supervisor]
`;
}
