import { describe, expect, test } from "vitest";
import { named, nameOf as atDesk, topicOf } from "../src/desktop/parts/people.tsx";
import { pieces } from "../src/dom/links.ts";
import en from "../src/widget/locales/en.ts";
import { plain } from "../src/dom/text.ts";
import { nameOf } from "../src/widget/format.ts";

// What people write may turn around what they write, and nothing that stands outside it.

const turning: [name: string, text: string][] = [
  ["a right-to-left override that never ends", "\u202e"],
  ["a left-to-right override", "\u202d"],
  ["an embedding", "\u202b"],
  ["an isolate that never ends", "\u2067"],
  ["a first strong isolate that never ends", "\u2068"],
  ["the end of an isolate that it did not begin", "\u2069"],
  ["the end of an override", "\u202c"],
  ["an Arabic letter mark", "\u061c"],
  ["a right-to-left mark", "\u200f"],
  ["a space of no width", "\u200b"],
  ["a line of its own", "\n"],
  ["a paragraph of its own", "\u2029"],
];

describe.each(turning)("%s", (_, mark) => {
  const name = `Lin${mark}moc.knab`;
  const person = { role: "visitor", id: "v", name } as const;
  const bare = /^[^\p{Cf}\p{Cc}\u2028\u2029]*$/u;

  test("in a name or a topic goes", () => {
    expect([plain(name), atDesk(person), topicOf({ topic: name, department: "support" })]).toEqual(Array(3).fill(expect.stringMatching(bare)));
    expect([nameOf(person, en), named(person)]).toEqual(Array(2).fill(expect.stringMatching(/^\u2068[^\p{Cf}\p{Cc}\u2028\u2029]*\u2069$/u)));
  });

  test("before, in or after a link leaves the link as it is", () => {
    const links = (text: string) => pieces(text).flatMap(({ text: shown, href }) => (href === undefined ? [] : [[shown, href]]));
    const good = ["https://good.example/a", "https://good.example/a"];
    expect(links(`${mark}https://good.example/a`)).toEqual([good]);
    expect(links(`https://good.example/a${mark} and more`)).toEqual([good]);
    expect(links(`https://good.example/a${mark}https://good.example/a`)).toEqual([good, good]);
  });
});

test.each([
  ["a host that a browser reads otherwise", "https://good.example%2eevil.example/"],
  ["a host that is a number", "https://0x7f.1/"],
  ["a backslash", "https://good.example\\@evil.example/"],
  ["a user's name", "https://good.example@evil.example/"],
  ["slashes", "https:////evil.example/"],
  ["a host that goes on in other letters", "https://good.example.\u0430\u0440\u0440le.com/"],
  ["a host that goes on behind a hyphen", "https://good-\u0430pple.com/"],
])("no link: %s", (_, text) => {
  expect(pieces(text).filter((p) => p.href !== undefined)).toEqual([]);
});

test.each([
  ["https://Good.Example/Path", "https://good.example/Path"],
  ["https://good.example:443/", "https://good.example/"],
  ["http://good.example:8080/?a=1#b", "http://good.example:8080/?a=1#b"],
  ["https://xn--pple-43d.com/", "https://xn--pple-43d.com/"],
])("a link, with the host as it is: %s", (text, href) => {
  expect(pieces(text)).toEqual([{ text, href }]);
});

test("a link is a link in the middle of Chinese", () => {
  expect(pieces("请看https://good.example/谢谢").map((p) => p.text)).toEqual(["请看", "https://good.example/", "谢谢"]);
});
