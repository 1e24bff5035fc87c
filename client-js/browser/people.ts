import { expect, type Browser, type BrowserContextOptions, type Locator, type Page } from "@playwright/test";
import type { DeskFrame } from "../src/core/index.ts";

/** The parts that both pages have. */
class Person {
  readonly page: Page;
  readonly entries: Locator;

  constructor(page: Page) {
    this.page = page;
    this.entries = page.getByTestId("entry");
  }

  async says(text: string): Promise<void> {
    await this.writes(text);
    await expect(this.message(text)).toBeVisible();
  }

  async sees(text: string): Promise<void> {
    await expect(this.message(text)).toBeVisible();
  }

  /** Writes and does not wait for the message to be among the entries. */
  async writes(text: string): Promise<void> {
    await this.page.getByTestId("composer").fill(text);
    await this.page.getByTestId("composer").press("Enter");
  }

  get messages(): Locator {
    return this.page.locator("[data-kind=message]");
  }

  message(text: string): Locator {
    return this.messages.filter({ hasText: text });
  }

  /** What was written and is not among the entries yet. */
  get outgoing(): Locator {
    return this.page.getByTestId("outgoing");
  }

  /** What the page says of the connection; empty while all is well. */
  get banner(): Locator {
    return this.page.getByTestId("connection");
  }

  /** Counts the sockets that the page opens from now on. */
  countSockets(): () => number {
    let opened = 0;
    this.page.on("websocket", () => opened++);
    return () => opened;
  }

  /** Marks the page, so that a reload would be noticed. */
  async mark(): Promise<void> {
    await this.page.evaluate(() => document.documentElement.setAttribute("data-never-reloaded", ""));
  }

  async wasNeverReloaded(): Promise<void> {
    await expect(this.page.locator("html[data-never-reloaded]")).toHaveCount(1);
  }
}

export class Visitor extends Person {
  /** Opens the visitor page in a browser context of its own, and the chat on it. */
  static async arrives(browser: Browser, gateway: string, locale: string, context: BrowserContextOptions = {}): Promise<Visitor> {
    const own = await browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2, ...context });
    return Visitor.opens(await own.newPage(), `${gateway}/visitor.html?locale=${locale}`);
  }

  /** Opens the chat on a page of its own. */
  static async opens(page: Page, address: string): Promise<Visitor> {
    await page.goto(address);
    const launcher = page.getByTestId("launcher");
    await expect(launcher).toHaveAttribute("aria-expanded", /./);
    if ((await launcher.getAttribute("aria-expanded")) === "false") {
      await launcher.click();
    }
    return new Visitor(page);
  }

  async joins(language: string, topic = ""): Promise<void> {
    await this.page.getByTestId(`language-${language}`).check();
    await this.page.getByTestId("topic").fill(topic);
    await this.page.getByTestId("join").click();
  }

  async leaves(): Promise<void> {
    await this.page.getByTestId("leave").click();
    await this.page.getByTestId("leave-sure").click();
  }

  async isNumber(position: number): Promise<void> {
    await expect(this.page.getByTestId("position")).toHaveText(String(position));
  }

  async status(status: string): Promise<void> {
    await expect(this.page.getByTestId("visitor")).toHaveAttribute("data-status", status);
  }
}

export class Agent extends Person {
  /** Every load that the page was told, with the capacity. */
  readonly loads: { load: number; capacity: number }[] = [];

  /** Opens the desk in a browser context of its own, signs in and becomes available. */
  static async starts(browser: Browser, gateway: string, name: string, languages: string[]): Promise<Agent> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 760 } });
    return Agent.signsIn(await context.newPage(), gateway, name, languages);
  }

  /** Signs in at the desk on a page of its own and becomes available. */
  static async signsIn(page: Page, gateway: string, name: string, languages: string[]): Promise<Agent> {
    const agent = new Agent(page);
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        const frame = JSON.parse(String(payload)) as DeskFrame | { type: "other" };
        if (frame.type === "desk") {
          agent.loads.push({ load: frame.load, capacity: frame.capacity });
        }
      }),
    );
    await page.goto(`${gateway}/desk`);
    await page.getByTestId("sign-in-name").fill(name);
    for (const tag of ["en", "zh"]) {
      await page.getByTestId(`sign-in-${tag}`).setChecked(languages.includes(tag));
    }
    await page.getByTestId("sign-in").click();
    await page.getByTestId("status-available").check();
    await expect(page.getByTestId("desk")).toHaveAttribute("data-status", "available");
    return agent;
  }

  get offer(): Locator {
    return this.page.getByTestId("offer");
  }

  get tabs(): Locator {
    return this.page.locator("[data-testid=tab][data-gone=false]");
  }

  async isOffered(topic: string): Promise<void> {
    await expect(this.offer).toContainText(topic);
  }

  async accepts(topic: string): Promise<void> {
    await this.isOffered(topic);
    await this.offer.getByTestId("accept").click();
    await expect(this.page.getByTestId("held")).toContainText(topic);
  }

  async closes(): Promise<void> {
    await this.page.getByTestId("close").click();
  }

  neverHadMoreThan(capacity: number): void {
    expect(this.loads.length).toBeGreaterThan(0);
    for (const told of this.loads) {
      expect(told.capacity).toBe(capacity);
      expect(told.load).toBeLessThanOrEqual(capacity);
    }
  }
}

/** Closes the pages of everybody, so that the next test begins with none. */
export async function leave(browser: Browser): Promise<void> {
  await Promise.all(browser.contexts().map((context) => context.close()));
}
