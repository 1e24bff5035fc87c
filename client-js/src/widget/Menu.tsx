import { choice } from "./Choice.tsx";
import { localeNames, locales } from "./languages.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";

/** What the visitor chooses for themselves: the language of the texts, and how they are called. */
export function menu(controller: Controller, texts: Texts) {
  return (
    <section class="menu" aria-label={texts.menu}>
      {choice(
        "locale",
        texts.language,
        locales.map((id) => ({ id, label: localeNames[id], lang: id })),
        controller.state.locale,
        (tag) => controller.choose(tag),
      )}
      <label class="switch">
        <span>{texts.sound}</span>
        <input
          type="checkbox"
          role="switch"
          checked={controller.state.sound}
          onChange={() => {
            controller.set(controller.state, { sound: !controller.state.sound });
            controller.state.storage.browser.put("nextup.sound", controller.state.sound ? undefined : "off");
            controller.attention?.unlock();
            controller.attention?.chime();
          }}
        />
      </label>
    </section>
  );
}
