import { expect, type Page } from "@playwright/test";
import type { BoardFrame, BoardTicket, DeskFrame, DeskTicket, EntryFrame, Person } from "../src/core/index.ts";
import { golden } from "../test/fixtures.ts";
import { ScriptedGateway } from "./scripted.ts";

/** Frames of a desk that is played by a test, and what the gateway answers over HTTP. */

export const mei: Person = { role: "agent", id: "a-3", name: "Mei" };
export const lin: Person = { role: "visitor", id: "v-17", name: "Lin" };
export const ana = { role: "visitor" as const, id: "v-2", name: "Ana Lucía Fernández" };
export const diego = { role: "agent" as const, id: "a-4", name: "Diego" };

const asAgent = { role: "agent", subject: mei.id, name: mei.name, heartbeat_s: 5 };
const asSupervisor = { role: "supervisor", subject: "s-1", name: "Olga", heartbeat_s: 5 };

export const team = [
  { id: "a-4", name: "Diego", status: "available", languages: ["es", "en"], departments: ["support"], tier: 1, capacity: 4, load: 1 },
  { id: "a-8", name: "Yuki", status: "available", languages: ["ja", "en"], departments: ["trading"], skills: ["kyc"], tier: 2, capacity: 3, load: 3 },
  { id: "a-9", name: "Noor", status: "away", languages: ["en"], departments: ["support"], tier: 3, capacity: 4, load: 0 },
  { id: "a-3", name: "Mei", status: "available", languages: ["en", "zh"], departments: ["support"], tier: 2, capacity: 4, load: 2 },
];

/** What GET /v1/tickets answers: a conversation of yesterday. */
export function past(): object[] {
  const at = Date.now() - 20 * 3_600_000;
  const [ticket] = golden("desk").tickets;
  return [
    {
      ...ticket,
      ticket: "t-old",
      topic: "Deposit did not arrive",
      joined_at_ms: at,
      assigned_at_ms: at + 60_000,
      ended_at_ms: at + 540_000,
      agent: { role: "agent", id: "a-4", name: "Diego" },
      rating: { score: 5, comment: "Quick and kind" },
      visitor_lost: undefined,
      guests: undefined,
    },
  ];
}

async function routes(page: Page): Promise<void> {
  await page.route("**/v1/team", (route) => route.fulfill({ json: team }));
  await page.route(/\/v1\/tickets/, (route) => route.fulfill({ json: past() }));
}

/** Signs in on the desk page as an agent of a demo gateway. */
export async function atDesk(page: Page, base: string, now: () => number = Date.now): Promise<ScriptedGateway> {
  const gateway = await ScriptedGateway.start(page, asAgent, now);
  await routes(page);
  await page.setViewportSize({ width: 1360, height: 800 });
  await page.goto(`${base}desk.html`);
  await page.getByTestId("sign-in-name").fill("Mei");
  await page.getByTestId("sign-in").click();
  await gateway.welcomes();
  return gateway;
}

/** Signs in as a supervisor. */
export async function atBoard(page: Page, base: string): Promise<ScriptedGateway> {
  const gateway = await ScriptedGateway.start(page, asSupervisor);
  await routes(page);
  await page.setViewportSize({ width: 1360, height: 900 });
  await page.goto(`${base}desk.html`);
  await page.getByTestId("sign-in-name").fill("Olga");
  await page.getByTestId("sign-in-as-supervisor").check();
  await page.getByTestId("sign-in").click();
  await gateway.welcomes();
  return gateway;
}

export function desk(change: object = {}): DeskFrame {
  return golden("desk", { offers: [], tickets: [], as_of_ms: Date.now(), ...change });
}

/** A ticket of Mei's, with times of now. */
export function held(change: Partial<DeskTicket> = {}): DeskTicket {
  return {
    ticket: "t-1",
    department: "support",
    language: "zh",
    topic: "Card payment declined",
    visitor: lin,
    weight: 1,
    joined_at_ms: Date.now() - 300_000,
    assigned_at_ms: Date.now() - 240_000,
    token: 1,
    ...change,
  };
}

export function offered(change: object = {}) {
  const [offer] = golden("desk").offers;
  if (offer === undefined) {
    throw new Error("the golden desk has an offer");
  }
  return { ...offer, deadline_ms: Date.now() + 15_000, joined_at_ms: Date.now() - 65_000, ...change };
}

/**
 * Stops the time of a page whose clock is installed, so that nothing lapses there
 * while a busy machine draws. The answer lets some milliseconds go by.
 */
export async function stopTime(page: Page): Promise<(ms?: number) => Promise<void>> {
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 5_000);
  return (ms = 20) => page.clock.runFor(ms);
}

/**
 * Has what a key did sent at once. On a busy machine the seconds to take it back may
 * have passed by then, and it is sent anyway.
 */
export async function doNow(page: Page): Promise<void> {
  await page.getByTestId("do-now").click({ timeout: 6_000 }).catch(() => undefined);
}

/** Presses a key until it is taken: what has just come to the front takes none. */
export async function pressUntilTaken(page: Page, key: string): Promise<void> {
  await expect(async () => {
    await page.keyboard.press(key);
    await expect(page.getByTestId("undo-strip")).not.toHaveCount(0, { timeout: 1_000 });
  }).toPass();
}

let number = new Map<string, number>();

/** The next entry of a ticket's conversation. */
export function says(ticket: string, from: Person, text: string, change: Partial<EntryFrame> = {}): EntryFrame {
  const next = (number.get(ticket) ?? 0) + 1;
  number.set(ticket, next);
  return { type: "entry", ticket, number: next, kind: "message", at_ms: Date.now(), from, message_id: `m-${next}`, text, ...change };
}

export function startNumbers(): void {
  number = new Map();
}

function waits(ticket: string, name: string, department: string, language: string, joined_at_ms: number): BoardTicket {
  return { ticket, visitor: { role: "visitor", id: `v-${ticket}`, name }, status: "waiting", department, language, joined_at_ms };
}

/** A board with two queues that are busy, and a day behind it. */
export function board(change: object = {}): BoardFrame {
  const now = Date.now();
  const quarter = 900_000;
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const buckets = [];
  for (let at = midnight, i = 0; at <= now; at += quarter, i++) {
    const joined = Math.round(6 + 5 * Math.sin(i / 4) + (i % 3));
    const abandoned = i % 5 === 0 ? 2 : i % 3 === 0 ? 1 : 0;
    const answered = Math.max(0, joined - abandoned - (i % 2));
    buckets.push({ at_ms: at, joined, answered, abandoned, in_target: Math.round(answered * 0.85), waited_s: answered * 41, handled: answered, handled_s: answered * 380, solved: Math.round(answered * 0.8), rated: 2, score: 9 });
  }
  return {
    type: "board",
    queues: [
      { queue: "support/en", department: "support", language: "en", size: 3, oldest_at_ms: now - 190_000, oldest: waits("t-31", "Sam", "support", "en", now - 190_000), wait: { known: true, low_s: 120, high_s: 290 }, agents_with_room: 0, truth: { judged: 214, inside: 176, bands: [{ from: 1, to: 1, judged: 96, inside: 80 }, { from: 2, to: 5, judged: 86, inside: 82, over: 1 }, { from: 6, to: 20, judged: 26, inside: 13, over: 9 }, { from: 101, judged: 6, inside: 1 }] } },
      { queue: "support/zh", department: "support", language: "zh", size: 8, oldest_at_ms: now - 640_000, oldest: waits("t-32", "Wei", "support", "zh", now - 640_000), wait: { known: true, low_s: 300, high_s: 540 }, agents_with_room: 0, truth: { judged: 97, inside: 75 } },
      { queue: "support/ja", department: "support", language: "ja", size: 0, wait: { known: false }, agents_with_room: 1, truth: { judged: 3, inside: 3 } },
      { queue: "trading/en", department: "trading", language: "en", size: 1, oldest_at_ms: now - 20_000, wait: { known: true, low_s: 20, high_s: 55 }, agents_with_room: 2, paused: true },
      { queue: "trading/zh", department: "trading", language: "zh", size: 0, wait: { known: true, low_s: 10, high_s: 40 }, agents_with_room: 2 },
    ],
    agents: [
      { id: "a-3", name: "Mei", status: "available", languages: ["en", "zh"], departments: ["support", "trading"], skills: ["kyc"], tier: 2, capacity: 4, load: 3,
        tickets: [
          { ticket: "t-1", visitor: lin, status: "assigned", department: "support", language: "zh", joined_at_ms: now - 500_000, assigned_at_ms: now - 240_000 },
          { ticket: "t-2", visitor: { role: "visitor", id: "v-2", name: "Ana Lucía" }, status: "assigned", department: "support", language: "en", joined_at_ms: now - 400_000, assigned_at_ms: now - 70_000 },
          { ticket: "t-3", visitor: { role: "visitor", id: "v-3", name: "Sam" }, status: "offered", department: "support", language: "en", joined_at_ms: now - 60_000 },
        ] },
      { id: "a-4", name: "Diego", status: "available", languages: ["en", "es"], departments: ["support"], tier: 1, capacity: 4, load: 0 },
      { id: "a-9", name: "Noor", status: "away", languages: ["en"], departments: ["support"], tier: 3, capacity: 2, load: 1,
        tickets: [{ ticket: "t-4", visitor: { role: "visitor", id: "v-4", name: "오지훈" }, status: "closed", department: "support", language: "ko", joined_at_ms: now - 900_000, assigned_at_ms: now - 800_000 }] },
    ],
    today: { target_s: 60, bucket_s: 900, buckets },
    as_of_ms: now,
    log: 4711,
    ...change,
  };
}
