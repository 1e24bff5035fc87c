/** The agent desktop and the supervisor board of Nextup, for a page of one's own. */
import { h, render } from "preact";
import { App } from "./App.tsx";
import type { DeskOptions } from "./options.ts";
/** The sheet is no part of the types. @internal */
import "./styles/index.css";

export type { DeskOptions };

/** Shows the desk in an element until the returned function is called. */
export function mountDesk(element: Element, options: DeskOptions): () => void {
  render(h(App, options), element);
  return () => render(null, element);
}
