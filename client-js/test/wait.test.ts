import { expect, test } from "vitest";
import { en, zh } from "../src/pages/shared/texts.ts";
import { waitInWords } from "../src/pages/visitor/wait.ts";

const known = (low_s: number, high_s: number) => ({ known: true, low_s, high_s });

test.each([
  ["nothing is known", undefined, "we can’t say yet", "暂时无法估计"],
  ["it says unknown", { known: false }, "we can’t say yet", "暂时无法估计"],
  ["at once", { known: true }, "under 1 min", "不到 1 分钟"],
  ["some seconds", known(10, 59), "under 1 min", "不到 1 分钟"],
  ["exactly one minute", known(30, 60), "under 1 min", "不到 1 分钟"],
  ["up to three minutes", known(59, 121), "under 3 min", "不到 3 分钟"],
  ["rounded outwards", known(179, 241), "about 2–5 min", "约 2–5 分钟"],
  ["the same minute", known(120, 120), "about 2 min", "约 2 分钟"],
] as const)("a wait in words when %s", (_, wait, english, chinese) => {
  expect([waitInWords(wait, en), waitInWords(wait, zh)]).toEqual([english, chinese]);
});

test("people ahead in words", () => {
  expect([0, 1, 2].map(en.ahead)).toEqual(["You are next", "1 person ahead of you", "2 people ahead of you"]);
});
