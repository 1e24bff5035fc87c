import { useState } from "preact/hooks";
import { MAX_TEXT_BYTES, type Conversation } from "../../core/index.ts";
import type { ChatTexts } from "./texts.ts";

/** What was written and not sent, so that it is still there when a tab comes back. */
const drafts = new WeakMap<Conversation, string>();

/** The box to write in. Enter sends, Shift+Enter begins a new line. */
export function Composer({ conversation, texts }: { conversation: Conversation; texts: ChatTexts }) {
  const [text, setText] = useState(drafts.get(conversation) ?? "");
  const tooLong = new TextEncoder().encode(text).length > MAX_TEXT_BYTES;
  const sendable = text.trim() !== "" && !tooLong;

  function write(draft: string) {
    drafts.set(conversation, draft);
    setText(draft);
  }

  function submit() {
    if (sendable) {
      conversation.send(text.trim());
      conversation.setTyping(false);
      write("");
    }
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {tooLong && (
        <p class="notice bad" role="alert">
          {texts.tooLong}
        </p>
      )}
      <textarea
        data-testid="composer"
        aria-label={texts.write}
        placeholder={texts.write}
        rows={1}
        dir="auto"
        value={text}
        onInput={(event) => {
          write(event.currentTarget.value);
          conversation.setTyping(event.currentTarget.value !== "");
        }}
        onBlur={() => conversation.setTyping(false)}
        onKeyDown={(event) => {
          // Enter also ends the composition of a CJK word: that one is not ours.
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            submit();
          }
        }}
      />
      <button class="button primary" type="submit" disabled={!sendable} data-testid="send">
        {texts.send}
      </button>
    </form>
  );
}
