import { expect, test } from "vitest";
import { CODES, NextupError, type ClientFrame, type ServerFrame } from "../src/core/index.ts";
import { passesBy, refused } from "../src/core/errors.ts";
import { badInputs, fixtures, golden } from "./fixtures.ts";

// A list of all types that the compiler proves to be whole.
const clientTypes: Record<ClientFrame["type"], true> = {
  hello: true,
  join: true,
  leave: true,
  accept: true,
  decline: true,
  status: true,
  open: true,
  send: true,
  typing: true,
  read: true,
  close: true,
  cancel_close: true,
  renew: true,
  heartbeat: true,
  rate: true,
  finish: true,
  transfer: true,
  consult: true,
  note: true,
  whisper: true,
  head_start: true,
  pause: true,
};
const serverTypes: Record<ServerFrame["type"], true> = {
  typing: true,
  heartbeat: true,
  welcome: true,
  ok: true,
  error: true,
  ticket: true,
  desk: true,
  entry: true,
  reset: true,
  availability: true,
  board: true,
};

test.each([
  ["client", clientTypes],
  ["server", serverTypes],
] as const)("every frame type of the %s has a golden fixture and the other way round", (direction, types) => {
  const inFixtures = new Set([...fixtures(direction).values()].map((f) => (f as { type: string }).type));
  expect([...inFixtures].toSorted()).toEqual(Object.keys(types).toSorted());
});

test("every code of the bad inputs is a code of the generated types", () => {
  for (const { name, code } of badInputs()) {
    expect(CODES, name).toContain(code);
  }
});

test("[error-3] only busy, unavailable and rate_limited pass by", () => {
  const passing = CODES.filter((code) => passesBy(golden("error", { code })));
  expect(passing.toSorted()).toEqual(["busy", "rate_limited", "unavailable"]);
});

test("[error-2] a code that the client does not know counts as internal", () => {
  const error = refused(golden("error", { code: "too_sunny" }));
  expect(error).toBeInstanceOf(NextupError);
  expect(error.code).toBe("internal");
  expect(error.message).toBe(golden("error").message);
});
