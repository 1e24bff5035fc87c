import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { build } from "vite";

const limit = 6_000;

test(`the core with everything that it exports stays within ${limit} bytes, minified and gzipped`, async () => {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      target: "es2022",
      rolldownOptions: {
        input: new URL("../src/core/index.ts", import.meta.url).pathname,
        preserveEntrySignatures: "strict",
      },
    },
  });
  if (Array.isArray(built) || !("output" in built)) {
    throw new Error("the core is one build");
  }
  const chunks = built.output.filter((o) => o.type === "chunk");
  expect(chunks.flatMap((c) => c.exports)).toContain("VisitorClient");
  const bytes = gzipSync(chunks.map((c) => c.code).join("")).length;
  expect(bytes).toBeGreaterThan(1_000); // it is the core and not nothing
  expect(bytes).toBeLessThanOrEqual(limit);
});
