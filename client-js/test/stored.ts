import type { StorageLike } from "../src/core/index.ts";

/** A storage that can be looked into. */
export class Stored implements StorageLike {
  readonly values = new Map<string, string>();
  getItem = (key: string) => this.values.get(key) ?? null;
  setItem = (key: string, value: string) => void this.values.set(key, value);
  removeItem = (key: string) => void this.values.delete(key);
}
