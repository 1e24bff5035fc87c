import { afterEach, expect, test, vi } from "vitest";
import { HeldBack } from "../src/desktop/desk/held-back.ts";

afterEach(() => void vi.useRealTimers());

test.each([3_600_000, -3_600_000])("what is left for an undo is the same when this machine's clock is set %i ms ahead", (ms) => {
  vi.useFakeTimers();
  const heldBack = new HeldBack(() => undefined);
  let done = 0;
  heldBack.add("away", "You will be away.", 5_000, () => done++);
  vi.advanceTimersByTime(1_000);
  vi.setSystemTime(Date.now() + ms);
  expect(heldBack.acts.map(({ leftMS }) => leftMS)).toEqual([4_000]);
  vi.advanceTimersByTime(3_999);
  expect(done).toBe(0);
  vi.advanceTimersByTime(1);
  expect(done).toBe(1);
});
