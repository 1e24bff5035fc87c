import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { preview } from "vite";

const client = new URL("..", import.meta.url).pathname;

/**
 * Builds the pages once before all tests, then the binary that carries them, and
 * serves the pages without a gateway. With NEXTUP_BUILT=1 the pages are there
 * already, and with NEXTUP_BINARY the binary. The tests find both by NEXTUP_BINARY
 * and NEXTUP_PAGES.
 */
export default async function build(): Promise<() => Promise<void>> {
  if (process.env["NEXTUP_BUILT"] !== "1") {
    execFileSync("npm", ["run", "--silent", "build"], { cwd: client, stdio: ["ignore", "ignore", "inherit"] });
  }
  const dir = mkdtempSync(join(tmpdir(), "nextup-binary-"));
  if (process.env["NEXTUP_BINARY"] === undefined) {
    process.env["NEXTUP_BINARY"] = join(dir, "nextup");
    execFileSync("go", ["build", "-o", process.env["NEXTUP_BINARY"], "./cmd/nextup"], { cwd: join(client, ".."), stdio: "inherit" });
  }
  const server = await preview({ root: client, preview: { port: 0, host: "127.0.0.1" } });
  process.env["NEXTUP_PAGES"] = server.resolvedUrls?.local[0] ?? "";
  return async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  };
}
