import type { Conversation, EntryFrame, OutgoingMessage } from "../core/index.ts";
import { pieces } from "../dom/links.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";
import { explain, initialOf, nameOf } from "./format.ts";

/** How a message stands among the others. */
export interface Standing {
  /** It begins, or ends, a block of one person. */
  first: boolean;
  last: boolean;
  /** An agent has come and gets what is written. */
  answered: boolean;
}

export function message(
  { state: { variety } }: Controller,
  texts: Texts,
  conversation: Conversation,
  entry: EntryFrame,
  { first, last, answered }: Standing,
) {
  const own = conversation.isOwn(entry.from);
  const name = nameOf(entry.from, texts);
  const delivery = entry.number <= conversation.seen ? texts.read : answered ? texts.delivered : texts.sent;
  const classes = ["message", own && "own", first && "first", last && "last"].filter(Boolean).join(" ");
  return (
    <li key={entry.number} class={classes} data-testid="entry" data-number={entry.number} data-kind="message" data-own={own}>
      {!own && last && (
        <span class="face small" aria-hidden="true">
          {initialOf(name)}
        </span>
      )}
      <span class="spoken-only">{own ? texts.you : name}: </span>
      {written(entry.text ?? "")}
      {last && (
        <p class="meta">
          <time dateTime={new Date(entry.at_ms).toISOString()}>{clock(variety).format(entry.at_ms)}</time>
          {own && ` · ${delivery}`}
        </p>
      )}
    </li>
  );
}

export function event(texts: Texts, entry: EntryFrame) {
  const name = nameOf(entry.from, texts);
  return (
    <li key={entry.number} class="event" data-testid="entry" data-number={entry.number} data-kind={entry.kind}>
      {entry.kind === "closed" ? texts.ended : entry.kind === "member" ? texts.joined(name) : texts.lost(name)}
    </li>
  );
}

/** A message that is not among the entries yet. */
export function outgoing(
  texts: Texts,
  conversation: Conversation,
  { message_id, text, state, error }: OutgoingMessage,
) {
  return (
    <li key={message_id} class={`message own first last outgoing ${state}`} data-testid="outgoing" data-state={state}>
      {written(text)}
      {state === "refused" ? (
        <p class="meta bad" role="alert">
          {texts.refused} {explain(error, texts)}{" "}
          <button type="button" class="link" data-testid="retry" onClick={() => conversation.retry(message_id)}>
            {texts.retry}
          </button>{" "}
          <button type="button" class="link" onClick={() => conversation.discard(message_id)}>
            {texts.discard}
          </button>
        </p>
      ) : (
        <p class="meta">{state === "sent" ? texts.sent : texts.sending}</p>
      )}
    </li>
  );
}

/** The text of a message, never markup; its addresses are links to pages that learn nothing of this one. */
function written(text: string) {
  return (
    <p class="text" dir="auto">
      {pieces(text).map(({ text: piece, href }, i) =>
        href === undefined ? (
          piece
        ) : (
          <a key={i} dir="ltr" href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
            {piece}
          </a>
        ),
      )}
    </p>
  );
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(locale: string): Intl.DateTimeFormat {
  const known = clocks.get(locale) ?? new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  clocks.set(locale, known);
  return known;
}
