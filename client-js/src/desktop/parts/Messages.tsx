import { Component, Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Conversation, EntryFrame, OutgoingMessage } from "../../core/index.ts";
import { pieces } from "../../dom/links.ts";
import { keepPosition, moved, scrollAction, listWindow, scrollToTop } from "../../dom/list-window.ts";
import { Avatar, named, nameOf } from "./people.tsx";
import { clock, day } from "./times.ts";

interface Props {
  conversation: Conversation;
  nowMS: number;
  /** Reads along: what is shown is marked as read. */
  marks: boolean;
}

/** The entries of a conversation and what is on its way, with days between them. */
export function Messages({ conversation, nowMS, marks }: Props) {
  const { entries, outbox, typist, seen, closed } = conversation;
  const [from, setFrom] = useState<number>();
  const part = listWindow(entries, isShown, from);
  const { shown, earlier, later } = part;
  const last = entries.at(-1)?.number ?? 0;
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [missed, setMissed] = useState(false);
  const hold = useRef<(() => void) | undefined>(undefined);
  useLayoutEffect(() => {
    hold.current?.();
    hold.current = undefined;
    if (atEnd.current) {
      toEnd(list.current);
    }
  }, [from]);
  useLayoutEffect(() => {
    if (atEnd.current) {
      toEnd(list.current);
    } else {
      setMissed(true);
    }
  }, [last, outbox.length, typist]);
  const move = (box: Element | null, onwards: boolean) => {
    hold.current = box === null ? undefined : keepPosition(box);
    atEnd.current = false;
    setFrom(moved(entries, isShown, from ?? shown[0]?.number ?? 0, onwards));
  };
  const follow = () => {
    atEnd.current = true;
    setFrom(undefined);
    setMissed(false);
  };
  useEffect(() => {
    // The composer grows, and pictures of letters come late.
    const sizes = new ResizeObserver(() => {
      if (atEnd.current) {
        toEnd(list.current);
      }
    });
    if (list.current?.firstElementChild) {
      sizes.observe(list.current);
      sizes.observe(list.current.firstElementChild);
    }
    return () => sizes.disconnect();
  }, []);
  useEffect(() => {
    const mark = () => {
      if (marks && !closed && document.visibilityState === "visible") {
        conversation.markRead();
      }
    };
    mark();
    const forget = conversation.on("change", mark); // before it is drawn: a mark that follows would draw all of it again
    document.addEventListener("visibilitychange", mark);
    return () => {
      forget();
      document.removeEventListener("visibilitychange", mark);
    };
  }, [conversation, marks, closed]);

  return (
    <div class="messages">
      <div
        class="entries"
        ref={list}
        role="log"
        aria-label="Messages"
        tabIndex={0}
        aria-live={from === undefined ? "polite" : "off"}
        data-testid="entries"
        onScroll={({ currentTarget }) => {
          const what = scrollAction(currentTarget, part);
          if (what === "end") {
            follow();
          } else if (what === "stay") {
            atEnd.current = false;
            setFrom(from ?? shown[0]?.number);
          } else {
            move(currentTarget, what === "later");
          }
        }}
      >
        {earlier && (
          <button class="link" type="button" onClick={({ currentTarget }) => move(scrollToTop(currentTarget), false)}>
            Earlier messages
          </button>
        )}
        <ol>
          {shown.map((entry, i) => {
            const before = shown[i - 1];
            const newDay = before === undefined || day(before.at_ms, nowMS) !== day(entry.at_ms, nowMS);
            return (
              <Fragment key={entry.number}>
                {newDay && <li class="day">{day(entry.at_ms, nowMS)}</li>}
                <Row
                  entry={entry}
                  own={conversation.isOwn(entry.from)}
                  first={newDay || !together(before, entry)}
                  last={!together(entry, shown[i + 1])}
                  read={entry.number <= seen}
                />
              </Fragment>
            );
          })}
          {!later && outbox.map((message) => (
            <Outgoing key={message.message_id} message={message} conversation={conversation} />
          ))}
        </ol>
        {shown.length === 0 && outbox.length === 0 && <p class="said-nothing">Nothing was written yet.{marks && !closed && " Say hello."}</p>}
      </div>
      {(missed || later) && (
        <button
          class="button small to-end"
          type="button"
          onClick={() => {
            follow();
            toEnd(list.current);
          }}
        >
          {missed ? "New messages" : "Newest messages"} ↓
        </button>
      )}
      <p class="typing" role="status" data-testid="typing">
        {typist !== undefined && `${named(typist)} is writing…`}
      </p>
    </div>
  );
}

function toEnd(list: HTMLDivElement | null): void {
  if (list !== null) {
    list.scrollTop = list.scrollHeight;
  }
}

function isShown({ kind }: EntryFrame): boolean {
  return kind !== "read" && kind !== "hidden";
}

/** Messages of one person, one after the other within some minutes, stand together. */
function together(a: EntryFrame | undefined, b: EntryFrame | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    a.kind === b.kind &&
    a.from?.id === b.from?.id &&
    a.from?.role === b.from?.role &&
    b.at_ms - a.at_ms < 300_000
  );
}

interface RowProps {
  entry: EntryFrame;
  own: boolean;
  /** The first, or the last, of those that stand together. */
  first: boolean;
  last: boolean;
  read: boolean;
}

/** One entry. Entries never change, so it is drawn anew only where its surroundings do. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { entry, own, first, last, read } = this.props;
    return entry !== next.entry || own !== next.own || first !== next.first || last !== next.last || read !== next.read;
  }

  override render({ entry, own, first, last, read }: RowProps) {
    const common = { "data-testid": "entry", "data-number": entry.number, "data-kind": entry.kind };
    switch (entry.kind) {
      case "message":
      case "note":
      case "whisper": {
        const side = own ? "own" : entry.from?.role === "visitor" ? "visitor" : "colleague";
        return (
          <li {...common} class={`message ${entry.kind} ${side} ${first ? "first" : ""} ${last ? "last" : ""}`} data-own={own}>
            {!own && last && entry.from !== undefined && <Avatar person={entry.from} />}
            {first && <p class="by">{byline(entry, own)}</p>}
            <p class="text" dir="auto">
              {pieces(entry.text ?? "").map((piece, i) =>
                piece.href === undefined ? (
                  piece.text
                ) : (
                  <a key={i} dir="ltr" href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                    {piece.text}
                  </a>
                ),
              )}
            </p>
            {last && (
              <p class="meta">
                <time dateTime={new Date(entry.at_ms).toISOString()}>{clock(entry.at_ms)}</time>
                {own && entry.kind === "message" && ` · ${read ? "Read" : "Sent"}`}
              </p>
            )}
          </li>
        );
      }
      case "member":
        return (
          <li {...common} class="event">
            <bdi>{nameOf(entry.from)}</bdi> joined · {clock(entry.at_ms)}
          </li>
        );
      case "agent_lost":
        return (
          <li {...common} class="event">
            The connection of <bdi>{nameOf(entry.from)}</bdi> was lost; the visitor waited again · {clock(entry.at_ms)}
          </li>
        );
      case "closed":
        return (
          <li {...common} class="event">
            The conversation has ended · {clock(entry.at_ms)}
          </li>
        );
      case "read":
      case "hidden":
        return null;
      default:
        return newer(entry.kind);
    }
  }
}

/** An entry of a kind that only a newer server knows is not shown. */
function newer(_kind: never): null {
  return null;
}

function byline({ kind, from }: EntryFrame, own: boolean) {
  const name = <bdi>{own ? "You" : nameOf(from)}</bdi>;
  switch (kind) {
    case "note":
      return <>Note · {name}</>;
    case "whisper":
      return (
        <>
          Whisper<span class="spoken-only">, for agents only</span> · {name}
        </>
      );
    default:
      return own ? <span class="spoken-only">You</span> : name;
  }
}

/** A message of one's own that is not an entry yet. */
function Outgoing({ message, conversation }: { message: OutgoingMessage; conversation: Conversation }) {
  const { message_id, text, type, state, error } = message;
  return (
    <li class={`message own first last outgoing ${type === "send" ? "message" : type}`} data-testid="outgoing" data-state={state}>
      <p class="text" dir="auto">
        {text}
      </p>
      {state === "refused" ? (
        <p class="meta refused" role="alert">
          Not sent. {error?.message}{" "}
          <button class="link" type="button" onClick={() => conversation.retry(message_id)}>
            Try again
          </button>{" "}
          <button class="link" type="button" onClick={() => conversation.discard(message_id)}>
            Discard
          </button>
        </p>
      ) : (
        <p class="meta">{state === "sent" ? "Sent" : "Sending…"}</p>
      )}
    </li>
  );
}
