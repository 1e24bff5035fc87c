import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { expect, test } from "@playwright/test";
import { launch as launchBrowser, type Browser, type ElementHandle, type Frame, type Page } from "puppeteer-core";
import { Builder, Key, type WebDriver, type WebElement } from "selenium-webdriver";
import { freePort } from "./gateway.ts";

/** What a visitor does with the chat on a page, in whichever browser. */
export interface Hands {
  /** Opens a page; framed says that the chat is in a frame of it. */
  open(address: string, framed: boolean): Promise<void>;
  reload(): Promise<void>;
  /** Presses a part of the chat as a mouse does. */
  press(part: string): Promise<void>;
  /** Writes into a part of the chat, key by key, and ends with Enter where the text does. */
  write(part: string, text: string): Promise<void>;
  /** Runs a script where the chat is; its value must be one of JSON. */
  run<T>(script: string): Promise<T>;
}

/** A browser of one engine; every visitor gets a clean one. */
export interface Engine {
  visitor(): Promise<Hands & { leave(): Promise<void> }>;
  stop(): Promise<void>;
}

export type EngineName = "chromium" | "firefox" | "webkit";

/** Where the engines of the system are. */
const programs = {
  chromium: process.env["NEXTUP_CHROMIUM"] ?? "/usr/bin/chromium",
  firefox: process.env["NEXTUP_FIREFOX"] ?? "/usr/bin/firefox-esr",
  webkit: readdirSync("/usr/lib").map((machine) => `/usr/lib/${machine}/webkit2gtk-4.1/MiniBrowser`).find(existsSync) ?? "MiniBrowser",
};

/** Skips the running tests where the engine is not there, and prints why. */
export function needsEngine(name: EngineName): void {
  if (!existsSync(programs[name])) {
    const reason = `${name} is not installed (apt-get install --no-install-recommends firefox-esr webkit2gtk-driver xvfb)`;
    process.stdout.write(`skipped: ${reason}\n`);
    test.skip(true, reason);
  }
}

/** A script that finds a part of the chat, whose own tree is open, or of a page without one. */
const find = (selector: string) => `(document.querySelector("nextup-chat")?.shadowRoot ?? document).querySelector(${JSON.stringify(selector)})`;

const patienceMS = 60_000;

/** Asks until there is an answer. */
async function until<T>(what: string, ask: () => Promise<T | null | undefined | false>): Promise<T> {
  const end = Date.now() + patienceMS;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) {
        return answer;
      }
    } catch (error) {
      last = error; // the page is being loaded, or what was found was drawn anew
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} within ${patienceMS} ms`, { cause: last });
}

export const partOf = (testid: string) => `[data-testid="${testid}"]`;

/** Reads the text of a part of the chat until it is as it should be. */
export function reads(hands: Hands, selector: string, wanted: string): Promise<unknown> {
  return until(`${selector} reads ${wanted}`, async () => {
    const text = await hands.run<string | null>(`return (${find(selector)})?.textContent ?? null`);
    return text?.includes(wanted);
  });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The page is without fault for axe, once all that was moving has come to rest: text that fades in has little contrast. */
export async function isAccessible(hands: Hands): Promise<void> {
  const faults = () =>
    hands.run<string[]>(
      `if (!window.axe) { ${axe} } const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
      return violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html.slice(0, 200)).join(" "));`,
    );
  await expect.poll(faults).toEqual([]);
}

export function start(name: EngineName): Promise<Engine> {
  return name === "webkit" ? startWebKit() : startPuppet(name);
}

/** Chromium over its own protocol, Firefox over WebDriver BiDi. */
async function startPuppet(name: "chromium" | "firefox"): Promise<Engine> {
  const browser: Browser = await launchBrowser({
    browser: name === "chromium" ? "chrome" : "firefox",
    executablePath: programs[name],
    defaultViewport: { width: 1100, height: 800 },
    args: name === "chromium" && process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  return {
    stop: () => browser.close(),
    visitor: async () => {
      const context = await browser.createBrowserContext();
      return new Puppet(await context.newPage(), () => context.close());
    },
  };
}

class Puppet implements Hands {
  readonly #page: Page;
  readonly leave: () => Promise<void>;
  #framed = false;

  constructor(page: Page, leave: () => Promise<void>) {
    this.#page = page;
    this.leave = leave;
  }

  async open(address: string, framed: boolean): Promise<void> {
    this.#framed = framed;
    await this.#page.goto(address, { waitUntil: "domcontentloaded" });
  }

  async reload(): Promise<void> {
    await this.#page.reload({ waitUntil: "domcontentloaded" });
  }

  async press(part: string): Promise<void> {
    await until(`${part} is pressed`, async () => {
      const found = (await this.#frame().evaluateHandle(find(partOf(part)))).asElement() as ElementHandle<Element> | null;
      await found?.click();
      return found !== null;
    });
  }

  async write(part: string, text: string): Promise<void> {
    await this.press(part);
    await this.#page.keyboard.type(text.trimEnd());
    if (text.endsWith("\n")) {
      await this.#page.keyboard.press("Enter");
    }
  }

  run<T>(script: string): Promise<T> {
    return this.#frame().evaluate(`(async () => { ${script} })()`) as Promise<T>;
  }

  #frame(): Frame {
    const frame = this.#framed ? this.#page.frames().find((f) => f.parentFrame() !== null) : this.#page.mainFrame();
    if (frame === undefined) {
      throw new Error("the frame is not there yet");
    }
    return frame;
  }
}

/** A program that is ready once it prints a line; resolves with that line. */
function launch(running: ChildProcess[], command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "ignore"] });
  running.push(child);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}`)));
    createInterface({ input: child.stdout }).once("line", resolve);
  });
}

/** WebKit by the W3C's WebDriver, on a screen that nobody sees. It has one visitor at a time. */
async function startWebKit(): Promise<Engine> {
  const running: ChildProcess[] = [];
  const display = await launch(running, "Xvfb", ["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
  const port = await freePort();
  const driver = spawn("WebKitWebDriver", [`--port=${port}`], { env: { ...process.env, DISPLAY: `:${display}` }, stdio: "ignore" });
  running.push(driver);
  const server = `http://127.0.0.1:${port}`;
  await until("WebKitWebDriver listens", async () => (await fetch(`${server}/status`)).ok);
  const options = { binary: programs.webkit, args: ["--automation"] };
  return {
    stop: async () => {
      running.toReversed().forEach((child) => child.kill());
    },
    visitor: async () => {
      const session = await new Builder()
        .disableEnvironmentOverrides()
        .usingServer(server)
        .withCapabilities({ browserName: "MiniBrowser", "webkitgtk:browserOptions": options })
        .build();
      await session.manage().window().setRect({ x: 0, y: 0, width: 1200, height: 860 });
      return new Driven(session);
    },
  };
}

class Driven implements Hands {
  readonly #driver: WebDriver;
  #framed = false;

  constructor(driver: WebDriver) {
    this.#driver = driver;
  }

  leave(): Promise<void> {
    return this.#driver.quit();
  }

  async open(address: string, framed: boolean): Promise<void> {
    this.#framed = framed;
    await this.#driver.get(address);
    await this.#enter();
  }

  async reload(): Promise<void> {
    await this.#driver.switchTo().defaultContent();
    await this.#driver.navigate().refresh();
    await this.#enter();
  }

  async press(part: string): Promise<void> {
    await until(`${part} is pressed`, async () => {
      const origin = await this.run<WebElement | null>(`return ${find(partOf(part))}`);
      if (origin !== null) {
        // Not click(): in a frame, that takes the chat's element for one that is above its own parts.
        await this.#driver.actions().move({ origin }).click().perform();
      }
      return origin !== null;
    });
  }

  async write(part: string, text: string): Promise<void> {
    await this.press(part); // an element of a sandboxed frame takes keys from the keyboard alone
    await this.#driver.actions().sendKeys(text.replace("\n", Key.ENTER)).perform();
  }

  run<T>(script: string): Promise<T> {
    return this.#driver.executeScript<T>(`return (async () => { ${script} })()`);
  }

  async #enter(): Promise<void> {
    if (this.#framed) {
      await until("the frame is entered", async () => {
        await this.#driver.switchTo().frame(0);
        return true;
      });
    }
  }
}
