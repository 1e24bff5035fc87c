import { parsed } from "./addresses.ts";

export type Piece = { readonly text: string; readonly href?: string };

// Only plain ASCII is a link: what looks like an address and is another, or
// turns the writing around, ends it.
const address = /https?:\/\/[!-;=?-~]+/gi;
const trailing = /[.,;:!?'")\]}]+$/;

/** A text with the web addresses in it told apart. Joined, the pieces are the text. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    const written = match[0].replace(trailing, "");
    const goesOn = /[.-]$/.test(match[0]) && /^[\p{L}\p{N}]/u.test(text.slice(match.index + match[0].length));
    const href = goesOn ? undefined : safe(written);
    if (href !== undefined) {
      found.push({ text: text.slice(end, match.index) }, { text: written, href });
      end = match.index + written.length;
    }
  }
  return [...found, { text: text.slice(end) }].filter((piece) => piece.text !== "");
}

/** The address that a link leads to, or undefined where it is none or hides where it leads. */
function safe(written: string): string | undefined {
  const url = parsed(written);
  if (url === undefined) {
    return undefined;
  }
  // The host that is written is the host: nothing before it, nothing in it that a browser reads otherwise.
  const [host] = written.slice(url.protocol.length + 2).toLowerCase().split(/[/?#]/);
  const honest = url.hostname.includes(".") && (host === url.host || host === `${url.hostname}:${url.protocol === "https:" ? 443 : 80}`);
  return honest ? url.href : undefined;
}
