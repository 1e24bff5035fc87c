import { afterEach, describe, expect, test, vi } from "vitest";
import { PageStorage } from "../src/dom/storage.ts";

// What a person has typed is never lost because a storage is full, forbidden, or cleared by somebody else.

class FakeStorage {
  [key: string]: unknown;
  get(key: string): string | null {
    return Object.hasOwn(this, key) ? String(this[key]) : null;
  }
}
for (const [name, act] of Object.entries({
  getItem(this: FakeStorage, key: string) {
    return this.get(key);
  },
  setItem(this: FakeStorage, key: string, value: string) {
    this[key] = value;
  },
  removeItem(this: FakeStorage, key: string) {
    delete this[key];
  },
})) {
  Object.defineProperty(FakeStorage.prototype, name, { value: act, writable: true });
}

/** A page whose storages behave so; the returned one is the tab's. */
function page(change: (storage: FakeStorage) => void = () => undefined) {
  const tab = new FakeStorage();
  const browser = new FakeStorage();
  change(tab);
  change(browser);
  vi.stubGlobal("sessionStorage", tab);
  vi.stubGlobal("localStorage", browser);
  let hear: (event: object) => void = () => undefined;
  vi.stubGlobal("addEventListener", (_: string, listener: typeof hear) => (hear = listener));
  const keep = new PageStorage();
  return { keep, tab, browser, hear: (event: object) => hear(event) };
}

afterEach(() => vi.unstubAllGlobals());

const throws = (what: string) => () => {
  throw new DOMException(what, what);
};
const hide = (storage: FakeStorage, name: string, value: unknown) => Object.defineProperty(storage, name, { value });

describe("68 characters that were typed are in the box", () => {
  const typed = "x".repeat(68);
  const storages: [string, (storage: FakeStorage) => void, boolean][] = [
    ["with a storage", () => undefined, false],
    ["with a full one", (s) => hide(s, "setItem", throws("QuotaExceededError")), true],
    ["with one that may not be read", (s) => hide(s, "getItem", throws("SecurityError")), false],
    ["with one that may not be changed", (s) => hide(s, "removeItem", throws("SecurityError")), true],
  ];
  test.each(storages)("%s", (_, change, blocked) => {
    const { keep } = page(change);
    for (const storage of [keep.tab, keep.browser]) {
      storage.setItem("nextup.draft.t-1", typed);
      expect(storage.getItem("nextup.draft.t-1")).toBe(typed);
      storage.removeItem("nextup.draft.t-1");
      expect(storage.getItem("nextup.draft.t-1")).toBeNull();
    }
    expect(keep.blocked).toBe(blocked);
  });

  test.each([
    ["where touching a storage throws", { get: throws("SecurityError") }],
    ["where there is none", { value: null }],
    ["where it is not even known", { value: undefined }],
  ])("%s", (_, property) => {
    for (const name of ["sessionStorage", "localStorage"]) {
      vi.stubGlobal(name, undefined);
      Object.defineProperty(globalThis, name, { ...property, configurable: true });
    }
    const keep = new PageStorage();
    keep.tab.setItem("nextup.draft.t-1", typed);
    keep.tab.forget();
    keep.tab.setItem("nextup.draft.t-2", typed);
    expect([keep.tab.getItem("nextup.draft.t-1"), keep.tab.getItem("nextup.draft.t-2"), keep.blocked]).toEqual([null, typed, true]);
  });

  test("when the storage fills up later, and is cleared under us", () => {
    const { keep, tab } = page();
    keep.tab.setItem("nextup.draft.t-1", "x");
    hide(tab, "setItem", throws("QuotaExceededError"));
    keep.tab.setItem("nextup.draft.t-1", typed);
    expect(keep.tab.getItem("nextup.draft.t-1")).toBe(typed);
    delete tab["nextup.draft.t-1"];
    expect(keep.tab.getItem("nextup.draft.t-1")).toBe(typed);
  });

  test("when it was read before a host's script cleared the storage", () => {
    const { keep, tab } = page((s) => (s["nextup.draft.t-1"] = typed));
    expect(keep.tab.getItem("nextup.draft.t-1")).toBe(typed);
    delete tab["nextup.draft.t-1"];
    expect(keep.tab.getItem("nextup.draft.t-1")).toBe(typed);
  });
});

test("a full storage can still be read: a draft of before the reload is there", () => {
  const { keep } = page((s) => {
    s["nextup.draft.t-1"] = "of before";
    hide(s, "setItem", throws("QuotaExceededError"));
  });
  expect(keep.tab.getItem("nextup.draft.t-1")).toBe("of before");
});

test("what another tab sets holds here too, and what it clears does not take away what is typed", () => {
  const { keep, browser, hear } = page();
  keep.browser.setItem("nextup.sound", "off");
  hear({ key: "nextup.sound", newValue: null, storageArea: browser });
  expect(keep.browser.getItem("nextup.sound")).toBeNull();
  keep.browser.setItem("nextup.live", "");
  hear({ key: null, newValue: null, storageArea: browser });
  expect(keep.browser.getItem("nextup.live")).toBe("");
});

test("forget takes away all that is of a person, and nothing of the desk's or the page's", () => {
  const { keep, tab } = page((s) => {
    Object.assign(s, { "nextup.draft.t-1": "x", "nextup.outbox.t-0": "[]", "nextup.desk.replies": "[]", cart: "3" });
  });
  keep.tab.setItem("nextup.locale", "ja");
  keep.tab.setItem("nextup.open", "");
  keep.tab.forget();
  expect(Object.keys(tab).toSorted()).toEqual(["cart", "nextup.desk.replies", "nextup.open"]);
  expect(keep.tab.getItem("nextup.draft.t-1")).toBeNull();
});
