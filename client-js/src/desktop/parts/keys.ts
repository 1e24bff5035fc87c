import { useEffect, useRef } from "preact/hooks";
import { isOfInputMethod } from "../../dom/ime.ts";
import { dialogOpen, type FocusKeeper } from "./focus.ts";
import { isOn, setOn } from "./settings.ts";

/** A key and what it does. It works where keys are commands; with mod (Ctrl or ⌘) or alt, everywhere. */
export interface Shortcut {
  /** As KeyboardEvent.key in lower case, or one of the digits as "1-9". */
  key: string;
  mod?: boolean;
  alt?: boolean;
  does: string;
  group: string;
  /** Why it can do nothing now; empty where that needs no words. */
  off?: string | undefined;
  run: (event: KeyboardEvent) => void;
}

const setting = "nextup.desk.single-keys";

/** Reports whether single keys act; people that dictate to their computer may want them off. */
export function singleKeys(): boolean {
  return isOn(setting);
}

export function setSingleKeys(on: boolean): void {
  setOn(setting, on);
}

/** Runs the first shortcut that fits a key, or shows why it can do nothing, unless a dialog is open. */
export function useKeys(shortcuts: readonly Shortcut[], keeper: FocusKeeper, say: (why: string) => void): void {
  const latest = useRef({ shortcuts, say });
  latest.current = { shortcuts, say };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.repeat || isOfInputMethod(event) || event.defaultPrevented || dialogOpen()) {
        return;
      }
      const fitting = latest.current.shortcuts.filter((s) => fits(s, event, keeper));
      const found = fitting.find((s) => s.off === undefined) ?? fitting.find((s) => s.off !== "");
      if (found !== undefined) {
        event.preventDefault();
        latest.current.say(found.off ?? "");
        if (found.off === undefined) {
          keeper.release();
          found.run(event);
        }
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [keeper]);
}

function fits({ key, mod = false, alt = false }: Shortcut, event: KeyboardEvent, keeper: FocusKeeper): boolean {
  if (mod !== (event.ctrlKey || event.metaKey) || alt !== event.altKey) {
    return false;
  }
  if (!mod && !alt && (keeper.keys !== "on" || !singleKeys())) {
    return false;
  }
  const pressed = event.key.toLowerCase();
  return key === "1-9" ? /^[1-9]$/.test(pressed) : pressed === key;
}

/** How a shortcut is written on a keyboard. */
export function written({ key, mod = false, alt = false }: Shortcut): string[] {
  const named: Record<string, string> = { arrowdown: "↓", arrowup: "↑", enter: "Enter", escape: "Esc", "1-9": "1 … 9" };
  return [...(mod ? ["Ctrl"] : []), ...(alt ? ["Alt"] : []), named[key] ?? key.toUpperCase()];
}
