import { choice } from "./Choice.tsx";
import { localeNames, locales } from "./languages.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";

/** What the visitor chooses for themselves: the language of the texts, and how they are called. */
export function menu(w: Controller, texts: Texts) {
  return (
    <section class="menu" aria-label={texts.menu}>
      {choice(
        "locale",
        texts.language,
        locales.map((id) => ({ id, label: localeNames[id], lang: id })),
        w.state.locale,
        (tag) => w.choose(tag),
      )}
      <label class="switch">
        <span>{texts.sound}</span>
        <input
          type="checkbox"
          role="switch"
          checked={w.state.sound}
          onChange={() => {
            w.set(w.state, { sound: !w.state.sound });
            w.state.storage.browser.put("nextup.sound", w.state.sound ? undefined : "off");
            w.notice?.unlock();
            w.notice?.chime();
          }}
        />
      </label>
    </section>
  );
}
