/** The widget of Nextup: define() makes <nextup-chat> known to the page. Nothing happens on import. */
export type { TokenSource } from "./config.ts";
export { define, NextupChat } from "./element.ts";
export type { ChatEvents } from "./client-events.ts";
export { locales, type Locale } from "./languages.ts";
export type { Texts } from "./texts.ts";
