import { render } from "preact";
import type { Controller } from "./controller.ts";
import { loadTexts, locales } from "./languages.ts";
import { OnDemand } from "./on-demand.ts";
import { addStyles, chooseColours } from "./style.ts";
import { View, type Parts } from "./View.tsx";

/** Renderer draws the state of a controller into the element's own tree. */
export class Renderer implements Parts {
  readonly forms = this.#part("forms", (_again) => import("./forms.ts"));
  readonly conversation = this.#part("conversation", (_again) => import("./conversation.ts"));
  readonly #languages = new Map(locales.map((locale) => [locale, this.#part(locale, loadTexts[locale])]));
  readonly #controller: Controller;
  readonly #root: ShadowRoot;
  #drawing = false;
  #stopped = false;

  constructor(controller: Controller, root: ShadowRoot) {
    this.#controller = controller;
    this.#root = root;
    controller.draw = () => this.#draw();
  }

  stop(): void {
    this.#stopped = true;
    render(null, this.#root);
  }

  /** Draws once for all that changes now. */
  #draw(): void {
    if (this.#drawing) {
      return;
    }
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      if (this.#stopped) {
        return;
      }
      const { state } = this.#controller;
      state.texts = this.#languages.get(state.locale)?.get()?.default ?? state.texts;
      if (state.texts !== undefined) {
        const texts = { ...state.texts, ...state.config.texts };
        const focused = this.#root.activeElement !== null;
        render(<View {...{ controller: this.#controller, parts: this, texts }} />, this.#root);
        raise(this.#root.firstElementChild as HTMLElement);
        if (focused && this.#root.activeElement === null) {
          this.#root.querySelector<HTMLElement>(".panel, .launcher")?.focus(); // what had it is gone
        }
        this.#drawn();
      } else if (state.open) {
        this.forms.get(); // beside the language, and not behind it
      }
    });
  }

  /** What depends on how it looks: the end of the conversation in sight. */
  #drawn(): void {
    const { client, reading } = this.#controller.state;
    reading.hold?.();
    reading.hold = undefined;
    const list = this.#root.querySelector(".entries");
    if (list !== null && reading.atEnd) {
      list.scrollTop = list.scrollHeight;
    }
    if (client?.connection.welcome !== undefined && this.forms.get() !== undefined) {
      // Now, behind what is needed first: a gateway of another version may not have these files when they are needed.
      this.conversation.get();
      this.#controller.prepare();
    }
    this.#controller.drawn(list !== null);
  }

  /** A part of the widget that is fetched when it is first needed. */
  #part<T extends object>(name: string, load: (again: string) => Promise<T>): OnDemand<T> {
    return new OnDemand(
      load,
      (part) => {
        if (part !== undefined && "styles" in part) {
          addStyles(String(part.styles));
        }
        this.#draw();
      },
      (error) => this.#controller.reportMissing(name, error),
    );
  }
}

/**
 * Puts the chat above the page, in the top layer where there is one, in the page's light or dark, and undoes its zoom. Where the page
 * sets --nextup-z, the chat takes its place among the page's own layers.
 */
function raise(root: HTMLElement): void {
  chooseColours(root);
  const layered = getComputedStyle(root).getPropertyValue("--nextup-z") !== "";
  if ("showPopover" in root && root.isConnected && root.matches(":popover-open") === layered) {
    root.togglePopover();
  }
  if (Math.abs((root.currentCSSZoom ?? 1) - 1) > 1e-4) {
    root.style.zoom = "";
    root.style.zoom = String(1 / root.currentCSSZoom);
  }
}
