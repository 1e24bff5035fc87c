import base from "./styles/base.css?inline";
import chat from "./styles/chat.css?inline";
import panel from "./styles/panel.css?inline";

let shared: CSSStyleSheet | undefined;
let text = base + panel + chat;

/** The one style sheet of all widgets of the page. Being constructed, it needs no leave from a content policy. */
export function styleSheet(): CSSStyleSheet {
  if (shared === undefined) {
    shared = new CSSStyleSheet();
    shared.replaceSync(text);
  }
  return shared;
}

/** Adds the styles of a part that came later. */
export function addStyles(more: string): void {
  if (!text.includes(more)) {
    text += more;
    shared?.replaceSync(text);
  }
}
