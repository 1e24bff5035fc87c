import { useState } from "preact/hooks";
import { Dialog } from "./Dialog.tsx";
import { setSingleKeys, singleKeys, written, type Shortcut } from "./keys.ts";

interface Props {
  shortcuts: readonly Shortcut[];
  close: () => void;
}

/** Every key and what it does. */
export function Shortcuts({ shortcuts, close }: Props) {
  const [single, setSingle] = useState(singleKeys());
  const groups = [...new Set(shortcuts.map((s) => s.group))];
  return (
    <Dialog title="Keyboard shortcuts" close={close} testid="shortcuts" wide>
      <div class="shortcut-groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {shortcuts
                .filter((s) => s.group === group)
                .map((s) => (
                  <div key={s.does}>
                    <dt>
                      {written(s).map((name) => (
                        <kbd key={name}>{name}</kbd>
                      ))}
                    </dt>
                    <dd>{s.does}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <label class="check">
        <input
          type="checkbox"
          data-testid="single-keys"
          checked={single}
          onChange={(event) => {
            setSingleKeys(event.currentTarget.checked);
            setSingle(event.currentTarget.checked);
          }}
        />
        Keys without Ctrl or Alt work as well, where nobody is writing
      </label>
    </Dialog>
  );
}
