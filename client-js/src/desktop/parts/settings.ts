import { pageStorage } from "../../dom/storage.ts";

export { pageStorage };

/** A switch that holds for all tabs; on until it is put off. */
export function isOn(setting: string): boolean {
  return pageStorage().browser.getItem(setting) !== "off";
}

export function setOn(setting: string, on: boolean): void {
  pageStorage().browser.setItem(setting, on ? "on" : "off");
}
