import { IconButton } from "../parts/Icon.tsx";
import { usePlaces } from "../parts/still.ts";

/** Something that happens soon. */
export interface Soon {
  readonly id: string;
  readonly says: string;
  /** How long until then, in milliseconds. */
  readonly leftMS: number;
  readonly now: () => void;
  readonly undo: () => void;
}

/** What happens soon and can be taken back, the newest first; always there, so that a screen reader hears what is put in. */
export function Undo({ all, still, press }: { all: readonly Soon[]; still: boolean; press: (act: () => void) => void }) {
  const places = usePlaces(all, (soon) => soon.id, () => "", still);
  return (
    <div class="undos" role="status" aria-label="Can be undone">
      {places.map(({ item: soon, gone }, i) => (
        <div class="undo" key={soon.id} data-testid="undo-strip" data-gone={gone}>
          <p>{gone ? "No longer pending." : soon.says}</p>
          <button class="button small" type="button" data-testid="undo" disabled={gone} onClick={() => press(soon.undo)}>
            Undo {i === places.length - 1 && <kbd aria-hidden="true">U</kbd>}
          </button>
          <IconButton icon="close" label="Do it now" testid="do-now" disabled={gone} onClick={() => press(soon.now)} />
          <progress max={5_000} value={gone ? 0 : Math.max(0, soon.leftMS)} aria-hidden="true" />
        </div>
      ))}
    </div>
  );
}
