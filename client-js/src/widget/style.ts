import base from "./styles/base.css?inline";
import chat from "./styles/chat.css?inline";
import panel from "./styles/panel.css?inline";

let shared: CSSStyleSheet | undefined;
let text = base + panel + chat;

/** The one style sheet of all widgets of the page. Being constructed, it needs no leave from a content policy. */
export function styleSheet(): CSSStyleSheet {
  if (shared === undefined) {
    shared = new CSSStyleSheet();
    shared.replaceSync(readable(text));
  }
  return shared;
}

/** Adds the styles of a part that came later. */
export function addStyles(more: string): void {
  if (!text.includes(more)) {
    text += more;
    shared?.replaceSync(readable(text));
  }
}

const hasColour = (example: string) => CSS.supports("color", example);
const hasPairs = () => hasColour("light-dark(red,red)");

/** Writes what some of the supported browsers cannot read: of a mix they show its first colour, and of a pair the one that chooseColours says. */
function readable(css: string): string {
  const unmixed = hasColour("color-mix(in srgb,red,red)") ? css : css.replace(/color-mix\([^,]+,\s*(var\([^)]+\))[^,]*,([^()]|\([^)]*\))+\)/g, "$1");
  return hasPairs() ? unmixed : unmixed.replace(/light-dark\(([^,]+),((?:[^()]|\([^)]*\))+)\)/g, "var(--day,$1)var(--night,$2)");
}

/** Says which of each pair of colours counts, where the browser does not know: the one that goes with the page's own ground. */
export function chooseColours(root: HTMLElement): void {
  if (!hasPairs()) {
    root.style.outlineColor = "Canvas"; // follows color-scheme; there is no outline
    const dark = parseInt(getComputedStyle(root).outlineColor.slice(4)) < 128;
    root.style.setProperty("--day", dark ? " " : "initial");
    root.style.setProperty("--night", dark ? "initial" : " ");
  }
}
