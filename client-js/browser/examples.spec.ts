import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { expect, test } from "@playwright/test";
import { createServer, type ViteDevServer } from "vite";
import { Servers, site } from "./gateway.ts";
import { mint } from "./host.ts";
import { leave, Visitor } from "./people.ts";

// Each example runs as its first lines say, against a real gateway.

const examples = new URL("../../examples/", import.meta.url).pathname;
const running: ChildProcess[] = [];
let servers: Servers | undefined;
let shop: ViteDevServer | undefined;

// One after the other: two workers must not install the packages of one folder at once.
test.describe.configure({ mode: "default" });

test.beforeAll(() => {
  if (!existsSync(`${examples}node_modules/.package-lock.json`)) {
    // npm writes that last; a Vite server of an earlier test has left NODE_ENV=production here
    execFileSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund"], { cwd: examples, stdio: "inherit" });
  }
});

test.afterEach(async ({ browser }) => {
  await leave(browser);
  running.splice(0).forEach((child) => child.kill());
  await shop?.close();
  await servers?.stop();
  servers = shop = undefined;
});

async function gateway(): Promise<string> {
  servers = new Servers(site({}, { origins: '["*"]' }));
  return servers.startGateway();
}

/** Starts a program of the examples and waits for a line that it prints. */
function start(file: string, env: Record<string, string>, ready: RegExp): Promise<string> {
  const child = spawn("node", [`${examples}${file}`], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (ready.test(line)) {
        resolve(line);
      }
    });
  });
}

test("host page: one line of HTML, and a token from the host's own server", async ({ browser }) => {
  const env = {
    GATEWAY: await gateway(),
    NEXTUP_SITE: "journey",
    NEXTUP_KEY: "journey",
    NEXTUP_SECRET: "a-secret-of-the-browser-tests-only-32-bytes-or-more",
  };
  const listening = await start("host-page/server.mjs", env, /listening on/);
  const page = await browser.newPage();
  const lin = await Visitor.opens(page, listening.replace("listening on ", ""));
  await expect(page.getByText("My shop").last()).toBeVisible();
  await page.getByTestId("join").click();
  await lin.isNumber(1);
});

test("node bot: it takes the ticket, answers what it knows, and passes the rest on", async ({ browser }) => {
  const address = await gateway();
  const NEXTUP_URL = `${address.replace(/^http/, "ws")}/v1/connect`;
  await start("node-bot/bot.mjs", { NEXTUP_URL, NEXTUP_TOKEN: mint({ sub: "bot", name: "Bot", role: "agent", languages: ["en"] }) }, /^open$/);
  const lin = await Visitor.arrives(browser, address, "en");
  await lin.joins("en");
  await lin.sees("Ask me when we are open.");
  await lin.says("What are your hours?");
  await lin.sees("We are open from 9 to 18, Monday to Friday.");
  await lin.says("Where is my parcel?");
  await lin.sees("I pass you on to a person.");
});

test("react host: the package, a ref, a token by function and an event", async ({ browser }) => {
  execFileSync(`${new URL("..", import.meta.url).pathname}node_modules/.bin/tsc`, ["-p", `${examples}react-host`], { stdio: "inherit" });
  process.env["VITE_GATEWAY"] = await gateway();
  shop = await createServer({
    root: `${examples}react-host`,
    configFile: false,
    logLevel: "error",
    server: { host: "127.0.0.1", port: 0 },
    plugins: [
      {
        name: "chat-token",
        configureServer: ({ middlewares }) =>
          void middlewares.use("/chat-token", (_request, response) => {
            response.setHeader("Content-Type", "application/json");
            response.end(JSON.stringify({ token: mint({ sub: "v-1", name: "Lin" }) }));
          }),
      },
    ],
  });
  await shop.listen();
  const page = await browser.newPage();
  await page.goto(shop.resolvedUrls?.local[0] ?? "");
  await page.getByRole("button", { name: "I need help" }).click();
  await page.getByTestId("join").click();
  await expect(page.getByText("You are number 1 in line.", { exact: true })).toBeVisible();
  await new Visitor(page).isNumber(1);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("You are not in line.", { exact: true })).toBeVisible();
  await expect(page.getByTestId("visitor")).toHaveCount(0);
});
