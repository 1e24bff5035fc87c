/** The part of a KeyboardEvent that tells a key of an input method from one of one's own. */
interface KeyOfInputMethod {
  readonly isComposing: boolean;
  readonly keyCode: number;
}

/** The keyCode of every key that an input method took. */
const processKey = 229;

/**
 * Reports whether a keydown belongs to an input method, as the Enter that takes
 * a Chinese, Japanese or Korean word does: it must not send, choose or close
 * anything. Safari ends the composition first and reports that Enter with
 * isComposing false, so keyCode has to be asked as well.
 */
export function isOfInputMethod({ isComposing, keyCode }: KeyOfInputMethod): boolean {
  return isComposing || keyCode === processKey;
}
