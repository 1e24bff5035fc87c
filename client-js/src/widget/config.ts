import type { Texts } from "./texts.ts";

/** What a host page says, by attributes and properties of the element. */
export interface Config {
  /** The gateway's addresses, or why there are none. */
  gateway: Gateway | string;
  /** Gives a token for every connect and before each expiry. */
  token: () => string | Promise<string>;
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
  const base = URL.canParse(written, location.href) ? new URL(written, location.href) : undefined;
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

/** Asks the host's own server for a token: JSON {"token": "…"} or the token as text. */
export async function fetchToken(address: string): Promise<string> {
  const answer = await fetch(address, { credentials: "include", cache: "no-store" });
  if (!answer.ok) {
    throw new Error(`${address} answered ${answer.status} instead of a token`);
  }
  const body = (await answer.text()).trim();
  if (!body.startsWith("{")) {
    return body;
  }
  const { token } = JSON.parse(body) as { token?: unknown };
  if (typeof token !== "string") {
    throw new TypeError(`${address} answered without a "token"`);
  }
  return token;
}
