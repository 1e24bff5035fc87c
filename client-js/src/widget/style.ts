import base from "./styles/base.css?inline";
import chat from "./styles/chat.css?inline";
import form from "./styles/form.css?inline";
import line from "./styles/line.css?inline";
import panel from "./styles/panel.css?inline";

let shared: CSSStyleSheet | undefined;

/** The one style sheet of all widgets of the page. Being constructed, it needs no leave from a content policy. */
export function styleSheet(): CSSStyleSheet {
  if (shared === undefined) {
    shared = new CSSStyleSheet();
    shared.replaceSync(base + panel + form + line + chat);
  }
  return shared;
}
