import { afterEach, expect, test, vi } from "vitest";
import { matchLocale } from "../src/widget/languages.ts";
import { browserLanguages, isTag } from "../src/dom/languages.ts";
import { formatDay, initialOf, languageName } from "../src/widget/format.ts";

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
