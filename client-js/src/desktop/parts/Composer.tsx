import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { isBlank, MAX_TEXT_BYTES, type Conversation, type MessageFrameType } from "../../core/index.ts";
import { isOfInputMethod } from "../../dom/ime.ts";
import { draftOf, keepDraft } from "./drafts.ts";
import { Icon, IconButton } from "./Icon.tsx";
import { commandAt, matchingReplies, replies, type Reply, withNames } from "./replies.ts";
import { onSubmit } from "../../dom/submission.ts";

export interface Mode {
  type: MessageFrameType;
  name: string;
  hint: string;
  /** The label of the button. */
  act: string;
}

interface Props {
  conversation: Conversation;
  modes: readonly Mode[];
  mode: MessageFrameType;
  setMode: (mode: MessageFrameType) => void;
  language: string;
  /** The names that replace {visitor} and {agent} in a reply. */
  names: { visitor: string; agent: string };
  editReplies: () => void;
}

/** The box to write in. Enter sends, Shift+Enter begins a new line, a slash finds a reply. */
export function Composer({ conversation, modes, mode, setMode, language, names, editReplies }: Props) {
  const { ticket } = conversation;
  const box = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const [text, setText] = useState(draftOf(ticket));
  const [caret, setCaret] = useState(0);
  const [hidden, setHidden] = useState<number>();
  const [chosen, setChosen] = useState(0);
  /** Where the caret goes, after the reply that was put in. */
  const [placed, setPlaced] = useState<number>();
  const command = mode === "whisper" ? undefined : commandAt(text, caret);
  const offered = command === undefined || command.from === hidden ? [] : matchingReplies(replies(), command.words, language);
  const pick = offered[Math.min(chosen, offered.length - 1)];
  const tooLong = new TextEncoder().encode(text).length > MAX_TEXT_BYTES;
  const sendable = !isBlank(text) && !tooLong;
  const current = modes.find((m) => m.type === mode) ?? modes[0];
  useEffect(() => setChosen(0), [command?.words]);
  useLayoutEffect(() => {
    if (placed !== undefined) {
      box.current?.focus();
      box.current?.setSelectionRange(placed, placed);
      setPlaced(undefined);
    }
  }, [placed]);

  function write(draft: string): void {
    keepDraft(ticket, draft);
    setText(draft);
  }

  function submit(): void {
    if (sendable) {
      conversation.send(text.trim(), mode);
      conversation.setTyping(false);
      write("");
    }
  }

  function use(reply: Reply): void {
    if (command === undefined) {
      return;
    }
    const put = withNames(reply, names);
    const end = command.from + put.length;
    write(text.slice(0, command.from) + put + text.slice(caret));
    setCaret(end);
    setPlaced(end);
  }

  function press(event: KeyboardEvent): void {
    if (isOfInputMethod(event)) {
      return;
    }
    if (pick !== undefined && command !== undefined) {
      const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
      const step = steps[event.key];
      if (step !== undefined) {
        setChosen((chosen + step + offered.length) % offered.length);
      } else if (event.key === "Enter" || event.key === "Tab") {
        use(pick);
      } else if (event.key === "Escape") {
        setHidden(command.from);
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    }
  }

  return (
    <form
      class={`composer ${mode}`}
      {...onSubmit(() => {
        box.current?.focus(); // the button that was pressed can do nothing once the box is empty
        submit();
      })}
    >
      <div class="composer-top">
        <div class="modes" role="group" aria-label="What to write">
          {modes.map((m) => (
            <button
              key={m.type}
              type="button"
              class="mode"
              aria-pressed={m.type === mode}
              data-testid={`mode-${m.type}`}
              onClick={() => {
                setMode(m.type);
                box.current?.focus();
              }}
            >
              {m.name}
            </button>
          ))}
        </div>
        <IconButton icon="replies" label="Edit canned replies" testid="edit-replies" onClick={editReplies} />
      </div>
      {tooLong && (
        <p class="notice bad" role="alert">
          That is too long for one message.
        </p>
      )}
      <div class="writing">
        {offered.length > 0 && (
          <div class="replies" role="listbox" id={`${id}list`} aria-label="Canned replies" data-testid="replies">
            {offered.map((reply, i) => (
              <div
                key={`${reply.name} ${reply.language ?? ""} ${i}`}
                id={`${id}${i}`}
                class="reply"
                role="option"
                aria-selected={reply === pick}
                onMouseDown={(event) => {
                  event.preventDefault(); // the box keeps the focus
                  use(reply);
                }}
              >
                <strong>/{reply.name}</strong>
                <span dir="auto">{withNames(reply, names)}</span>
                {reply.language !== undefined && <span class="chip">{reply.language}</span>}
              </div>
            ))}
          </div>
        )}
        <div class="grow" data-text={text}>
          <textarea
            ref={box}
            data-testid="composer"
            data-composer
            aria-label={current?.hint}
            placeholder={current?.hint}
            aria-autocomplete="list"
            aria-controls={offered.length > 0 ? `${id}list` : undefined}
            aria-activedescendant={pick === undefined ? undefined : `${id}${offered.indexOf(pick)}`}
            rows={1}
            dir="auto"
            value={text}
            onInput={(event) => {
              const { value, selectionStart } = event.currentTarget;
              write(value);
              setCaret(selectionStart);
              setHidden(undefined);
              if (mode === "send") {
                conversation.setTyping(value !== "");
              }
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
            onBlur={() => conversation.setTyping(false)}
            onKeyDown={press}
          />
        </div>
        <button class="button primary send" type="submit" disabled={!sendable} data-testid="send">
          <Icon name="send" />
          <span>{current?.act}</span>
        </button>
      </div>
      <p class="spoken-only" role="status">
        {offered.length > 0 && `${offered.length} replies: choose with the arrow keys, Enter takes one`}
      </p>
    </form>
  );
}
