import type { BoardAgent, BoardFrame, BoardTicket } from "../../core/index.ts";
import { Avatar, nameOf, Places, tierOf } from "../parts/people.tsx";
import { span } from "../parts/times.ts";

interface Props {
  board: BoardFrame;
  nowMS: number;
  watched: string | undefined;
  watch: (ticket: BoardTicket) => void;
}

const statusRank = { available: 0, away: 1, offline: 2 } as const;

/** The agents who are here: what they hold, and how much more they could. */
export function Agents({ board, nowMS, watched, watch }: Props) {
  const agents = board.agents.toSorted((a, b) => statusRank[a.status] - statusRank[b.status] || nameOf(personOf(a)).localeCompare(nameOf(personOf(b))));
  return (
    <section class="card" aria-label="Agents">
      <header>
        <h2>Agents</h2>
        <span class="soft">{agents.length} here</span>
      </header>
      <ul class="agents">
        {agents.map((a) => (
          <li key={a.id} data-testid="agent" data-agent={a.id}>
            <Avatar person={personOf(a)} />
            <div class="agent-who">
              <strong>
                <bdi>{nameOf(personOf(a))}</bdi>
              </strong>
              <span class={`state ${a.lost === true ? "lost" : a.status}`}>
                <i class="dot" />
                {a.lost === true ? "connection lost" : a.status}
              </span>
              <span class="soft">{[a.languages.join(" "), ...(a.tier > 1 ? [tierOf(a.tier)] : []), ...(a.skills ?? [])].join(" · ")}</span>
            </div>
            <div class="agent-load">
              <Places load={a.load} capacity={a.capacity} />
              <span>
                {a.load} of {a.capacity}
              </span>
            </div>
            <ul class="agent-tickets">
              {a.tickets?.map((t) => (
                <li key={t.ticket}>
                  <button
                    type="button"
                    class={`ticket ${t.status}`}
                    data-testid="watch"
                    data-ticket={t.ticket}
                    aria-pressed={watched === t.ticket}
                    onClick={() => watch(t)}
                  >
                    <bdi>{nameOf(t.visitor)}</bdi>
                    <span>
                      {t.status === "offered" ? "offered" : t.status === "closed" ? "wrapping up" : span(nowMS - (t.assigned_at_ms ?? t.joined_at_ms))}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
      {agents.length === 0 && <p class="soft empty-row">No agent is here.</p>}
      {board.agents_left_out !== undefined && <p class="soft">{board.agents_left_out} more are not shown.</p>}
    </section>
  );
}

function personOf({ id, name }: BoardAgent) {
  return { role: "agent" as const, id, ...(name !== undefined && { name }) };
}
