import { gzipSync } from "node:zlib";
import { beforeAll, expect, test, vi } from "vitest";
import { build, type Rollup } from "vite";

// Sizes are minified and gzipped (level 9), in bytes, of what a browser loads.

beforeAll(() => void vi.stubEnv("NODE_ENV", "production"));

const root = new URL("..", import.meta.url).pathname;
const gzip = (code: string) => gzipSync(code, { level: 9 }).length;

function chunksOf(built: Awaited<ReturnType<typeof build>>): Rollup.OutputChunk[] {
  const [first] = [built].flat();
  if (first === undefined || !("output" in first)) {
    throw new Error("there is one build");
  }
  return first.output.filter((o) => o.type === "chunk");
}

/** What a page loads that has this line in it. */
async function bundle(source: string): Promise<string> {
  const entry = `${root}src/core/measured.ts`;
  const built = await build({
    root,
    configFile: false,
    logLevel: "silent",
    plugins: [
      {
        name: "measured",
        resolveId: (id) => (id === "measured" ? entry : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
    ],
    build: {
      write: false,
      target: "es2022",
      rolldownOptions: {
        input: "measured",
        preserveEntrySignatures: "strict",
        treeshake: { moduleSideEffects: true },
      },
    },
  });
  return chunksOf(built)
    .map((c) => c.code)
    .join("");
}

// The visitor's core is what a page pays for. An agent's client adds about 400 bytes to it, which only desks load.
test.each([
  ["for a visitor, as the widget has it", "{ VisitorClient, NextupError, never }", 6_000],
  ["for visitors and agents", "{ VisitorClient, AgentClient, NextupError, never }", 6_350],
  ["with everything that it exports", "*", 6_700],
])("the core %s stays within its bytes", async (_, names, limit) => {
  const bytes = gzip(await bundle(`export ${names} from "./index.ts"`));
  expect(bytes).toBeGreaterThan(4_000); // it is the core and not nothing
  expect(bytes).toBeLessThanOrEqual(limit);
});

test("importing the core alone does nothing: there is nothing left of it", async () => {
  expect((await bundle('import "./index.ts"')).trim()).toBe("");
});

test("the widget with the core, its loader and one locale stays within 25,000 bytes, whichever locale, and what comes on demand within 8,000", { timeout: 120_000 }, async () => {
  const chunks = chunksOf(await build({ root, configFile: `${root}vite.widget.config.ts`, logLevel: "silent", build: { write: false } }));
  const sizes = new Map(chunks.map((c) => [c.fileName.replace(/(-[\w-]{8})?\.js$/, ""), gzip(c.code)]));
  const take = (names: readonly string[]) =>
    names.map((name) => {
      const size = sizes.get(name);
      expect(size, name).toBeGreaterThan(100);
      sizes.delete(name);
      return size ?? 0;
    });
  const locales = take(["en", "es", "ja", "ko", "zh-CN", "zh-TW"].map((locale) => `widget/${locale}`));
  const [module = 0] = take(["widget/widget"]);
  const [loader = 0] = take(["widget"]);
  expect(module).toBeGreaterThan(15_000);
  expect(loader + module + Math.max(...locales)).toBeLessThanOrEqual(25_000);
  const [stream = 0] = take(["widget/stream"]); // where the network lets no socket through
  expect(stream).toBeLessThanOrEqual(3_000);
  const onDemand = [...sizes.values()];
  expect(onDemand.length).toBeGreaterThan(1);
  expect(onDemand.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(8_000);
});
