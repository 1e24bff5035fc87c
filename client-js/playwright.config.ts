import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "browser",
  // The pictures of the README are taken from a real run, the pages are measured and axe looks in every engine, when that is asked for.
  testIgnore: [
    ...(process.env["NEXTUP_MATRIX"] === "all" ? [] : ["axe-engines.spec.ts"]),
    ...(process.env["NEXTUP_SCREENSHOTS"] === "1" ? [] : ["screenshots.spec.ts"]),
    ...(process.env["NEXTUP_BENCH"] === "1" ? [] : ["*bench.spec.ts"]),
  ],
  globalSetup: "./browser/build.ts",
  outputDir: "test-results",
  // These only end what hangs: a busy machine may take its time.
  timeout: 300_000,
  expect: { timeout: 90_000 },
  fullyParallel: true,
  // One more than the usual two cores: a page waits for most of its time.
  workers: 3,
  reporter: "list",
  use: {
    browserName: "chromium",
    locale: "en-GB",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env["NEXTUP_CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--no-first-run",
      ],
    },
  },
});
