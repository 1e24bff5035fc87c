import { useEffect } from "preact/hooks";
import { useKeysState, type FocusKeeper } from "./focus.ts";

interface Props {
  keeper: FocusKeeper;
  /** Why the last key did nothing, or empty. */
  why: string;
  forget: () => void;
}

const shownMS = 4_000;

/** Shows over the page why a key does nothing. It is always there, so that a screen reader hears what is put in. */
export function Hint({ keeper, why, forget }: Props) {
  const keys = useKeysState(keeper);
  useEffect(() => {
    const timer = why === "" ? undefined : setTimeout(forget, shownMS);
    return () => clearTimeout(timer);
  }, [why]);
  const off = keys === "off" || keys === "held";
  return (
    <p class="hint" role="status" data-testid="hint">
      {off ? "What you were in has gone. Keys do nothing until you press Esc or Tab, or click." : why}
    </p>
  );
}
