import { useState } from "preact/hooks";
import { MAX_GUESTS, type AgentClient, type DeskTicket } from "../../core/index.ts";
import { Dialog } from "../parts/Dialog.tsx";
import type { HTTPClient } from "../parts/http.ts";
import { named } from "../parts/people.tsx";
import { TeamPicker } from "../parts/TeamPicker.tsx";
import { onSubmit } from "../../dom/submission.ts";

interface Props {
  client: AgentClient;
  ticket: DeskTicket;
  http: HTTPClient;
  close: () => void;
}

/** Invites another agent into a conversation. */
export function Consult({ client, ticket, http, close }: Props) {
  const [agent, setAgent] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const guests = ticket.guests ?? [];
  const full = guests.length >= MAX_GUESTS;
  const self = client.connection.welcome?.subject ?? "";

  async function invite(to: string): Promise<void> {
    try {
      await client.consult(ticket.ticket, to);
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <Dialog title={`Invite an agent: ${named(ticket.visitor)}`} close={close} testid="consult-dialog">
      <form
        {...onSubmit(() => {
          if (agent !== undefined && !full) {
            void invite(agent);
          }
        })}
      >
        <p class="soft">They read the whole conversation and may write in it. It stays yours, and takes none of their room.</p>
        {full && <p class="notice">{MAX_GUESTS} are here already.</p>}
        <TeamPicker
          http={http}
          except={[self, ...guests.map((g) => g.id)]}
          chosen={agent}
          choose={setAgent}
          language={ticket.language}
        />
        {problem !== undefined && (
          <p class="notice bad" role="alert">
            {problem}
          </p>
        )}
        <footer>
          <span />
          <button class="button primary" type="submit" disabled={agent === undefined || full} data-testid="consult-go">
            Invite
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
