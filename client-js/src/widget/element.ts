import { gatewayAt, type Config, type TokenSource } from "./config.ts";
import { pageStorage } from "../dom/storage.ts";
import { styleSheet } from "./style.ts";
import type { Texts } from "./texts.ts";
import { Controller } from "./controller.ts";
import { Renderer } from "./renderer.tsx";
import { browserLanguages } from "../dom/languages.ts";

// Where there is no DOM, as when a page is prepared on a server, the class can
// be imported all the same.
const Base = globalThis.HTMLElement ?? (Object as unknown as typeof HTMLElement);

const watched = [
  "gateway", "site", "token", "token-url", "department", "language", "topic", "urgency", "language-required",
  "locale", "brand", "open",
] as const;

/**
 * NextupChat is <nextup-chat>: a launcher in a corner of the page, and the chat
 * that it opens. Attributes say where the gateway is and what is chosen already;
 * the visitor's token comes from the property token, or from token-url.
 */
export class NextupChat extends Base {
  static readonly observedAttributes: readonly string[] = watched;
  /** The gateway of elements that name none. */
  static readonly home: string | undefined = undefined;
  #token: TokenSource | undefined;
  #texts: Partial<Texts> = {};
  #controller: Controller | undefined;
  #renderer: Renderer | undefined;

  get token(): TokenSource | undefined {
    return this.#token;
  }

  set token(source: TokenSource | undefined) {
    this.#token = source;
    this.#changed();
  }

  /** Texts of one's own instead of the widget's, for example title and lead. */
  get texts(): Partial<Texts> {
    return this.#texts;
  }

  set texts(texts: Partial<Texts>) {
    this.#texts = texts;
    this.#changed();
  }

  get open(): boolean {
    return this.hasAttribute("open");
  }

  set open(open: boolean) {
    this.toggleAttribute("open", open);
  }

  /**
   * Ends all that belongs to the current visitor, at once, and begins for another;
   * source gives the tokens, and without it token-url does as before.
   */
  identify(source?: TokenSource): void {
    this.#controller?.forget();
    this.removeAttribute("token");
    this.token = source;
  }

  /** Signs the visitor out, in all tabs: the chat closes and nothing of them is left in this browser. */
  logout(): void {
    this.#controller?.forget(true);
    this.#signOut();
    pageStorage().forget(); // also of an element that is on no page now
  }

  connectedCallback(): void {
    for (const name of ["token", "texts", "open"] as const) {
      this.#takeOver(name);
    }
    if (this.#controller === undefined) {
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [styleSheet()];
      const storage = pageStorage();
      this.open ||= storage.tab.getItem("nextup.open") !== null; // as it was before a reload
      const dispatch = (kind: string, detail: unknown) => this.dispatchEvent(new CustomEvent(kind, { detail }));
      this.#controller = new Controller(this.#read(), storage, dispatch);
      this.#renderer = new Renderer(this.#controller, root);
    }
    this.#changed();
  }

  disconnectedCallback(): void {
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.#controller?.stop(); // not merely moved
        this.#renderer?.stop();
        this.#controller = undefined;
      }
    });
  }

  attributeChangedCallback(): void {
    this.#changed();
  }

  /** A property that the page has set before the element was defined. */
  #takeOver<K extends "token" | "texts" | "open">(name: K): void {
    if (Object.hasOwn(this, name)) {
      const value = this[name];
      delete (this as Partial<NextupChat>)[name];
      (this as NextupChat)[name] = value;
    }
  }

  #changed(): void {
    this.#controller?.configure(this.#read());
  }

  #read(): Config {
    const source = this.#token ?? this.getAttribute("token") ?? undefined;
    const text = (name: (typeof watched)[number]) => this.getAttribute(name)?.trim() || undefined;
    const home = (this.constructor as typeof NextupChat).home;
    return {
      gateway: gatewayAt(text("gateway") ?? home, text("site")),
      source,
      tokenURL: source === undefined ? text("token-url") : undefined,
      department: text("department"),
      language: text("language"),
      topic: text("topic"),
      urgency: text("urgency"),
      languageRequired: this.hasAttribute("language-required"),
      locales: [text("locale") ?? [], browserLanguages()].flat(),
      brand: text("brand"),
      open: this.open,
      setOpen: this.#setOpen,
      signedOut: this.#signOut,
      texts: this.#texts,
    };
  }

  readonly #signOut = (): void => {
    this.open = false;
    this.identify();
    this.#controller?.forget(true);
  };

  readonly #setOpen = (open: boolean): void => {
    this.open = open;
  };
}

/**
 * Makes the element known to the page; doing it again changes nothing. gateway
 * is for elements without that attribute.
 */
export function define(name = "nextup-chat", gateway?: string): void {
  if (customElements.get(name) === undefined) {
    customElements.define(
      name,
      class extends NextupChat {
        static override readonly home = gateway;
      },
    );
  }
}
