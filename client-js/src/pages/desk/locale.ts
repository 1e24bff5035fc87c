import { isTag } from "../../dom/languages.ts";

// The library of the board's chart writes numbers in the browser's language as soon as it is loaded. A language that is
// none would end the whole page there, so it is taken for English before.
if (!isTag(navigator.language)) {
  Object.defineProperty(navigator, "language", { value: "en" });
}
