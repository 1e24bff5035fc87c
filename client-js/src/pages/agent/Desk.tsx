import { useEffect, useState } from "preact/hooks";
import { AGENT_STATUSES, NextupError, type AgentClient, type AgentStatus } from "../../core/index.ts";
import { Banner } from "../shared/Banner.tsx";
import { useClient, useWaking } from "../shared/hooks.ts";
import { en } from "../shared/texts.ts";
import { HeldTicket } from "./HeldTicket.tsx";
import { Offers } from "./Offers.tsx";
import { Tabs } from "./Tabs.tsx";

/** What stands on the desk is kept, as a place in line is. */
const texts = { ...en, kept: "Your conversations are kept." };

const statusNames: Record<AgentStatus, string> = { available: "Available", away: "Away", offline: "Offline" };

interface Props {
  client: AgentClient;
  signOut: (() => void) | undefined;
}

/** The desk: status and load, what is offered, and the conversations held. */
export function Desk({ client, signOut }: Props) {
  useClient(client);
  useWaking(client.connection);
  const [chosen, setChosen] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const { desk, held } = client;
  const current = held.find((h) => h.ticket.ticket === chosen) ?? held.find((h) => !h.gone) ?? held[0];
  const { welcome } = client.connection;
  const unread = held.reduce((sum, h) => sum + h.conversation.unread, 0);
  useTitle(desk?.offers.length ?? 0, unread);

  /** Runs a request and shows why it was refused. */
  function run(request: Promise<void>) {
    setProblem(undefined);
    request.catch((error: unknown) => {
      const lapsed = error instanceof NextupError && error.code === "unknown_offer";
      setProblem(lapsed ? "That offer is no longer yours." : error instanceof Error ? error.message : String(error));
    });
  }

  return (
    <main class="agent" data-testid="desk" data-status={desk?.status ?? "unknown"}>
      <aside>
        <header>
          <h1 class="brand">
            <img src={new URL("../icon.svg", import.meta.url).href} alt="" width="28" height="28" />
            {welcome?.name ?? welcome?.subject ?? "Nextup"}
          </h1>
          {signOut !== undefined && (
            <button class="button quiet" type="button" onClick={signOut} data-testid="sign-out">
              Sign out
            </button>
          )}
        </header>
        <div class="status" role="radiogroup" aria-label="Status">
          {AGENT_STATUSES.map((status) => (
            <label class={`choice ${status}`} key={status}>
              <input
                type="radio"
                name="status"
                data-testid={`status-${status}`}
                disabled={desk === undefined}
                checked={desk?.status === status}
                onChange={() => run(client.setStatus(status))}
              />
              <span>{statusNames[status]}</span>
            </label>
          ))}
        </div>
        {desk !== undefined && (
          <div class="load">
            <meter min={0} max={Math.max(desk.capacity, 1)} value={desk.load} aria-label="Load" />
            <span data-testid="load">
              {desk.load} of {desk.capacity} busy
            </span>
            <span class="soft">{desk.languages.join(", ")}</span>
          </div>
        )}
        {problem !== undefined && (
          <p class="notice bad" role="alert" data-testid="problem">
            {problem}
          </p>
        )}
        <Offers {...{ client, run }} offers={desk?.offers ?? []} choose={setChosen} />
        <Tabs held={held} current={current?.ticket.ticket} choose={setChosen} />
      </aside>
      <div class="work">
        <Banner connection={client.connection} texts={texts} keeps={true} />
        {current === undefined ? (
          <p class="empty soft">
            {desk?.status === "available"
              ? "No conversation yet. Offers appear as soon as somebody is in line."
              : "You get offers while you are available."}
          </p>
        ) : (
          <HeldTicket key={current.ticket.ticket} held={current} {...{ client, run }} />
        )}
      </div>
    </main>
  );
}

function useTitle(offers: number, unread: number): void {
  useEffect(() => {
    const count = offers > 0 ? "● Offer · " : unread > 0 ? `(${unread}) ` : "";
    document.title = `${count}Agent desk · Nextup`;
  }, [offers, unread]);
}
