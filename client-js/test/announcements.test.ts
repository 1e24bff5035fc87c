import { expect, test } from "vitest";
import en from "../src/widget/locales/en.ts";
import { Announcer, announcementOf } from "../src/widget/announcements.ts";
import { golden } from "./fixtures.ts";

const calm = { reason: undefined, languages: undefined, hold: undefined, widened: undefined, paused: undefined };
const waiting = (change: object = {}) => golden("ticket", { ...calm, ...change });

/** Counts what a screen reader is told, drawing the page every second as it is and at each view. */
function reader() {
  const announcer = new Announcer();
  const told: string[] = [];
  const draw = (ticket: Parameters<typeof announcementOf>[0], ms: number) => {
    const text = announcer.announce(...announcementOf(ticket, en, "en"), ms);
    if (text !== told.at(-1)) {
      told.push(text);
    }
  };
  return { draw, told };
}

test("25 moves in 15 seconds are told twice, and the place that is told is the one of then", () => {
  const { draw, told } = reader();
  for (let ms = 0; ms < 15_000; ms += 100) {
    draw(waiting({ position: 30 - Math.floor(ms / 600) }), ms);
  }
  expect(told.map((text) => /number \d+/.exec(text)?.[0])).toEqual(["number 30", "number 14"]);
});

test("25 moves in 15 seconds, every other one back and with its reason, are told twice and each reason once in ten seconds", () => {
  const { draw, told } = reader();
  const reasons = [undefined, "returned", undefined, "transfer_in"] as const;
  for (let ms = 0; ms < 15_000; ms += 100) {
    const move = Math.floor(ms / 600);
    draw(waiting({ position: 30 + (move % 2), reason: reasons[move % reasons.length] }), ms);
  }
  const saying = (words: string) => told.filter((text) => text.includes(words)).length;
  expect(saying(en.reasons.returned)).toBeLessThanOrEqual(2);
  expect(saying(en.reasons.transfer_in)).toBeLessThanOrEqual(2);
  expect(told.length).toBeLessThanOrEqual(2 + 2 + 2);
});

test("the steps that matter are told at once: offered, an agent, lost, back in line, nobody here, the end", () => {
  const { draw, told } = reader();
  const agent = { role: "agent", id: "a-3", name: "Mei" };
  const assigned = (change: object = {}) => golden("ticket.assigned", { ...calm, agent, ...change });
  const steps: [ReturnType<typeof waiting>, RegExp][] = [
    [waiting({ position: 1 }), /You are number 1 in line/],
    [waiting({ position: 1, status: "offered" }), /Somebody is about to answer/],
    [assigned(), /You are talking to \u2068Mei\u2069/],
    [assigned({ agent_lost: true }), /The connection to \u2068Mei\u2069 was lost.*put back in your place/],
    [waiting({ position: 1, reason: "agent_lost" }), /Your agent was cut off. You are back in your place./],
    [waiting({ position: 1, unattended: true }), /Nobody is here to answer right now. Your place is kept./],
    [waiting({ position: 1, paused: true }), /This line is paused/],
    [golden("ticket.closed", { ...calm, agent }), /The chat has ended. The agent has closed/],
  ];
  steps.forEach(([ticket], i) => draw(ticket, i * 100));
  expect(told).toHaveLength(steps.length);
  steps.forEach(([, says], i) => expect(told[i]).toMatch(says));
});

test("[ticket-9] while no agent is here, nothing is said but that: not who is next, and no wait", () => {
  const [, , text] = announcementOf(waiting({ position: 1, unattended: true, wait: { known: true, low_s: 60, high_s: 240 } }), en, "en");
  expect(text).not.toContain("You are next");
  expect(text).not.toContain("Wait");
  expect(text).not.toContain("min");
});
