/** The widget of Nextup: define() makes <nextup-chat> known to the page. Nothing happens on import. */
export { define, NextupChat, type TokenSource } from "./element.ts";
export type { ChatEvents } from "./widget.tsx";
export { locales, type Locale, type Texts } from "./texts.ts";
