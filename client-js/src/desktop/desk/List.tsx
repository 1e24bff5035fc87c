import type { Held } from "../../core/index.ts";
import { Avatar, nameOf, named } from "../parts/people.tsx";
import { usePlaces } from "../parts/still.ts";
import { stopwatch } from "../parts/times.ts";
import { pressing, waitingSince } from "./waiting.ts";
import { plain } from "../../dom/text.ts";

interface Props {
  held: readonly Held[];
  /** The tickets of the conversations that are shown; keys act on the first. */
  open: readonly string[];
  focused: string | undefined;
  nowMS: number;
  /** Nothing may move now. */
  still: boolean;
  choose: (ticket: string, beside: boolean) => void;
}

const groupOf = { mine: "Conversations", guest: "Invited", "wrap-up": "Wrapping up", gone: "Ended" } as const;

/** The conversations by what is to be done with them, with what is unread. */
export function List({ held, open, focused, nowMS, still, choose }: Props) {
  const places = usePlaces(inOrder(held), (h) => h.ticket.ticket, (h) => groupOf[stateOf(h)], still);
  const groups = [...new Set(places.map((p) => p.group))];
  return (
    <nav class="list" aria-label="Conversations" tabIndex={-1}>
      {groups.map((name) => {
        const of = places.filter((p) => p.group === name);
        return (
          <section key={name}>
            <h2>
              {name} <span class="count">{of.length}</span>
            </h2>
            {of.map(({ item: h, gone }) => (
              <Item
                key={h.ticket.ticket}
                held={h}
                nowMS={nowMS}
                shown={open.includes(h.ticket.ticket)}
                focused={focused === h.ticket.ticket}
                dismissed={gone}
                choose={choose}
              />
            ))}
          </section>
        );
      })}
    </nav>
  );
}

export function stateOf({ ticket, gone }: Held): "mine" | "guest" | "wrap-up" | "gone" {
  if (gone) {
    return "gone";
  }
  if (ticket.wrap_up_until_ms !== undefined) {
    return "wrap-up";
  }
  return ticket.guest === true ? "guest" : "mine";
}

/** The order in which keys go through the conversations: as they are listed. */
export function inOrder(held: readonly Held[]): readonly Held[] {
  const rank = { mine: 0, guest: 1, "wrap-up": 2, gone: 3 };
  return [...held].sort((a, b) => rank[stateOf(a)] - rank[stateOf(b)]);
}

interface ItemProps {
  held: Held;
  nowMS: number;
  shown: boolean;
  focused: boolean;
  /** It left the list, and only its place is still there. */
  dismissed: boolean;
  choose: Props["choose"];
}

function Item({ held, nowMS, shown, focused, dismissed, choose }: ItemProps) {
  const { ticket, conversation, gone } = held;
  const state = stateOf(held);
  const last = conversation.entries.findLast((e) => e.kind === "message" || e.kind === "whisper");
  const since = state === "mine" || state === "guest" ? waitingSince(conversation.entries) : undefined;
  const { unread } = conversation;
  return (
    <button
      type="button"
      class={`tab ${shown ? "shown" : ""}`}
      aria-current={focused}
      data-testid="tab"
      data-ticket={ticket.ticket}
      data-gone={gone || dismissed}
      data-unread={unread > 0}
      disabled={dismissed}
      onClick={(event) => choose(ticket.ticket, event.ctrlKey || event.metaKey)}
    >
      <Avatar person={ticket.visitor} />
      <strong>
        <bdi>{nameOf(ticket.visitor)}</bdi>
      </strong>
      <span class="tab-side">
        {state === "wrap-up" && <Left untilMS={ticket.wrap_up_until_ms ?? 0} nowMS={nowMS} />}
        {ticket.visitor_lost === true && !gone && <span class="tag">away</span>}
        {since !== undefined && (
          <span class={`waiting ${pressing(nowMS - since)}`} title="Waiting for your answer" data-testid="waiting-since">
            <span class="spoken-only">waiting for </span>
            {stopwatch(nowMS - since)}
          </span>
        )}
        {state === "gone" && <span class="tag">{conversation.closed ? "ended" : "passed on"}</span>}
      </span>
      <span class="last" dir="auto">
        {last !== undefined && last.from?.role !== "visitor" && <span class="soft">{conversation.isOwn(last.from) ? "You: " : `${named(last.from)}: `}</span>}
        {plain(last?.text ?? ticket.topic ?? "")}
      </span>
      <span class="tab-end">
        {unread > 0 && (
          <span class="unread" data-testid="unread">
            {unread}
            <span class="spoken-only"> unread</span>
          </span>
        )}
        <span class="lang">{ticket.language}</span>
      </span>
    </button>
  );
}

function Left({ untilMS, nowMS }: { untilMS: number; nowMS: number }) {
  return (
    <span class="tag" title="Left for wrapping up">
      {stopwatch(untilMS - nowMS)}
    </span>
  );
}
