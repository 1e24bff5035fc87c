import type { AgentClient, Held } from "../../core/index.ts";
import { Chat } from "../shared/Chat.tsx";
import { en } from "../shared/texts.ts";
import { Facts } from "./Facts.tsx";

interface Props {
  client: AgentClient;
  held: Held;
  run: (request: Promise<void>) => void;
}

/** One conversation with the facts about its visitor. */
export function HeldTicket({ client, held: { ticket, conversation, gone }, run }: Props) {
  return (
    <>
      <header class="held" data-testid="held" data-ticket={ticket.ticket}>
        <div>
          <h2>{ticket.visitor.name ?? "Visitor"}</h2>
          <Facts ticket={ticket} now={() => client.connection.now()} />
        </div>
        {gone ? (
          <button class="button" type="button" data-testid="dismiss" onClick={() => client.dismiss(ticket.ticket)}>
            Dismiss
          </button>
        ) : (
          <button
            class="button"
            type="button"
            data-testid="close"
            onClick={() => run(client.closeConversation(ticket.ticket))}
          >
            Close
          </button>
        )}
      </header>
      {ticket.visitor_lost === true && !gone && (
        <p class="banner" role="status">
          The visitor lost their connection and may come back.
        </p>
      )}
      <Chat conversation={conversation} texts={en} locale="en" hint="Nothing was written yet. Say hello." />
    </>
  );
}
