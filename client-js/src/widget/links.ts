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
    const href = safe(written);
    if (href !== undefined) {
      found.push({ text: text.slice(end, match.index) }, { text: written, href });
      end = match.index + written.length;
    }
  }
  return [...found, { text: text.slice(end) }].filter((piece) => piece.text !== "");
}

/** The address that a link leads to, or undefined where it is none or hides where it leads. */
function safe(written: string): string | undefined {
  if (!URL.canParse(written)) {
    return undefined;
  }
  const url = new URL(written);
  const honest = url.username === "" && url.password === "" && url.hostname.includes(".");
  return honest ? url.href : undefined;
}
