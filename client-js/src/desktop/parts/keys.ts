import { useEffect, useRef } from "preact/hooks";
import { isOfInputMethod } from "../../core/ime.ts";
import { isOn, putOn } from "./kept.ts";

/** A key and what it does. It works where nobody writes; with mod (Ctrl or ⌘) or alt, everywhere. */
export interface Shortcut {
  /** As KeyboardEvent.key in lower case, or one of the digits as "1-9". */
  key: string;
  mod?: boolean;
  alt?: boolean;
  does: string;
  group: string;
  /** Where it does nothing now. */
  off?: boolean;
  run: (event: KeyboardEvent) => void;
}

const setting = "nextup.desk.single-keys";

/** People who speak to their computer may want single keys off. */
export function singleKeys(): boolean {
  return isOn(setting);
}

export function setSingleKeys(on: boolean): void {
  putOn(setting, on);
}

/** Runs the first shortcut that fits a key, unless a dialog is open. */
export function useKeys(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.repeat || isOfInputMethod(event) || event.defaultPrevented || document.querySelector("dialog[open]") !== null) {
        return;
      }
      const found = latest.current.find((s) => s.off !== true && fits(s, event));
      if (found !== undefined) {
        event.preventDefault();
        found.run(event);
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

function fits({ key, mod = false, alt = false }: Shortcut, event: KeyboardEvent): boolean {
  if (mod !== (event.ctrlKey || event.metaKey) || alt !== event.altKey) {
    return false;
  }
  if (!mod && !alt && (isWriting(event.target) || !singleKeys())) {
    return false;
  }
  const pressed = event.key.toLowerCase();
  return key === "1-9" ? /^[1-9]$/.test(pressed) : pressed === key;
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("textarea, select, input:not([type=radio], [type=checkbox])") !== null;
}

/** How a shortcut is written on a keyboard. */
export function written({ key, mod = false, alt = false }: Shortcut): string[] {
  const named: Record<string, string> = { arrowdown: "↓", arrowup: "↑", enter: "Enter", escape: "Esc", "1-9": "1 … 9" };
  return [...(mod ? ["Ctrl"] : []), ...(alt ? ["Alt"] : []), named[key] ?? key.toUpperCase()];
}
