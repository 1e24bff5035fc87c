import { execFileSync } from "node:child_process";

/** Builds the pages once, before all tests and before any binary that carries them. */
export default function build(): void {
  const cwd = new URL("..", import.meta.url).pathname;
  execFileSync("npx", ["vite", "build", "--logLevel", "warn"], { cwd, stdio: "inherit" });
}
