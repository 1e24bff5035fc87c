import { Keep, put } from "../../widget/keep.ts";

let keep: Keep | undefined;

/** What this browser and this tab remember of the desk, or the page alone where they may not. */
export function kept(): Keep {
  keep ??= new Keep();
  return keep;
}

/** A switch that holds for all tabs; on until it is put off. */
export function isOn(setting: string): boolean {
  return kept().browser.getItem(setting) !== "off";
}

export function putOn(setting: string, on: boolean): void {
  put(kept().browser, setting, on ? "on" : "off");
}
