import type { Held } from "../../core/index.ts";

interface Props {
  held: readonly Held[];
  current: string | undefined;
  choose: (ticket: string) => void;
}

/** The conversations, one button each, with what is unread. */
export function Tabs({ held, current, choose }: Props) {
  return (
    <nav class="tabs" aria-label="Conversations">
      {held.map(({ ticket, conversation, gone }) => {
        const last = conversation.entries.findLast((e) => e.kind === "message");
        return (
          <button
            key={ticket.ticket}
            type="button"
            class="tab"
            aria-current={ticket.ticket === current}
            data-testid="tab"
            data-ticket={ticket.ticket}
            data-gone={gone}
            onClick={() => choose(ticket.ticket)}
          >
            <strong>{ticket.visitor.name ?? "Visitor"}</strong>
            <span class="tag">{gone ? "ended" : ticket.visitor_lost === true ? "away" : ticket.language}</span>
            <span class="last" dir="auto">
              {last?.text ?? ticket.topic ?? ""}
            </span>
            {conversation.unread > 0 && (
              <span class="unread" data-testid="unread">
                {conversation.unread}
                <span class="spoken-only"> unread</span>
              </span>
            )}
          </button>
        );
      })}
    </nav>
  );
}
