import { execFileSync } from "node:child_process";

/** Builds the pages once, before all tests and before any binary that carries them. */
export default function build(): void {
  const cwd = new URL("..", import.meta.url).pathname;
  execFileSync("npm", ["run", "--silent", "build"], { cwd, stdio: ["ignore", "ignore", "inherit"] });
}
