import { useState } from "preact/hooks";
import type { Connection } from "../../core/index.ts";
import { IconButton } from "./Icon.tsx";
import { chime, setSound, soundOn } from "./sound.ts";

interface Props {
  connection: Connection;
  signOut: (() => void) | undefined;
  showShortcuts: () => void;
  /** There is something to hear. */
  sound: boolean;
}

/** The person that is signed in, and the controls of the whole desk. */
export function Head({ connection, signOut, showShortcuts, sound }: Props) {
  const [on, setOn] = useState(soundOn());
  const { welcome } = connection;
  return (
    <header class="head">
      <h1 class="brand">
        <img src={new URL("../../pages/icon.svg", import.meta.url).href} alt="" width="28" height="28" />
        <span>
          <bdi>{welcome?.name ?? welcome?.subject ?? "Nextup"}</bdi>
          {welcome !== undefined && (
            <small class="soft">
              {welcome.role} · {welcome.site}
            </small>
          )}
        </span>
      </h1>
      <div class="head-do">
        {sound && (
          <IconButton
            icon={on ? "sound" : "mute"}
            label="Sound of offers"
            testid="sound"
            pressed={on}
            onClick={() => {
              setSound(!on);
              setOn(!on);
              chime();
            }}
          />
        )}
        <IconButton icon="keyboard" label="Keyboard shortcuts" testid="open-shortcuts" shortcut="?" onClick={showShortcuts} />
        {signOut !== undefined && <IconButton icon="leave" label="Sign out" testid="sign-out" onClick={signOut} />}
      </div>
    </header>
  );
}
