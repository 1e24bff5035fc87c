import { identityOf, type Department } from "../core/index.ts";
import { parsed } from "../dom/addresses.ts";
import type { Texts } from "./texts.ts";

/** A token, or a function that gives one for every connect and before each expiry. */
export type TokenSource = string | (() => string | Promise<string>);

/** Longer, and the connection begins anew. */
const tokenTimeoutMS = 10_000;

/** What a host page sets, by attributes and properties of the element. */
export interface Config {
  /** The gateway's addresses, or why there are none. */
  gateway: Gateway | string;
  /** Where tokens come from, and with tokenURL the host's server that gives them. */
  source: TokenSource | undefined;
  tokenURL: string | undefined;
  department: string | undefined;
  language: string | undefined;
  topic: string | undefined;
  urgency: string | undefined;
  languageRequired: boolean;
  /** BCP 47 tags in order of preference. */
  locales: readonly string[];
  /** Whose chat it is. */
  brand: string | undefined;
  open: boolean;
  setOpen: (open: boolean) => void;
  /** The visitor has signed out in another tab. */
  signedOut: () => void;
  /** The page's own words, instead of the widget's. */
  texts: Partial<Texts>;
}

export interface Gateway {
  /** ws: or wss: */
  socket: string;
  /** http: or https: */
  queues: string;
}

/** The addresses of a gateway, from what the page wrote; relative to the page. */
export function gatewayAt(written: string | undefined, site: string | undefined): Gateway | string {
  if (written === undefined) {
    return 'set gateway="https://…"';
  }
  const base = parsed(written, location.href);
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    return `gateway="${written}" is no http or https address`;
  }
  if (!base.pathname.endsWith("/")) {
    base.pathname += "/";
  }
  const socket = new URL(site === undefined ? "v1/connect" : `v1/connect/${encodeURIComponent(site)}`, base);
  socket.protocol = base.protocol === "https:" ? "wss:" : "ws:";
  return { socket: socket.href, queues: new URL("v1/queues", base).href };
}

/**
 * Returns what a change of the page means for the person: nothing, another
 * person, that the next token must be asked, or that only now there can be one.
 */
export function changeOf(a: Config, b: Config): "none" | "ask" | "another" | "first" {
  const moved = JSON.stringify([a.gateway, a.tokenURL]) !== JSON.stringify([b.gateway, b.tokenURL]);
  if (!moved && a.source === b.source) {
    return "none";
  }
  if (a.source === undefined && a.tokenURL === undefined) {
    return "first";
  }
  const fresh = !moved && typeof a.source === typeof b.source && (typeof b.source === "function" || who(a) === who(b));
  return fresh ? "ask" : "another";
}

function who({ source }: Config): string {
  return identityOf(String(source)) || String(source);
}

/** Reports whether the page asks for a queue that the site does not have. */
export function missing({ department, language }: Config, departments: readonly Department[]): boolean {
  return (
    departments.length > 0 &&
    !departments.some((d) => d.id === (department ?? d.id) && d.languages.includes(language ?? d.languages[0] ?? ""))
  );
}

/** Asks the source that the page names for a token; anything else that comes is a failure that may pass. */
export async function tokenOf({ source, tokenURL }: Config): Promise<string> {
  if (typeof source === "function") {
    return checked(await source(), "the function that gives the token");
  }
  if (source !== undefined) {
    return source;
  }
  if (tokenURL === undefined) {
    throw new Error("there is no token: set token-url, or the property token to a function that gives one");
  }
  return fetchToken(new URL(tokenURL, location.href).href);
}

/** Asks the host's own server for a token: JSON {"token": "…"} or the token as text. */
async function fetchToken(address: string): Promise<string> {
  const answer = await fetch(address, {
    credentials: "include",
    cache: "no-store",
    signal: AbortSignal.timeout(tokenTimeoutMS),
  }).catch((error: unknown) => {
    throw new Error(`${address} gave no answer that this page may read: ${String(error)}`);
  });
  if (!answer.ok) {
    throw new Error(`${address} answered ${answer.status} instead of a token`);
  }
  const body = (await answer.text()).trim();
  let token: unknown = body;
  if (body.startsWith("{")) {
    try {
      ({ token } = JSON.parse(body) as { token?: unknown });
    } catch {
      // its message would repeat what may hold a token
    }
  }
  const from = answer.redirected ? `${address} (which led to ${new URL(answer.url).pathname})` : address;
  return checked(token, from, body === "" ? "nothing" : (answer.headers.get("content-type") ?? "a text"));
}

function checked(token: unknown, from: string, instead: string = typeof token): string {
  if (typeof token !== "string" || identityOf(token) === "") {
    throw new TypeError(`${from} gave no token but ${instead}: is the visitor signed in there?`);
  }
  return token;
}
