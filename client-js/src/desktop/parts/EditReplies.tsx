import { useState } from "preact/hooks";
import { isBlank } from "../../core/index.ts";
import { Dialog } from "./Dialog.tsx";
import { IconButton } from "./Icon.tsx";
import { keepReplies, replies, type Reply } from "./replies.ts";
import { onSubmit } from "../../dom/submission.ts";

/** The canned replies of this browser: add, change, take away. */
export function EditReplies({ close }: { close: () => void }) {
  const [all, setAll] = useState<readonly Reply[]>(replies());
  const change = (i: number, reply: Reply) => setAll(all.map((r, n) => (n === i ? reply : r)));
  const complete = all.every((r) => /^[^\s/]+$/u.test(r.name) && !isBlank(r.text));
  return (
    <Dialog title="Canned replies" close={close} testid="replies-editor" wide>
      <p class="soft">
        Write <kbd>/</kbd> in a conversation to use one. <code>{"{visitor}"}</code> and <code>{"{agent}"}</code> become names.
        They are kept in this browser.
      </p>
      <form
        {...onSubmit(() => {
          keepReplies(all);
          close();
        })}
      >
        <ul class="reply-rows">
          {all.map((reply, i) => (
            <li key={i}>
              <input
                aria-label="Name"
                maxLength={24}
                placeholder="name"
                value={reply.name}
                onInput={(event) => change(i, { ...reply, name: event.currentTarget.value })}
              />
              <input
                aria-label="Language"
                class="narrow"
                maxLength={12}
                placeholder="any"
                value={reply.language ?? ""}
                onInput={({ currentTarget: { value } }) => change(i, { name: reply.name, text: reply.text, ...(value !== "" && { language: value }) })}
              />
              <textarea
                aria-label="Text"
                rows={1}
                dir="auto"
                value={reply.text}
                onInput={(event) => change(i, { ...reply, text: event.currentTarget.value })}
              />
              <IconButton icon="cross" label={`Take away /${reply.name}`} onClick={() => setAll(all.filter((_, n) => n !== i))} />
            </li>
          ))}
        </ul>
        <footer>
          <button class="button" type="button" data-testid="add-reply" onClick={() => setAll([{ name: "", text: "" }, ...all])}>
            Add a reply
          </button>
          <button class="button primary" type="submit" disabled={!complete} data-testid="keep-replies">
            Keep
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
