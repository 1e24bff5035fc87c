import { describe, expect, test } from "vitest";
import type { EntryFrame } from "../src/core/index.ts";
import { waitingSince } from "../src/desktop/desk/waiting.ts";
import { moved, listWindow } from "../src/dom/list-window.ts";
import { golden } from "./fixtures.ts";

const template = golden("entry");
const isShown = ({ kind }: EntryFrame) => kind !== "read";

/** Entries numbered from a number on, every third of them a read mark, and how often they are looked at. */
function conversation(count: number, first = 1) {
  const entries = Array.from({ length: count }, (_, i): EntryFrame => ({ ...template, number: first + i, kind: (first + i) % 3 === 0 ? "read" : "message" }));
  let looks = 0;
  const counted = new Proxy(entries, {
    get(of, name, receiver) {
      if (typeof name === "string" && /^\d+$/.test(name)) {
        looks++;
      }
      return Reflect.get(of, name, receiver) as unknown;
    },
  });
  return { entries: counted, looks: () => looks };
}

const numbers = ({ shown }: { shown: readonly EntryFrame[] }) => [shown[0]?.number, shown.at(-1)?.number, shown.length];

describe("what of a conversation is drawn", () => {
  test.each([
    ["nothing", conversation(0), undefined, [undefined, undefined, 0], false, false],
    ["all of a short one", conversation(20), undefined, [1, 20, 14], false, false],
    ["the newest", conversation(1_000), undefined, [911, 1_000, 60], true, false],
    ["from a number on", conversation(1_000), 500, [500, 799, 200], true, true],
    ["from the first on", conversation(1_000), 1, [1, 299, 200], false, true],
    ["up to the newest, from near it", conversation(1_000), 950, [950, 1_000, 34], true, false],
    ["from what is kept, where the number is gone", conversation(1_000, 5_000), 12, [5_000, 5_299, 200], false, true],
    ["the newest, where the log was replaced by a shorter one", conversation(20), 500, [1, 20, 14], false, false],
  ] as const)("%s", (_, { entries }, from, want, earlier, later) => {
    const part = listWindow(entries, isShown, from);
    expect([numbers(part), part.earlier, part.later]).toEqual([want, earlier, later]);
  });

  test("moving on and back meets every entry", () => {
    const { entries } = conversation(1_000);
    let from = 1_000;
    const seen = new Set<number>();
    for (let i = 0; i < 100; i++) {
      from = moved(entries, isShown, from, false);
      listWindow(entries, isShown, from).shown.forEach((e) => seen.add(e.number));
    }
    expect([from, seen.size]).toEqual([1, entries.filter(isShown).length]);
    for (let i = 0; i < 100; i++) {
      from = moved(entries, isShown, from, true);
    }
    expect(listWindow(entries, isShown, from).later).toBe(false);
  });

  test.each([undefined, 150])("the steps it takes do not grow with the conversation, from %s", (from) => {
    const steps = [300, 9_999].map((count) => {
      const { entries, looks } = conversation(count);
      listWindow(entries, isShown, from === undefined ? from : count - from);
      return looks();
    });
    expect(steps[1]).toBe(steps[0]);
    expect(steps[1]).toBeLessThan(400);
  });
});

test("since when a visitor waits is found by looking at each entry once", () => {
  const { entries, looks } = conversation(10_000);
  for (let i = 0; i < 50; i++) {
    waitingSince(entries);
  }
  expect(looks()).toBeLessThan(10_500);
});
