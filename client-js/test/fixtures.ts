import { readFileSync, readdirSync } from "node:fs";
import type { ServerFrame } from "../src/core/index.ts";

const testdata = new URL("../../gateway/protocol/testdata/", import.meta.url);

/** The golden frames of one direction, by the name of their file. */
export function fixtures(direction: "client" | "server"): Map<string, unknown> {
  const names = readdirSync(new URL("frames/", testdata)).filter((n) => n.startsWith(`${direction}.`));
  return new Map(
    names.map((n) => [n.replace(/\.json$/, ""), JSON.parse(readFileSync(new URL(`frames/${n}`, testdata), "utf8"))]),
  );
}

/** A golden frame of the server, with fields changed; undefined takes a field away. */
export function golden<T extends ServerFrame["type"]>(
  name: T | `${T}.${string}`,
  change: object = {},
): Extract<ServerFrame, { type: T }> {
  const frame = fixtures("server").get(`server.${name}`);
  if (frame === undefined) {
    throw new Error(`no fixture server.${name}`);
  }
  return JSON.parse(JSON.stringify({ ...frame, ...change })) as Extract<ServerFrame, { type: T }>;
}

export interface BadInput {
  name: string;
  code: string;
}

export function badInputs(): BadInput[] {
  return JSON.parse(readFileSync(new URL("refusals.json", testdata), "utf8")) as BadInput[];
}
