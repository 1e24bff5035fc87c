import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

// The rooms of the client and their arrows, read from the imports, those of types and those on demand too.

const src = new URL("../src/", import.meta.url).pathname;
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));

/** The files that each file imports. */
const imports = new Map(
  files.map((file) => {
    const code = readFileSync(join(src, file), "utf8");
    const found = [...code.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*"(\.[^"]+\.tsx?)"/g)];
    return [file, found.map(([, path = ""]) => normalize(join(dirname(file), path)))] as const;
  }),
);

/** A way through the imports from a file back to itself, or undefined. */
function circle(from: string): string[] | undefined {
  const seen = new Set<string>();
  const ways = (imports.get(from) ?? []).map((to) => [from, to]);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const last = way.at(-1) ?? "";
    if (last === from) {
      return way;
    }
    if (!seen.has(last)) {
      seen.add(last);
      ways.push(...(imports.get(last) ?? []).map((to) => [...way, to]));
    }
  }
  return undefined;
}

test("every import leads to a file, so that all of them were read", () => {
  expect(files.length).toBeGreaterThan(100);
  expect([...imports.values()].flat().filter((file) => !imports.has(file))).toEqual([]);
  expect(imports.get("widget/languages.ts")).toContain("widget/locales/en.ts"); // on demand
  expect(imports.get("widget/View.tsx")).toContain("widget/forms.ts"); // of types
});

test("a page takes the widget and the desktop by their index alone", () => {
  const entries = ["widget/index.ts", "desktop/index.ts"];
  const inside = files.filter((file) => file.startsWith("pages/"));
  expect(inside.length).toBeGreaterThan(4);
  const all = inside.flatMap((file) => (imports.get(file) ?? []).map((to) => ({ file, to })));
  expect(all.filter(({ to }) => !/^(core|dom|pages)\//.test(to) && !entries.includes(to))).toEqual([]);
  expect(all.filter(({ to }) => entries.includes(to)).length).toBeGreaterThan(1);
});

test("no file imports itself, by whatever way", () => {
  expect(files.map(circle).filter((way) => way !== undefined)).toEqual([]);
});

test.each([
  ["core", ["core"]],
  ["dom", ["core", "dom"]],
  ["widget", ["core", "dom", "widget"]],
  ["desktop", ["core", "dom", "desktop"]],
])("%s imports %j alone", (room, allowed) => {
  const inside = files.filter((file) => file.startsWith(`${room}/`));
  expect(inside.length).toBeGreaterThan(4);
  const wrong = inside.flatMap((file) => (imports.get(file) ?? []).filter((to) => !allowed.includes(to.split("/")[0] ?? "")).map((to) => `${file} → ${to}`));
  expect(wrong).toEqual([]);
});
