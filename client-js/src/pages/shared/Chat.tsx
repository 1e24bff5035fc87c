import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Conversation, EntryFrame, OutgoingMessage, Person } from "../../core/index.ts";
import { Composer } from "./Composer.tsx";
import type { ChatTexts } from "./texts.ts";
import "./chat.css";

interface Props {
  conversation: Conversation;
  texts: ChatTexts;
  locale: string;
  /** What stands where nothing was written yet. */
  hint?: string;
}

/** A conversation: its entries, what is being sent, and the box to write in. */
export function Chat({ conversation, texts, locale, hint }: Props) {
  const { entries, outbox, typist } = conversation;
  const shown = entries.filter((e) => e.kind !== "read");
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);

  useLayoutEffect(() => {
    if (atEnd.current && list.current !== null) {
      list.current.scrollTop = list.current.scrollHeight;
    }
  });
  useEffect(() => {
    const mark = () => {
      if (document.visibilityState === "visible") {
        conversation.markRead();
      }
    };
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [conversation, entries.length]);

  const nobody = shown.length === 0 && outbox.length === 0;
  return (
    <section class="chat" aria-label={texts.chat}>
      <div
        class="entries"
        ref={list}
        role="log"
        aria-label={texts.chat}
        tabIndex={0}
        data-testid="entries"
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
        }}
      >
        {nobody && hint !== undefined && <p class="said-nothing">{hint}</p>}
        <ol>
          {shown.map((entry) => (
            <Entry key={entry.number} {...{ entry, conversation, texts, locale }} />
          ))}
          {outbox.map((message) => (
            <Outgoing key={message.message_id} {...{ message, conversation, texts }} />
          ))}
        </ol>
      </div>
      <p class="typing" role="status" data-testid="typing">
        {typist !== undefined && texts.typing(nameOf(typist, texts))}
      </p>
      {!conversation.closed && <Composer {...{ conversation, texts }} />}
    </section>
  );
}

interface EntryProps {
  entry: EntryFrame;
  conversation: Conversation;
  texts: ChatTexts;
  locale: string;
}

function Entry({ entry, conversation, texts, locale }: EntryProps) {
  const common = { "data-testid": "entry", "data-number": entry.number, "data-kind": entry.kind };
  switch (entry.kind) {
    case "message": {
      const own = conversation.isOwn(entry.from);
      return (
        <li {...common} class={own ? "message own" : "message"} data-own={own}>
          {!own && <span class="spoken-only">{nameOf(entry.from, texts)}: </span>}
          <p class="text" dir="auto">
            {entry.text}
          </p>
          <p class="meta">
            <time dateTime={new Date(entry.at_ms).toISOString()}>
              {new Date(entry.at_ms).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" })}
            </time>
            {own && ` · ${entry.number <= conversation.seen ? texts.read : texts.sent}`}
          </p>
        </li>
      );
    }
    case "member":
      return (
        <li {...common} class="event">
          {texts.joined(nameOf(entry.from, texts))}
        </li>
      );
    case "closed":
      return (
        <li {...common} class="event">
          {texts.closed}
        </li>
      );
    case "read":
    case "note":
    case "whisper":
    case "hidden":
      return null;
    default:
      return newer(entry.kind);
  }
}

/** An entry of a kind that only a newer server knows is not shown. */
function newer(_kind: never): null {
  return null;
}

interface OutgoingProps {
  message: OutgoingMessage;
  conversation: Conversation;
  texts: ChatTexts;
}

function Outgoing({ message, conversation, texts }: OutgoingProps) {
  const { message_id, text, state, error } = message;
  return (
    <li class="message own outgoing" data-testid="outgoing" data-state={state}>
      <p class="text" dir="auto">
        {text}
      </p>
      {state === "refused" ? (
        <p class="meta refused" role="alert">
          {texts.refused} {error?.message}{" "}
          <button type="button" onClick={() => conversation.retry(message_id)}>
            {texts.retry}
          </button>{" "}
          <button type="button" onClick={() => conversation.discard(message_id)}>
            {texts.discard}
          </button>
        </p>
      ) : (
        <p class="meta">{state === "sent" ? texts.sent : texts.sending}</p>
      )}
    </li>
  );
}

/** A person's name, or what they are where they have none. */
export function nameOf(person: Person | undefined, texts: ChatTexts): string {
  if (person?.name !== undefined) {
    return person.name;
  }
  return person?.role === "visitor" ? texts.visitor : texts.agent;
}
