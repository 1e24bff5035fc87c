import { expect, type Page } from "@playwright/test";
import { golden } from "../test/fixtures.ts";
import { pages } from "./pages.ts";
import { ScriptedGateway } from "./scripted.ts";

// The frames of a visitor's chat, and the demo's host page with the widget open.

export const own = { role: "visitor", id: "v-17", name: "Lin" };
export const mei = { role: "agent", id: "a-3", name: "Mei" };
export const plain = { reason: undefined, languages: undefined, hold: undefined, widened: undefined, paused: undefined, rating: undefined };
export const waiting = (change: object = {}) => golden("ticket", { ...plain, as_of_ms: Date.now(), ...change });
export const assigned = (change: object = {}) => golden("ticket.assigned", { ...plain, as_of_ms: Date.now(), agent: mei, ...change });
export const closed = (change: object = {}) => golden("ticket.closed", { ...plain, as_of_ms: Date.now(), agent: mei, ...change });
export const says = (number: number, text: string, from: object = mei, change: object = {}) =>
  golden("entry", { number, text, from, message_id: `m-${number}`, at_ms: Date.now(), ...change });

/** The page with the chat open, and a gateway that the test plays. */
export async function open(page: Page, query = "", welcome: object = {}): Promise<ScriptedGateway> {
  const gateway = await ScriptedGateway.start(page, { urgencies: undefined, topics: undefined, ...welcome });
  await page.setViewportSize({ width: 1100, height: 800 });
  await page.goto(`${pages}visitor.html${query}`);
  await expect(page.getByTestId("visitor")).toBeVisible();
  await gateway.welcomes();
  return gateway;
}
