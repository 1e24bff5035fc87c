import { kept } from "../../dom/storage.ts";

export { kept };

/** A switch that holds for all tabs; on until it is put off. */
export function isOn(setting: string): boolean {
  return kept().browser.getItem(setting) !== "off";
}

export function putOn(setting: string, on: boolean): void {
  kept().browser.setItem(setting, on ? "on" : "off");
}
