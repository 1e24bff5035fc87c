import { isBlank, MAX_TEXT_BYTES, type Conversation } from "../core/index.ts";
import { isOfInputMethod } from "../dom/ime.ts";
import { Icon } from "./icons.tsx";
import type { Texts } from "./texts.ts";
import { atNewest } from "./reading.ts";
import type { Controller } from "./controller.ts";
import { onSubmit } from "../dom/submission.ts";

/** The box to write in. Enter sends, Shift+Enter begins a new line; a draft survives a reload. */
export function composer(controller: Controller, texts: Texts, conversation: Conversation) {
  const { storage, reading } = controller.state;
  const key = `nextup.draft.${conversation.ticket}`;
  const draft = storage.tab.getItem(key) ?? "";
  const text = isBlank(draft) ? "" : draft.trim();
  const tooLong = text.length * 3 > MAX_TEXT_BYTES && new TextEncoder().encode(text).length > MAX_TEXT_BYTES;
  const problem = tooLong ? texts.tooLong : reading.overflow && texts.refusals.busy;

  function write(value: string) {
    storage.tab.put(key, value || undefined);
    controller.set(reading, { overflow: false });
  }

  function submit() {
    if (text === "" || tooLong) {
      return;
    }
    try {
      Object.assign(reading, atNewest);
      conversation.send(text);
      conversation.setTyping(false);
      write("");
    } catch {
      controller.set(reading, { overflow: true });
    }
  }

  return (
    <form
      class="composer"
      {...onSubmit((form) => {
        form.querySelector("textarea")?.focus();
        submit();
      })}
    >
      {problem && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
      <div class="grow" data-text={draft}>
        <textarea
          data-testid="composer"
          aria-label={texts.write}
          placeholder={texts.write}
          rows={1}
          dir="auto"
          value={draft}
          onInput={({ currentTarget: { value } }) => {
            write(value);
            conversation.setTyping(value !== "");
          }}
          onBlur={() => conversation.setTyping(false)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !isOfInputMethod(event)) {
              event.preventDefault();
              submit();
            }
          }}
        />
      </div>
      <button class="send" type="submit" disabled={text === "" || tooLong} aria-label={texts.send} data-testid="send">
        {Icon("send")}
      </button>
    </form>
  );
}
