import { createContext, type RefObject } from "preact";
import { isOfInputMethod } from "../../dom/ime.ts";
import { useContext, useEffect, useLayoutEffect, useMemo, useReducer } from "preact/hooks";

/**
 * What a key without Ctrl or Alt does now: it acts (on), it is text (writing), a
 * dialog has it (dialog), it does nothing until the focus is put somewhere on
 * purpose (off), or it is swallowed until the keys rest (held).
 */
export type Keys = "on" | "writing" | "dialog" | "off" | "held";

/** How long no key may be pressed before held keys count again. */
const restMS = 1_000;

const modifiers: ReadonlySet<string> = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"]);

/**
 * FocusKeeper knows where the focus of a desk is, and why. When the element with
 * the focus disappears the browser gives the focus to the page, and the rest of
 * a sentence would be commands about another visitor. The keeper gives it to the
 * nearest region that is still there instead, where no key is a command, and
 * swallows the keys of a hand that was writing until they rest. A click, Tab or
 * Escape takes the focus from there.
 */
export class FocusKeeper {
  readonly #root: RefObject<HTMLElement | null>;
  readonly #changed = new Set<() => void>();
  /** What has the focus, and the regions around it from the nearest to the root. */
  #focused: HTMLElement | undefined;
  #regions: readonly HTMLElement[] = [];
  /** The keeper put the focus where it is. */
  #parked = false;
  #pointing = false;
  #hold: ReturnType<typeof setTimeout> | undefined;
  #keys: Keys = "on";

  constructor(root: RefObject<HTMLElement | null>) {
    this.#root = root;
  }

  get keys(): Keys {
    return this.#keys;
  }

  onChange(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** Puts the focus on the desk itself, where keys are commands. */
  home(): void {
    this.release();
    this.#parked = false;
    this.#root.current?.focus({ preventScroll: true });
    this.#tell();
  }

  /** Puts the focus on a region, or the desk itself, where no key is a command until it is put there on purpose. */
  park(region = this.#root.current): void {
    region?.focus({ preventScroll: true });
    this.#focus(region); // a page in the background gets no event until it is in front again
    this.#parked = true;
    this.#tell();
  }

  /** Swallows keys until none was pressed for a moment. */
  hold(): void {
    clearTimeout(this.#hold);
    this.#hold = setTimeout(() => {
      this.release();
      this.#tell();
    }, restMS);
    this.#tell();
  }

  /** Ends the hold: something was done on purpose. */
  release(): void {
    clearTimeout(this.#hold);
    this.#hold = undefined;
  }

  /** Keeps the focus until the returned function is called. */
  start(): () => void {
    const root = this.#root.current;
    if (root === null) {
      return () => undefined;
    }
    const vanish = new MutationObserver(() => this.#check());
    vanish.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["disabled", "hidden", "inert", "open"] });
    const focus = ({ target }: FocusEvent) => this.#take(target);
    const point = () => {
      this.release();
      this.#parked = false;
      this.#pointing = true;
      this.#tell();
    };
    const pointed = () => {
      this.#pointing = false;
      if (document.activeElement === document.body) {
        this.#focused = undefined; // a click on nothing leaves the focus with the page, on purpose
      }
      this.#check();
    };
    const swallow = (event: KeyboardEvent) => this.#swallow(event);
    const escape = (event: KeyboardEvent) => this.#escape(event);
    document.addEventListener("focusin", focus);
    document.addEventListener("pointerdown", point, true);
    document.addEventListener("pointerup", pointed, true);
    document.addEventListener("pointercancel", pointed, true);
    window.addEventListener("keydown", swallow, true);
    window.addEventListener("keydown", escape);
    this.home();
    return () => {
      vanish.disconnect();
      this.release();
      document.removeEventListener("focusin", focus);
      document.removeEventListener("pointerdown", point, true);
      document.removeEventListener("pointerup", pointed, true);
      document.removeEventListener("pointercancel", pointed, true);
      window.removeEventListener("keydown", swallow, true);
      window.removeEventListener("keydown", escape);
    };
  }

  #take(target: EventTarget | null): void {
    const before = this.#focused;
    this.#focus(target);
    // A window that comes to the front gives the focus once more to what had it: that is no choice of the agent.
    this.#parked &&= this.#focused === before;
    this.#tell();
  }

  #focus(target: EventTarget | null): void {
    const root = this.#root.current;
    this.#focused = target instanceof HTMLElement && root?.contains(target) === true ? target : undefined;
    this.#regions = this.#focused === undefined ? [] : regionsOf(this.#focused, root);
  }

  /** Looks whether the focus was lost, and then gives it a place. */
  #check(): void {
    const before = this.#focused;
    const { activeElement } = document;
    const elsewhere = activeElement !== null && activeElement !== document.body && activeElement !== before;
    const there = activeElement === before && before?.isConnected === true && !before.matches(":disabled");
    if (before !== undefined && !this.#pointing && !elsewhere && !there) {
      if (isGone(before)) {
        this.#lost(before);
      } else {
        before.focus({ preventScroll: true }); // it was moved, and a browser takes the focus from what moves
      }
    }
    this.#tell();
  }

  #lost(before: HTMLElement): void {
    if (isText(before)) {
      this.hold();
    }
    this.park(this.#regions.find((region) => !isGone(region)));
  }

  #swallow(event: KeyboardEvent): void {
    if (modifiers.has(event.key)) {
      return;
    }
    this.#check(); // whatever way the element went
    if (this.#hold === undefined) {
      return;
    }
    if (event.key === "Tab") {
      this.release();
      this.#tell();
    } else if (!isChord(event)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.hold();
    }
  }

  /** Escape leads from a box, and from where no key is a command, to the desk. */
  #escape(event: KeyboardEvent): void {
    const away = this.#parked || isText(event.target);
    if (event.key === "Escape" && !event.defaultPrevented && !isOfInputMethod(event) && away && !dialogOpen()) {
      event.preventDefault();
      this.home();
    }
  }

  #tell(): void {
    const keys = this.#now();
    if (keys !== this.#keys) {
      this.#keys = keys;
      this.#root.current?.setAttribute("data-keys", keys);
      this.#changed.forEach((listener) => listener());
    }
  }

  #now(): Keys {
    const { activeElement } = document;
    if (this.#hold !== undefined) {
      return "held";
    }
    if (dialogOpen()) {
      return "dialog";
    }
    if (isText(activeElement)) {
      return "writing";
    }
    const here = activeElement === null || activeElement === document.body || this.#root.current?.contains(activeElement) === true;
    return this.#parked || !here ? "off" : "on";
  }
}

/** The regions around an element that can have the focus, from the nearest to the root. */
function regionsOf(element: Element, root: HTMLElement | null): readonly HTMLElement[] {
  const regions: HTMLElement[] = [];
  for (let up = element.parentElement; up !== null && root?.contains(up) === true; up = up.parentElement) {
    if (up.tabIndex === -1 && up.hasAttribute("tabindex")) {
      regions.push(up);
    }
  }
  return regions;
}

function isGone(element: Element): boolean {
  return !element.isConnected || element.matches(":disabled") || element.closest("[hidden], [inert]") !== null || element.getClientRects().length === 0;
}

export function isText(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("textarea, select, input:not([type=radio], [type=checkbox]), [contenteditable]") !== null;
}

export function dialogOpen(): boolean {
  return document.querySelector("dialog[open]") !== null;
}

/** Reports whether a key is no writing: one with Ctrl, or an arrow with Alt. Ctrl and Alt together are AltGr, which writes. */
function isChord({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return altKey ? !ctrlKey && key.startsWith("Arrow") : ctrlKey || metaKey;
}

const Context = createContext<FocusKeeper | undefined>(undefined);

/** Gives the keeper to what is drawn inside. */
export const FocusKeeping = Context.Provider;

export function useKeeper(): FocusKeeper | undefined {
  return useContext(Context);
}

/** The keeper of a desk or a board. */
export function useFocusKeeper(root: RefObject<HTMLElement | null>): FocusKeeper {
  const keeper = useMemo(() => new FocusKeeper(root), []);
  useLayoutEffect(() => keeper.start(), [keeper]);
  return keeper;
}

/** What a single key does now. */
export function useKeysState(keeper: FocusKeeper): Keys {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => keeper.onChange(() => redraw(undefined)), [keeper]);
  return keeper.keys;
}
