import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

// Every text of the desk and of the pages can be read on everything that it may
// stand on: 4.5:1 (WCAG 2.2, 1.4.3), in both themes, whatever rule puts it there.

const least = 4.5;
const src = new URL("../src/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, src), "utf8");
const desktop = readdirSync(new URL("desktop/styles/", src)).map((name) => `desktop/styles/${name}`);

interface Theme {
  readonly tokens: string;
  readonly styles: readonly string[];
  /** What text stands on. */
  readonly grounds: readonly string[];
  /** Dots, bars, buttons and the like: nothing stands on them but the text beside. */
  readonly solids: Readonly<Record<string, string | undefined>>;
  /** Tokens of colour that draw, and write nothing. */
  readonly drawings: readonly string[];
}

const themes: Readonly<Record<string, Theme>> = {
  desk: {
    tokens: "desktop/styles/tokens.css",
    styles: desktop,
    grounds: ["ground", "card", "sunken", "line", "accent-wash", "sun-wash", "bad-wash", "note", "whisper", "mark"],
    solids: { accent: "accent-ink", ink: "card", soft: undefined, good: undefined, sun: undefined, bad: undefined, "chart-joined": undefined, "chart-answered": undefined, "chart-abandoned": undefined },
    drawings: ["strong-line"], // the stars that were not given, and the picture of an empty desk
  },
  pages: {
    tokens: "pages/theme.css",
    styles: ["pages/theme.css", "pages/index.css"],
    grounds: ["ground", "card", "sunken", "accent-wash", "sun-wash", "bad-wash"],
    solids: { accent: "accent-ink" },
    drawings: [],
  },
};

type Color = readonly [number, number, number];

/** The tokens of a theme, light and dark; dark ones stand over the light ones. */
function tokensOf(css: string): Readonly<Record<"light" | "dark", ReadonlyMap<string, string>>> {
  const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");
  const all = (text: string) => Array.from(text.matchAll(/--([\w-]+):\s*([^;]+);/g), ([, name = "", value = ""]) => [name, value.trim()] as const);
  return { light: new Map(all(light)), dark: new Map([...all(light), ...all(dark)]) };
}

function colorOf(value: string, below: Color): Color {
  const hex = /^#(..)(..)(..)$/.exec(value);
  if (hex !== null) {
    return [1, 2, 3].map((i) => Number.parseInt(hex[i] ?? "", 16)) as unknown as Color;
  }
  const [r = 0, g = 0, b = 0, percent = 100] = Array.from(value.matchAll(/[\d.]+/g), Number);
  return [r, g, b].map((c, i) => (c * percent + (below[i] ?? 0) * (100 - percent)) / 100) as unknown as Color;
}

function luminance(color: Color): number {
  const [r = 0, g = 0, b = 0] = color.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: Color, b: Color): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function used(styles: readonly string[], property: RegExp): ReadonlySet<string> {
  return new Set(styles.flatMap((path) => Array.from(read(path).matchAll(property), ([, name = ""]) => name)));
}

describe.each(Object.entries(themes))("%s", (_name, { tokens, styles, grounds, solids, drawings }) => {
  const texts = used(styles, /(?:^|[\s;{])color:\s*var\(--([\w-]+)\)/gm);
  const backgrounds = used(styles, /background(?:-color)?:\s*var\(--([\w-]+)\)/g);

  test("every colour that something stands on is known here", () => {
    const known = new Set([...grounds, ...Object.keys(solids), "hover"]);
    expect([...backgrounds].filter((b) => !known.has(b))).toEqual([]);
  });

  test.each(["light", "dark"] as const)("every text can be read on every ground, %s", (theme) => {
    const values = tokensOf(read(tokens))[theme];
    const color = (name: string, below: Color = [255, 255, 255]) => colorOf(values.get(name) ?? "missing", below);
    const inks = [...texts].filter((t) => !drawings.includes(t) && !Object.values(solids).includes(t));
    expect(inks.length).toBeGreaterThan(2);
    const pairs = inks.flatMap((ink) => grounds.map((ground) => [`${ink} on ${ground}`, color(ink), color(ground)] as const));
    const hovered = values.has("hover") ? inks.flatMap((ink) => ["ground", "card", "sunken"].map((g) => [`${ink} on ${g}, pointed at`, color(ink), color("hover", color(g))] as const)) : [];
    const filled = Object.entries(solids).flatMap(([solid, ink]) => (ink === undefined ? [] : [[`${ink} on ${solid}`, color(ink), color(solid)] as const]));
    const faint = [...pairs, ...hovered, ...filled].map(([pair, a, b]) => [pair, contrast(a, b)] as const).filter(([, ratio]) => ratio < least);
    expect(faint.map(([pair, ratio]) => `${pair}: ${ratio.toFixed(2)}`)).toEqual([]);
  });
});
