import { expect, test } from "@playwright/test";
import type { DeskTicket, Person } from "../src/core/index.ts";
import { atDesk, desk, held, mei, offered, says, startNumbers } from "./desk-kit.ts";
import { pages } from "./pages.ts";
import { actsOf, ana, everyKey } from "./desk-hands-kit.ts";

test.beforeEach(startNumbers);

test("200 accidents in a quarter of an hour, under a hand that writes: no act on anybody else's conversation", async ({ page }) => {
  test.setTimeout(1_200_000);
  const seed = Number(process.env["SEED"] ?? 20_261_129);
  process.stdout.write(`SEED=${seed}\n`);
  const random = generator(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  let ahead = 0;
  const now = () => Date.now() + ahead;
  await page.clock.install();
  const gateway = await atDesk(page, pages, now);
  const passes = async (ms: number) => {
    ahead += ms;
    await page.clock.fastForward(ms);
  };

  // The four conversations, and what else is on the desk.
  const people: readonly Person[] = ["Lin", "Ana", "Sam", "Zoé"].map((name, i) => ({ role: "visitor", id: `v-${i}`, name }));
  let count = 0;
  const comes = (visitor: Person): DeskTicket => held({ ticket: `t-${++count}`, visitor, language: "en", joined_at_ms: now() - 60_000, assigned_at_ms: now() - 30_000 });
  let tickets = people.map(comes);
  let offers: ReturnType<typeof offered>[] = [];
  const newOffer = () => offered({ offer: `o-${++count}`, ticket: `t-o${count}`, visitor: { role: "visitor", id: `v-o${count}`, name: `Offer ${count}` }, deadline_ms: now() + 15_000 });
  const tell = (change: object = {}) => gateway.sends(desk({ tickets, offers, as_of_ms: now(), ...change }));

  const goes = (id: string) => (tickets = tickets.filter((t) => t.ticket !== id));
  const wraps = (id: string) => (tickets = tickets.map((t) => (t.ticket === id ? { ...t, wrap_up_until_ms: now() + 30_000 } : t)));
  const other = (id: string) => pick(tickets.filter((t) => t.ticket !== id)).ticket;
  const accidents: Readonly<Record<string, (own: string) => unknown>> = {
    "the visitor leaves": (own) => (gateway.sends(says(own, mei, "", { kind: "closed", at_ms: now() })), wraps(own), tell()),
    "the visitor is gone": (own) => (goes(own), tell()),
    "another visitor leaves": (own) => (wraps(other(own)), tell()),
    "another is passed on": (own) => (goes(other(own)), tell()),
    "an offer comes": () => ((offers = [...offers, newOffer()]), tell()),
    "an offer lapses": () => ((offers = offers.slice(1)), tell()),
    "one lapses and another comes": () => ((offers = [...offers.slice(1), newOffer()]), tell()),
    "a transfer comes": () => ((tickets = [...tickets, comes({ role: "visitor", id: `v-t${++count}`, name: `Transfer ${count}` })]), tell()),
    "all of them at once": (own) => (goes(own), wraps(other(own)), (offers = [newOffer()]), tell()),
    "the network drops": () => gateway.closes(4001),
    "the log is reset": (own) => (gateway.sends({ type: "reset" }), goes(own), tell()),
    "they are set away": () => tell({ status: "away", away_reason: "lapsed" }),
    "another visitor writes": (own) => gateway.sends(says(other(own), ana, "hello?", { at_ms: now() })),
  };
  const hands = ["composer", "composer", "composer", "note", "transfer", "consult", "search", "command"];
  // Tab and Escape are not among them: with these the agent takes the focus elsewhere on purpose.
  const letters = [...everyKey, ..."evadtceva\n\n"];
  let hellos = 1;

  for (let n = 0; n < 200; n++) {
    tickets = people.map((visitor) => tickets.find((t) => t.visitor.id === visitor.id && t.wrap_up_until_ms === undefined) ?? comes(visitor));
    offers = random() < 0.5 ? [newOffer(), newOffer()] : [];
    tell();
    const own = pick(tickets);
    const hand = pick(hands);
    await passes(50);
    const drafts = await page.evaluate(takeInHand, [own.ticket, hand] as const);
    if (hand !== "command") {
      await page.keyboard.insertText("half");
    }
    const from = gateway.received.length;
    const [name, accident] = pick(Object.entries(accidents));
    await accident(own.ticket);
    // Sometimes the hand is faster than the news, sometimes not.
    if (random() < 0.7) {
      await passes(50);
    }
    const written = hand === "command" ? "ee" : Array.from({ length: 10 }, () => pick(letters)).join("");
    await page.keyboard.type(written);
    const after = await page.evaluate(() => ({ drafts: Object.entries(sessionStorage), dialog: document.querySelector("dialog[open]") !== null }));
    // The hand rests, and what would have waited is done.
    await passes(4_500);
    if (after.dialog) {
      await page.keyboard.press("Escape");
    }
    hellos += name === "the network drops" ? 1 : 0;
    await expect.poll(() => gateway.hellosAt.length).toBeGreaterThanOrEqual(hellos);
    hellos = gateway.hellosAt.length;
    const told = `SEED=${seed}, accident ${n + 1}: ${name} under ${hand}, then ${JSON.stringify(written)}`;
    for (const act of actsOf(gateway, from)) {
      expect("ticket" in act ? act.ticket : act, told).toBe(own.ticket);
      expect(hand === "command" ? ["close", "finish"] : ["send", "note"], told).toContain(act.type);
    }
    const ofOthers = ([key]: [string, unknown]) => key.startsWith("nextup.draft.") && key !== `nextup.draft.${own.ticket}`;
    expect(after.drafts.filter(ofOthers).toSorted(), told).toEqual(drafts.filter(ofOthers).toSorted());
  }
  expect(gateway.received.filter((f) => f.type === "send" || f.type === "note").length).toBeGreaterThan(20); // the hand did write
  expect(ahead).toBeGreaterThanOrEqual(900_000);
});

/** Goes to a conversation, puts the focus where a hand is to be, and gives what is stored; runs in the page, since 200 clicks take long. */
async function takeInHand([ticket, hand]: readonly [string, string]): Promise<[string, unknown][]> {
  const at = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  const drawn = () => new Promise((then) => setTimeout(then, 0));
  document.querySelector<HTMLElement>(`[data-testid=tab][data-ticket="${ticket}"]`)?.click();
  await drawn();
  if (at("held")?.dataset["ticket"] !== ticket) {
    throw new Error(`the conversation ${ticket} is not shown`);
  }
  if (hand === "search") {
    at("open-search")?.click();
  } else if (hand === "note" || hand === "transfer" || hand === "consult") {
    at(hand === "note" ? "mode-note" : hand)?.click();
  }
  await drawn();
  const place = { composer: "composer", note: "composer", transfer: "team-search", consult: "team-search", search: "search-words" }[hand] ?? "entries";
  at(place)?.focus();
  if (document.activeElement !== at(place)) {
    throw new Error(`the focus is not in ${place}`);
  }
  return Object.entries(sessionStorage);
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
