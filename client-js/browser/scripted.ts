import { expect, type Page, type WebSocketRoute } from "@playwright/test";
import type { ClientFrame, Code, ErrorFrame, ServerFrame } from "../src/core/index.ts";
import { golden } from "../test/fixtures.ts";
import { isAccessible } from "./axe.ts";
import { mint } from "./host.ts";

/** A gateway that is played by the test: every frame is the test's own. */
export class ScriptedGateway {
  readonly received: ClientFrame[] = [];
  readonly #page: Page;
  readonly #welcome: object;
  /** When the page said hello, of Date.now. */
  readonly hellosAt: number[] = [];
  #refusal: ErrorFrame | undefined;
  /** The last that was said of the log, which a page that comes back is told again. */
  #availability: ServerFrame | undefined;
  /** How frames of a type are refused. */
  readonly #refused = new Map<ClientFrame["type"], { code: Code; named: boolean }>();
  #socket: WebSocketRoute | undefined;
  #opened: (() => void)[] = [];

  /** The time of the page, which a test may run ahead of this machine's. */
  readonly #now: () => number;

  private constructor(page: Page, welcome: object, now: () => number) {
    this.#page = page;
    this.#welcome = welcome;
    this.#now = now;
  }

  static async start(page: Page, welcome: object = {}, now: () => number = Date.now): Promise<ScriptedGateway> {
    const gateway = new ScriptedGateway(page, welcome, now);
    await page.route("**/demo/token?*", (route) => route.fulfill({ json: { token: mint({ sub: "v-17" }) } }));
    await page.route("**/v1/queues", (route) =>
      route.fulfill({
        json: [
          { department: "support", language: "en", size: 4, agents_with_room: 0, wait: { known: true, low_s: 130, high_s: 290 } },
          { department: "support", language: "zh", size: 0, agents_with_room: 0, wait: { known: false } },
        ],
      }),
    );
    await page.routeWebSocket("**/v1/connect", (socket) => gateway.#accept(socket));
    return gateway;
  }

  #accept(socket: WebSocketRoute): void {
    this.#socket = socket;
    socket.onMessage((data) => {
      const frame = JSON.parse(String(data)) as ClientFrame;
      this.received.push(frame);
      if (frame.type === "hello") {
        this.hellosAt.push(Date.now());
      }
      if (frame.type === "hello" && this.#refusal !== undefined) {
        this.sends({ ...this.#refusal, ...(frame.id !== undefined && { id: frame.id }) });
        void this.closes(4003);
      } else if (frame.type === "hello") {
        const now_ms = this.#now();
        this.sends(golden("welcome", { id: frame.id, now_ms, expires_at_ms: now_ms + 3_600_000, ...this.#welcome }));
        if (this.#availability !== undefined) {
          this.sends(this.#availability);
        }
        this.#opened.splice(0).forEach((opened) => opened());
      } else if (frame.type === "heartbeat") {
        this.sends(golden("heartbeat", { as_of_ms: this.#now() }));
      } else if ("id" in frame && frame.id !== undefined && frame.type !== "join") {
        const refusal = this.#refused.get(frame.type);
        const id = refusal?.named === false ? {} : { id: frame.id };
        this.sends(refusal === undefined ? { type: "ok", id: frame.id } : { type: "error", ...id, code: refusal.code, message: "No." });
      }
    });
  }

  /** Resolves when the page is connected and welcome. */
  async welcomes(): Promise<void> {
    if (!this.received.some((f) => f.type === "hello")) {
      await new Promise<void>((resolve) => this.#opened.push(resolve));
    }
  }

  sends(frame: ServerFrame): void {
    if (frame.type === "availability") {
      this.#availability = frame;
    }
    this.#socket?.send(JSON.stringify(frame));
  }

  /** From now on a hello is refused with the frame and 4003. */
  refusesHello(refusal: ErrorFrame): void {
    this.#refusal = refusal;
  }

  /** From now on frames of the type are refused with the code, or taken again; a refusal that is not named has no id. */
  refuses(type: ClientFrame["type"], code: Code | undefined, named = true): void {
    if (code === undefined) {
      this.#refused.delete(type);
    } else {
      this.#refused.set(type, { code, named });
    }
  }

  letsIn(): void {
    this.#refusal = undefined;
  }

  async closes(code: number): Promise<void> {
    await this.#socket?.close({ code, reason: "" });
  }

  /** Waits for a frame of the page. */
  async expects<T extends ClientFrame["type"]>(type: T): Promise<Extract<ClientFrame, { type: T }>> {
    const find = () => this.received.findLast((f): f is Extract<ClientFrame, { type: T }> => f.type === type);
    await expect.poll(find, { message: `the page sends ${type}` }).toBeDefined();
    const frame = find();
    if (frame === undefined) {
      throw new Error(`no ${type}`);
    }
    return frame;
  }

  /** The page's state now is without fault for axe, in light and in dark. */
  isAccessible(): Promise<void> {
    return isAccessible(this.#page);
  }
}
