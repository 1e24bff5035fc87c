import { beforeEach, describe, expect, test, vi } from "vitest";
import { columns, midnight, percent, sums } from "../src/desktop/board/today.ts";
import { find } from "../src/desktop/desk/find.ts";
import { pressing, waitingSince } from "../src/desktop/desk/waiting.ts";
import { commandAt, keepReplies, matchingReplies, replies, withNames } from "../src/desktop/parts/replies.ts";
import { headStart, range, span, stopwatch } from "../src/desktop/parts/times.ts";
import { roleOf } from "../src/dom/token.ts";
import type { BoardToday, Conversation, DeskTicket, EntryFrame, Role } from "../src/core/index.ts";

// What the desktop decides without a page.

const values = new Map<string, string>();

beforeEach(() => {
  values.clear();
  vi.stubGlobal("localStorage", {
    getItem: (k: string) => values.get(k) ?? null,
    setItem: (k: string, v: string) => values.set(k, v),
    removeItem: (k: string) => values.delete(k),
  });
});

function entry(number: number, role: Role, text: string, kind: EntryFrame["kind"] = "message"): EntryFrame {
  return { type: "entry", ticket: "t", number, kind, at_ms: number * 1_000, from: { role, id: role }, text };
}

describe("since when a visitor waits", () => {
  test.each<[string, EntryFrame[], number | undefined]>([
    ["nobody wrote", [], undefined],
    ["the first message without an answer counts", [entry(1, "agent", "a"), entry(2, "visitor", "b"), entry(3, "visitor", "c")], 2_000],
    ["an agent answered", [entry(1, "visitor", "a"), entry(2, "agent", "b")], undefined],
    ["a supervisor answered", [entry(1, "visitor", "a"), entry(2, "supervisor", "b")], undefined],
    ["a note and a whisper are no answers", [entry(1, "visitor", "a"), entry(2, "agent", "b", "note"), entry(3, "supervisor", "c", "whisper")], 1_000],
  ])("%s", (_name, entries, since) => expect(waitingSince(entries)).toBe(since));

  test("a minute is soon, three are late", () => {
    expect([0, 59_999, 60_000, 179_999, 180_000].map(pressing)).toEqual(["calm", "calm", "soon", "soon", "late"]);
  });
});

describe("times for people", () => {
  test.each([
    [-5, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_600_000, "1 h"],
    [5_400_000, "1 h 30 min"],
  ])("%d ms is %s", (ms, text) => expect(span(ms)).toBe(text));

  test("a stopwatch counts seconds, a head start has a sign, a wait is a range or unknown", () => {
    expect([stopwatch(-1), stopwatch(65_000), stopwatch(3_600_000)]).toEqual(["0:00", "1:05", "1 h"]);
    expect([headStart(120), headStart(-30)]).toEqual(["+2 min", "−30 s"]);
    const waits = [{ known: false }, { known: true, high_s: 40 }, { known: true, high_s: 120 }, { known: true, low_s: 130, high_s: 290 }, { known: true, low_s: 175, high_s: 180 }];
    expect(waits.map(range)).toEqual(["unknown", "under 1 min", "under 2 min", "2–5 min", "2–3 min"]);
  });
});

describe("canned replies", () => {
  test.each<[string, number, { from: number; words: string } | undefined]>([
    ["/", 1, { from: 0, words: "" }],
    ["well /hel", 9, { from: 5, words: "hel" }],
    ["1/2", 3, undefined],
    ["https://x", 9, undefined],
    ["/hello there", 12, undefined],
    ["/你好", 3, { from: 0, words: "你好" }],
    ["/hello", 3, { from: 0, words: "he" }],
  ])("%j with the caret at %d", (text, caret, command) => expect(commandAt(text, caret)).toEqual(command));

  test("those in the visitor's language come first, and a region does not matter", () => {
    expect(matchingReplies(replies(), "hello", "zh-TW")[0]?.language).toBe("zh");
    expect(matchingReplies(replies(), "", "ja").slice(0, 3).map((r) => r.language)).toEqual(["ja", "ja", "ja"]);
    expect(matchingReplies(replies(), "nothing like it", "en")).toEqual([]);
  });

  test("names are put in as they are, also those that look like patterns", () => {
    expect(withNames({ name: "x", text: "{visitor} {agent} {other} {visitor}" }, { visitor: "$& {agent}", agent: "Mei" })).toBe("$& {agent} Mei {other} $& {agent}");
  });

  test("what was kept is read again by the next page, and what was spoiled is not", async () => {
    const nextPage = () => {
      vi.resetModules();
      return import("../src/desktop/parts/replies.ts");
    };
    keepReplies([{ name: "fees", text: "Waived." }]);
    expect(replies()).toEqual([{ name: "fees", text: "Waived." }]);
    expect((await nextPage()).replies()).toEqual([{ name: "fees", text: "Waived." }]);
    localStorage.setItem("nextup.desk.replies", '[{"name":1},null,{"name":"a","text":"b"}]');
    expect((await nextPage()).replies()).toEqual([{ name: "a", text: "b" }]);
    localStorage.setItem("nextup.desk.replies", "{");
    expect((await nextPage()).replies().length).toBeGreaterThan(10);
  });
});

describe("a search", () => {
  const ticket = (id: string, name: string, topic: string): DeskTicket => ({
    ticket: id, department: "support", language: "en", topic, visitor: { role: "visitor", id, name }, weight: 1, joined_at_ms: 0,
  });
  const talk = (...texts: string[]) => ({ entries: texts.map((text, i) => entry(i + 1, "visitor", text)) }) as unknown as Conversation;

  test("finds names, topics and what was written, the newest first, three places a conversation", () => {
    const all = [
      { ticket: ticket("t1", "Ana", "Fees"), conversation: talk("fee one", "FEE two", "fee three", "fee four") },
      { ticket: ticket("t2", "Bo", "Login"), conversation: undefined },
    ];
    expect(find(all, "fee").map((f) => f.entry?.number ?? f.ticket.topic)).toEqual(["Fees", 4, 3]);
    expect(find(all, " bo ").map((f) => f.ticket.ticket)).toEqual(["t2"]);
    expect(find(all, "  ")).toEqual([]);
  });

  test("shows the words with what is around them", () => {
    const text = `${"a".repeat(60)} Needle ${"b".repeat(60)}`;
    const [place] = find([{ ticket: ticket("t", "Ana", "x"), conversation: talk(text) }], "needle");
    expect(place?.excerpt).toEqual([`…${"a".repeat(39)} `, "Needle", ` ${"b".repeat(39)}…`]);
  });
});

describe("the day of a board", () => {
  const noon = new Date(2026, 10, 22, 12).getTime();
  const today: BoardToday = {
    target_s: 60, bucket_s: 900,
    buckets: [
      { at_ms: midnight(noon) - 900_000, joined: 50, answered: 50, in_target: 50 }, // yesterday
      { at_ms: midnight(noon), joined: 5, answered: 3, in_target: 2, waited_s: 150, abandoned: 1 },
      { at_ms: midnight(noon) + 1_800_000, handled: 2, handled_s: 600, solved: 1, rated: 2, score: 9 },
    ],
  };

  test("sums since midnight of the browser's day", () => {
    expect(sums(today, midnight(noon))).toEqual({
      joined: 5, answered: 3, abandoned: 1, level: 0.5, waitMS: 50_000, handlingMS: 300_000, rated: 2, score: 4.5, solved: 0.5,
    });
    expect(sums({ ...today, buckets: [] }, 0)).toMatchObject({ joined: 0, level: undefined, waitMS: undefined, score: undefined, solved: undefined });
    expect([percent(undefined), percent(0.826)]).toEqual(["–", "83 %"]);
  });

  test("a chart has every quarter of an hour up to now, empty ones as zeros", () => {
    const [times, joined, answered, abandoned] = columns(today, midnight(noon), midnight(noon) + 1_900_000);
    expect(times.map((t) => t - (times[0] ?? 0))).toEqual([0, 900, 1_800]);
    expect([joined, answered, abandoned]).toEqual([[5, 0, 0], [3, 0, 0], [1, 0, 0]]);
  });
});

test("a role is read off a token, and nothing off what is none", () => {
  const token = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
  const all = [token({ role: "agent", name: "李" }), token({ role: "supervisor" }), token({ role: "admin" }), token({}), "a.b", "", "..", "a.%.c"];
  expect(all.map(roleOf)).toEqual(["agent", "supervisor", undefined, undefined, undefined, undefined, undefined, undefined]);
});
