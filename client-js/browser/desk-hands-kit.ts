import { expect, type Locator, type Page } from "@playwright/test";
import type { ClientFrame, DeskTicket, Person } from "../src/core/index.ts";
import { held, offered, stopTime } from "./desk-kit.ts";
import type { ScriptedGateway } from "./scripted.ts";

export const ana: Person = { role: "visitor", id: "v-2", name: "Ana" };
export const sam: Person = { role: "visitor", id: "v-3", name: "Sam" };

/** Every key that would be a command, as a hand might write them. */
export const everyKey = "evadtcusbijknr?/19";

/** The frames that do something; reading and drawing along are none. */
export const acts: ReadonlySet<ClientFrame["type"]> = new Set(["accept", "decline", "close", "cancel_close", "finish", "leave", "transfer", "consult", "status", "send", "note"]);

export function actsOf(gateway: ScriptedGateway, from = 0): ClientFrame[] {
  return gateway.received.slice(from).filter((f) => acts.has(f.type));
}

/** The state of keys at the desk or the board. */
export function keys(page: Page) {
  return expect.poll(() => page.locator("main").getAttribute("data-keys"));
}

/**
 * Stops the page's time, so that a hand on a busy machine does not rest between two
 * keys: until waits for what is drawn within milliseconds, and rest lets the hand rest.
 */
export async function standStill(page: Page) {
  const pass = await stopTime(page);
  const until = (check: () => Promise<void>) =>
    expect(async () => {
      await pass();
      await check();
    }).toPass();
  return {
    until,
    untilKeys: (state: string) => until(async () => expect(await page.locator("main").getAttribute("data-keys")).toBe(state)),
    rest: async () => {
      await pass(1_100);
      await page.clock.resume();
    },
  };
}

export type Time = Awaited<ReturnType<typeof standStill>>;

export const both = (): DeskTicket[] => [held(), held({ ticket: "t-2", visitor: ana })];
export const offer = () => ({ offers: [offered({ deadline_ms: Date.now() + 60_000 })] });

/** Where something is drawn, in whole pixels: layout counts in fractions that no eye sees. */
export async function placeOf(what: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await what.boundingBox();
  if (box === null) {
    throw new Error("it is not drawn");
  }
  return { x: Math.round(box.x), y: Math.round(box.y), width: Math.round(box.width), height: Math.round(box.height) };
}
