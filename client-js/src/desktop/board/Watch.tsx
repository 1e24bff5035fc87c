import { useEffect, useState } from "preact/hooks";
import type { BoardTicket, MessageFrameType, SupervisorClient } from "../../core/index.ts";
import { Composer, type Mode } from "../parts/Composer.tsx";
import { Earlier } from "../parts/Earlier.tsx";
import type { HTTPClient, PastTicket } from "../parts/http.ts";
import { IconButton } from "../parts/Icon.tsx";
import { Messages } from "../parts/Messages.tsx";
import { nameOf, queueOf } from "../parts/people.tsx";

interface Props {
  client: SupervisorClient;
  http: HTTPClient;
  ticket: BoardTicket;
  /** The agent still holds it. */
  open: boolean;
  /** Reads a conversation that has ended. */
  read: (ticket: PastTicket) => void;
  reassign: () => void;
  editReplies: () => void;
  close: () => void;
}

const modes: readonly Mode[] = [
  { type: "whisper", name: "Whisper", hint: "Write to the agents alone", act: "Whisper" },
  { type: "note", name: "Note", hint: "Write a note, which the visitor never sees", act: "Keep" },
  { type: "send", name: "Speak to both", hint: "Come in and write to the visitor and the agent", act: "Send to both" },
];

/** A conversation that a supervisor reads. The people in it do not see that until the supervisor writes. */
export function Watch({ client, http, ticket, open, read, reassign, editReplies, close }: Props) {
  const [mode, setMode] = useState<MessageFrameType>("whisper");
  const conversation = client.open(ticket.ticket);
  useEffect(() => () => client.leave(ticket.ticket), [client, ticket.ticket]);
  const name = client.connection.welcome?.name ?? client.connection.welcome?.subject ?? "";
  return (
    <aside class="drawer" tabIndex={-1} aria-label={`Conversation with ${nameOf(ticket.visitor)}`} data-testid="watching" data-ticket={ticket.ticket}>
      <header>
        <div>
          <h2>
            <bdi>{nameOf(ticket.visitor)}</bdi>
          </h2>
          <p class="soft">
            {queueOf(ticket, client.connection.welcome?.departments ?? [])} · you are reading; nobody sees that
          </p>
        </div>
        {open && (
          <button class="button small" type="button" data-testid="reassign" onClick={reassign}>
            Reassign
          </button>
        )}
        <IconButton icon="cross" label="Stop reading" testid="stop-watching" onClick={close} />
      </header>
      <Messages conversation={conversation} nowMS={client.connection.now()} marks={false} />
      <details class="before">
        <summary data-testid="before">Earlier conversations and their ratings</summary>
        <Earlier key={String(conversation.closed)} visitor={ticket.visitor.id} except={conversation.closed ? "" : ticket.ticket} http={http} review={read} nowMS={client.connection.now()} />
      </details>
      {open && !conversation.closed && (
        <Composer
          conversation={conversation}
          modes={modes}
          mode={mode}
          setMode={setMode}
          language={ticket.language}
          names={{ visitor: ticket.visitor.name ?? "", agent: name }}
          editReplies={editReplies}
        />
      )}
    </aside>
  );
}
