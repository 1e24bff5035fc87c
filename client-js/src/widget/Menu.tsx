import { choice } from "./Choice.tsx";
import { localeNames, locales, type Texts } from "./texts.ts";
import type { Widget } from "./widget.tsx";

/** What the visitor chooses for themselves: the language of the texts, and how they are called. */
export function menu(w: Widget, texts: Texts) {
  return (
    <section class="menu" aria-label={texts.menu}>
      {choice(
        "locale",
        texts.language,
        locales.map((id) => ({ id, label: localeNames[id], lang: id })),
        w.locale,
        (tag) => w.choose(tag),
      )}
      <label class="switch">
        <span>{texts.sound}</span>
        <input
          type="checkbox"
          role="switch"
          checked={w.sound}
          onChange={() => {
            w.set(w, { sound: !w.sound });
            w.keep.browser.put("nextup.sound", w.sound ? undefined : "off");
            w.notice?.unlock();
            w.notice?.chime();
          }}
        />
      </label>
    </section>
  );
}
