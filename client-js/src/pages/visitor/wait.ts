import type { Wait } from "../../core/index.ts";
import type { VisitorTexts } from "../shared/texts.ts";

/**
 * A wait as words. Minutes are rounded outwards, so that the words never
 * promise less than the numbers say.
 */
export function waitInWords(wait: Wait | undefined, texts: VisitorTexts): string {
  if (wait === undefined || !wait.known) {
    return texts.waitUnknown;
  }
  const low = Math.floor((wait.low_s ?? 0) / 60);
  const high = Math.max(1, Math.ceil((wait.high_s ?? 0) / 60));
  return low === 0 ? texts.waitUnder(high) : texts.waitAbout(low, high);
}
