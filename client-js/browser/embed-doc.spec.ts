import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "@playwright/test";
import { freePort } from "./gateway.ts";
import { leave, Visitor } from "./people.ts";

// docs/embed.md, followed word for word from an empty folder: what stands in it is what runs here.

const text = readFileSync(new URL("../../docs/embed.md", import.meta.url), "utf8");
const dir = mkdtempSync(join(tmpdir(), "nextup-embed-"));
const running: ChildProcess[] = [];
let shop: Server | undefined;

test.afterAll(() => {
  running.forEach((child) => child.kill());
  shop?.close();
  rmSync(dir, { recursive: true });
});
test.afterEach(({ browser }) => leave(browser));

/** The fenced blocks of a language below a heading. */
function blocks(heading: string, language: string): string[] {
  const section = text.split(/^## /m).find((s) => s.startsWith(heading)) ?? "";
  const found = Array.from(section.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm")), (match) => match[1] ?? "");
  expect(found, `${language} below ${heading}`).not.toEqual([]);
  return found;
}

/** Runs the lines of a shell's block, in the folder. */
const shell = (lines: string) => execFileSync("bash", ["-euc", lines], { cwd: dir, encoding: "utf8" });

test("docs/embed.md followed word for word brings a visitor into line, an agent to the desk and a supervisor to the board", async ({ browser }) => {
  mkdirSync(join(dir, "bin"));
  symlinkSync(process.env["NEXTUP_BINARY"] ?? "nextup", join(dir, "bin/nextup"));
  const [shopPort, gatewayPort] = [await freePort(), await freePort()];
  const [origin, gateway] = [`http://127.0.0.1:${shopPort}`, `http://127.0.0.1:${gatewayPort}`];
  const ours = (block: string) => block.replaceAll("https://shop.example", origin).replaceAll("https://chat.example.com", gateway);

  const [making = "", serving = ""] = blocks("1. A gateway", "sh");
  shell(making.replace(/^make build.*$/m, "")); // it is built
  writeFileSync(join(dir, "site.yaml"), ours(blocks("1. A gateway", "yaml")[0] ?? ""));
  const [check = "", serve = ""] = serving.trim().split("\n");
  shell(check);
  const child = spawn("bash", ["-euc", `exec ${serve.replace("site.yaml", `site.yaml --listen 127.0.0.1:${gatewayPort}`)}`], { cwd: dir, stdio: ["ignore", "pipe", "ignore"] });
  running.push(child);
  await new Promise<void>((resolve) => createInterface({ input: child.stdout }).on("line", (line) => line.startsWith("listening on") && resolve()));

  const [module = "", use = ""] = blocks("2. A token", "js");
  writeFileSync(join(dir, "token.mjs"), module);
  writeFileSync(join(dir, "server.mjs"), `${use}\nprocess.stdout.write(token);\n`);
  const [line = ""] = blocks("3. One line", "html");
  shop = createServer((request, response) => {
    const token = request.url === "/chat-token";
    response.setHeader("Content-Type", token ? "application/json" : "text/html");
    response.end(token ? JSON.stringify({ token: shell("node server.mjs") }) : `<!doctype html><title>A shop</title><body>${ours(line)}`);
  });
  await new Promise<void>((resolve) => shop?.listen(shopPort, "127.0.0.1", resolve));

  const page = await browser.newPage();
  const lin = await Visitor.opens(page, origin);
  await page.getByTestId("join").click();
  await lin.isNumber(1);

  shell(blocks("4. An agent", "sh")[0] ?? "");
  const opened = async (file: string) => {
    const desk = await (await browser.newContext()).newPage();
    await desk.goto(`${gateway}/desk#token=${readFileSync(join(dir, file), "utf8").trim()}`);
    return desk;
  };
  const board = await opened("sue.token");
  await expect(board.getByTestId("queue-size").first()).toContainText("1");
  const desk = await opened("mei.token");
  await desk.getByTestId("status-available").check();
  await desk.getByTestId("accept").click();
  await lin.status("assigned");

  const [install = ""] = blocks("3. One line", "sh");
  shell(`npm init -y >/dev/null && ${install.replace("http://127.0.0.1:8080", gateway).trim()} --no-audit --no-fund --silent --prefer-offline`);
  writeFileSync(join(dir, "uses.mjs"), 'import { VisitorClient } from "@nextup/client";\nimport { define } from "@nextup/client/widget";\nprocess.stdout.write(`${typeof VisitorClient} ${typeof define}`);\n');
  expect(shell("node uses.mjs")).toBe("function function");
});
