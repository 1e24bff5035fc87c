import { afterEach, expect, test, vi } from "vitest";
import { matchLocale } from "../src/widget/languages.ts";
import { browserLanguages, isTag } from "../src/dom/languages.ts";
import { range } from "../src/desktop/parts/times.ts";
import { formatDay, formatWait, initialOf, languageName } from "../src/widget/format.ts";
import en from "../src/widget/locales/en.ts";

afterEach(() => vi.unstubAllGlobals());

test.each(["C", "POSIX", "en_US.UTF-8", "", "xx-", "a", "🏴", "-"])("a language of %j, which is no tag, names no locale and throws nothing", (tag) => {
  expect(isTag(tag)).toBe(false);
  expect(languageName(tag).toLowerCase()).toBe(tag.toLowerCase());
  expect(["en", "ja"]).toContain(matchLocale([tag, "ja"]));
});

test.each(["en", "en-GB", "zh-Hant-TW", "de-CH-1996", "es-419"])("%s is one", (tag) => {
  expect(isTag(tag)).toBe(true);
  expect(formatDay(0, 86_400_000 * 400, tag)).not.toBe("");
});

test("a browser without a list of languages has none", () => {
  vi.stubGlobal("navigator", {});
  expect(browserLanguages()).toEqual([]);
});

test("the first character of a name needs no Segmenter", () => {
  expect(["mei", "👩‍💻x", ""].map(initialOf)).toEqual(["M", "👩‍💻", ""]);
  vi.stubGlobal("Intl", {});
  expect(["mei", "👩x", ""].map(initialOf)).toEqual(["M", "👩", ""]);
});

test.each([
  [{ known: false }, "we can’t say yet", "unknown"],
  [{ known: true }, "under 1 min", "under 1 min"],
  [{ known: true, high_s: 120 }, "under 2 min", "under 2 min"],
  [{ known: true, low_s: 60, high_s: 120 }, "about 1–2 min", "1–2 min"],
  [{ known: true, low_s: 60, high_s: 60 }, "about 1 min", "1 min"],
  [{ known: true, low_s: 2_700, high_s: 3_600 }, "about 45–60 min", "45–60 min"],
  [{ known: true, low_s: 2_700, high_s: 7_200 }, "over 45 min", "over 45 min"],
  [{ known: true, low_s: 3_600, high_s: 7_200 }, "over 60 min", "over 60 min"],
])("[ticket-4] a wait of %j promises no less than it says, on the visitor's page and on the desk", (wait, visitor, desk) => {
  expect(formatWait(wait, en)).toBe(visitor);
  expect(range(wait)).toBe(desk);
});
