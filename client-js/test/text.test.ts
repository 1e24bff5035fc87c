import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isBlank } from "../src/core/index.ts";
import { encode } from "../src/core/text.ts";
import { plain } from "../src/dom/text.ts";

// The gateway's tests read the same list.
const shared = new URL("../../gateway/protocol/testdata/invisible.json", import.meta.url);

test("the invisible characters are those of the shared list", () => {
  const ranges = (JSON.parse(readFileSync(shared, "utf8")) as [string, string][]).map((r) => r.map((hex) => Number.parseInt(hex, 16)));
  const listed = new Set(ranges.flatMap(([lo = 0, hi = 0]) => Array.from({ length: hi - lo + 1 }, (_, i) => lo + i)));
  const wrong: string[] = [];
  for (let c = 0; c <= 0x10ffff; c++) {
    if (isBlank(String.fromCodePoint(c)) !== listed.has(c)) {
      wrong.push(c.toString(16));
    }
  }
  expect(wrong).toEqual([]);
});

test.each([
  ["\ud83d", "\ufffd"],
  ["a\udc00\ud83db", "a\ufffd\ufffdb"],
  ["\u{1f600}", "\u{1f600}"],
  ["\ud83d\u{1f600}\ude00", "\ufffd\u{1f600}\ufffd"],
  ["", ""],
])("%j is %j in UTF-8", (text, written) => {
  expect(JSON.parse(encode({ type: "send", id: "1", ticket: "t", message_id: "m", text }))).toMatchObject({ text: written });
  expect(Buffer.from(written).toString()).toBe(written);
});

test("a name of which nothing can be seen is none", () => {
  expect(["\u3164", " \u200b", "\u2800", "Mei\u200b"].map(plain)).toEqual(["", "", "", "Mei"]);
});
