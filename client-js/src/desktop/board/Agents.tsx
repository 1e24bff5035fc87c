import type { BoardAgent, BoardFrame, BoardTicket } from "../../core/index.ts";
import { Avatar, nameOf, Places, tierOf } from "../parts/people.tsx";
import { span } from "../parts/times.ts";
import { full } from "./judge.ts";
import { SortHeader, useSorted, type Column } from "./sorted.tsx";

interface Props {
  board: BoardFrame;
  nowMS: number;
  watched: string | undefined;
  watch: (ticket: BoardTicket) => void;
}

const statusRank = { available: 0, away: 1, offline: 2 } as const;

const columns = {
  agent: { by: (a) => nameOf(personOf(a)), order: "ascending" },
  status: { by: (a) => statusRank[a.status] + (a.lost === true ? 0.5 : 0), order: "ascending" },
  // Between equally full agents the one with more conversations comes first.
  load: { by: (a) => (a.capacity === 0 ? a.load : a.load / a.capacity) + a.load / 10_000, order: "descending" },
  longest: { by: (a) => -(longestOf(a) ?? Infinity), order: "descending" },
} satisfies Record<string, Column<BoardAgent>>;

/** The agents that are present: what they hold, and how much room they have. */
export function Agents({ board, nowMS, watched, watch }: Props) {
  const sorted = useSorted<BoardAgent, keyof typeof columns>(board.agents, {
    id: (a) => a.id,
    columns,
    first: "load",
    gone: (a) => ({ ...a, status: "offline", load: 0, tickets: [] }),
  });
  return (
    <section class="card" aria-label="Agents">
      <header>
        <h2>Agents</h2>
        <span class="soft">{board.agents.length} here</span>
      </header>
      <div class="scrolled" tabIndex={0} role="region" aria-label="Table of agents">
        <table class="agents">
          <thead>
            <tr>
              <SortHeader name="agent" sorted={sorted}>
                Agent
              </SortHeader>
              <SortHeader name="status" sorted={sorted}>
                Status
              </SortHeader>
              <SortHeader name="load" sorted={sorted}>
                Load
              </SortHeader>
              <SortHeader name="longest" sorted={sorted} number title="The conversation that an agent has had longest">
                Longest
              </SortHeader>
              <th scope="col">Conversations</th>
            </tr>
          </thead>
          <tbody {...sorted.body}>
            {sorted.rows.map((a) => (
              <Row key={a.id} agent={a} nowMS={nowMS} watched={watched} watch={watch} />
            ))}
          </tbody>
        </table>
        {sorted.rows.length === 0 && <p class="soft empty-row">No agent is here.</p>}
      </div>
      {board.agents_left_out !== undefined && <p class="soft">{board.agents_left_out} more are not shown.</p>}
    </section>
  );
}

interface RowProps extends Omit<Props, "board"> {
  agent: BoardAgent;
}

function Row({ agent: a, nowMS, watched, watch }: RowProps) {
  const longest = longestOf(a);
  return (
    <tr data-testid="agent" data-agent={a.id}>
      <th scope="row">
        <div class="agent-who">
          <Avatar person={personOf(a)} />
          <div>
            <strong>
              <bdi>{nameOf(personOf(a))}</bdi>
            </strong>
            <span class="soft">{[a.languages.join(" "), ...(a.tier > 1 ? [tierOf(a.tier)] : []), ...(a.skills ?? [])].join(" · ")}</span>
          </div>
        </div>
      </th>
      <td>
        <span class={`state ${a.lost === true ? "lost" : a.status}`}>
          <i class="dot" />
          {a.lost === true ? "connection lost" : a.status}
        </span>
      </td>
      <td>
        <div class={full(a) ? "agent-load full" : "agent-load"}>
          <Places load={a.load} capacity={a.capacity} />
          <span>
            {a.load} of {a.capacity}
            {full(a) && ", full"}
          </span>
        </div>
      </td>
      <td class="number" data-label="Longest">
        {longest === undefined ? "–" : span(nowMS - longest)}
      </td>
      <td>
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
                <span>{t.status === "offered" ? "offered" : t.status === "closed" ? "wrapping up" : span(nowMS - (t.assigned_at_ms ?? t.joined_at_ms))}</span>
              </button>
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}

/** When the agent took the conversation that they have had longest, or undefined. */
function longestOf({ tickets = [] }: BoardAgent): number | undefined {
  const since = tickets.flatMap((t) => (t.status === "assigned" && t.assigned_at_ms !== undefined ? [t.assigned_at_ms] : []));
  return since.length === 0 ? undefined : Math.min(...since);
}

function personOf({ id, name }: BoardAgent) {
  return { role: "agent" as const, id, ...(name !== undefined && { name }) };
}
