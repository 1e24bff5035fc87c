import { choice } from "./JoinForm.tsx";
import { put } from "./keep.ts";
import { localeNames, locales, type Texts } from "./texts.ts";
import type { Widget } from "./widget.tsx";

/** What the visitor chooses for themselves: the language of the texts, and how they are called. */
export function menu(w: Widget, texts: Texts) {
  const { notice } = w;
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
          checked={notice.sound}
          onChange={() => {
            w.set(notice, { sound: !notice.sound });
            notice.unlock();
            put(w.keep.browser, "nextup.sound", notice.sound ? undefined : "off");
            notice.chime();
          }}
        />
      </label>
    </section>
  );
}
