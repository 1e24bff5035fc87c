import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PageStorage } from "../src/dom/storage.ts";
import { Tabs } from "../src/widget/tabs.ts";

// Tabs of one browser: a storage of their own each, one for all, and a channel between them.

let channels: Channel[] = [];
class Channel {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  constructor() {
    channels.push(this);
  }
  postMessage(data: unknown): void {
    channels.filter((c) => c !== this).forEach((c) => c.onmessage?.({ data: structuredClone(data) }));
  }
  close(): void {
    channels = channels.filter((c) => c !== this);
  }
}

function storage() {
  return Object.create({
    getItem(this: Record<string, string>, key: string) {
      return this[key] ?? null;
    },
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  }) as Record<string, string>;
}

beforeEach(() => {
  channels = [];
  vi.stubGlobal("BroadcastChannel", Channel);
  vi.stubGlobal("localStorage", storage());
});
afterEach(() => vi.unstubAllGlobals());

function tab(own = storage()) {
  vi.stubGlobal("sessionStorage", own);
  const heard: string[] = [];
  const keep = new PageStorage();
  const tabs = new Tabs(keep, { another: () => heard.push("another"), none: () => heard.push("none") });
  return { tabs, heard, keep, own };
}

test("who begins in one tab is told to the others, once, and those of the same person hear nothing", () => {
  const [first, second] = [tab(), tab()];
  first.tabs.speakFor("lin");
  second.tabs.speakFor("lin");
  first.heard.length = 0;
  second.tabs.speakFor("lin");
  expect([first.heard, second.heard]).toEqual([[], ["another"]]); // the second did not know yet who it was
  second.tabs.speakFor("bo");
  expect(first.heard).toEqual(["another"]);
});

test("who signs out is gone in the tabs of the same person, and those of another keep theirs", () => {
  const [lin, also, bo, beginning] = [tab(), tab(), tab(), tab()];
  lin.tabs.speakFor("lin");
  also.tabs.speakFor("lin");
  bo.tabs.speakFor("bo");
  for (const { heard } of [lin, also, bo, beginning]) {
    heard.length = 0;
  }
  lin.tabs.leave(true);
  expect([also.heard, bo.heard, beginning.heard]).toEqual([["none"], [], ["another"]]);
});

test("a tab that was never opened signs out whoever this browser was for", () => {
  const [lin, closed] = [tab(), tab()];
  lin.tabs.speakFor("lin");
  closed.tabs.leave(true);
  expect(lin.heard).toEqual(["none"]);
});

test("what was kept of another person is taken away, of the same one it stays, and nothing names a person", () => {
  const own = storage();
  const before = tab(own);
  before.tabs.speakFor("visitor lin");
  before.keep.tab.setItem("nextup.draft.t-1", "half a sentence");
  const again = tab(own);
  expect(again.tabs.speakFor("visitor lin")).toBe(false);
  expect(again.keep.tab.getItem("nextup.draft.t-1")).toBe("half a sentence");
  const after = tab(own);
  expect(after.tabs.speakFor("visitor bo")).toBe(true);
  expect(after.keep.tab.getItem("nextup.draft.t-1")).toBeNull();
  expect(JSON.stringify([own, localStorage])).not.toMatch(/lin|bo/);
});

test("without channels each tab is for itself", () => {
  vi.stubGlobal("BroadcastChannel", undefined);
  const { tabs, heard } = tab();
  tabs.speakFor("lin");
  tabs.leave(true);
  tabs.close();
  expect(heard).toEqual([]);
});
