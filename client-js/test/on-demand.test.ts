import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { OnDemand } from "../src/widget/on-demand.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A part whose address fails as often as it is told, and what was asked of it. */
function part(failures: number) {
  const asked: string[] = [];
  const complaints: unknown[] = [];
  const drawn = vi.fn();
  const load = async (again: string) => {
    asked.push(again);
    if (asked.length <= failures) {
      throw new Error("away");
    }
    return { name: "part" };
  };
  return { asked, complaints, drawn, part: new OnDemand(load, drawn, (error) => complaints.push(error)) };
}

test("a part is fetched when it is first asked for, and once", async () => {
  const { asked, drawn, part: p } = part(0);
  expect(asked).toEqual([]);
  expect(p.get()).toBeUndefined();
  p.get();
  await vi.advanceTimersByTimeAsync(0);
  expect(drawn).toHaveBeenCalledTimes(1);
  expect(p.get()).toEqual({ name: "part" });
  expect(asked).toEqual([""]);
});

test("a part that does not come is fetched again, later each time and at another address", async () => {
  const { asked, complaints, part: p } = part(8);
  const at: number[] = [];
  const begun = Date.now();
  for (let s = 0; s <= 300; s++) {
    p.get();
    if (asked.length > at.length) {
      at.push(Math.round((Date.now() - begun) / 1_000));
    }
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(at).toEqual([0, 2, 6, 14, 30, 62, 122, 182, 242]);
  expect(new Set(asked).size).toBe(asked.length);
  expect(complaints).toHaveLength(1);
  expect(p.get()).toEqual({ name: "part" });
});

test("while nobody asks for it, a part that failed is not fetched", async () => {
  const { asked, drawn, part: p } = part(1);
  p.get();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toHaveLength(1);
  expect(drawn).toHaveBeenCalledTimes(1); // so that it is asked for again where it is still needed
  expect(p.failed).toBe(true);
});
