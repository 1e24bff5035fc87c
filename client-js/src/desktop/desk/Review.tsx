import { useEffect } from "preact/hooks";
import type { DeskClient } from "./client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { useChanges } from "../parts/draw.ts";
import type { PastTicket } from "../parts/http.ts";
import { Messages } from "../parts/Messages.tsx";
import { named, topicOf } from "../parts/people.tsx";
import { Stars } from "../parts/Stars.tsx";
import { isolated } from "../../dom/text.ts";

interface Props {
  client: DeskClient;
  ticket: PastTicket;
  close: () => void;
}

/** A conversation of before, to be read. */
export function Review({ client, ticket, close }: Props) {
  useChanges(client);
  const conversation = client.review(ticket.ticket);
  useEffect(() => () => client.putAway(ticket.ticket), [client, ticket.ticket]);
  return (
    <Dialog title={`${named(ticket.visitor)}: ${isolated(topicOf(ticket))}`} close={close} testid="review" wide>
      <Stars rating={ticket.rating} />
      <div class="review">
        <Messages conversation={conversation} nowMS={client.connection.now()} marks={false} />
      </div>
    </Dialog>
  );
}
