import type { ComponentChildren } from "preact";
import type { BoardAgent, BoardFrame, BoardTicket, Department } from "../../core/index.ts";
import { nameOf, queueOf } from "../parts/people.tsx";
import { span } from "../parts/times.ts";
import { full, truthOf } from "./judge.ts";
import { midnight, percent, sums } from "./today.ts";

interface Props {
  board: BoardFrame;
  departments: readonly Department[];
  nowMS: number;
  watch: (ticket: BoardTicket) => void;
}

/** A wait that no desk should show. */
const longMS = 600_000;

/** The figures that a supervisor needs first: the state of the lines, the longest wait, the agents without room, the truth of the estimates. */
export function Numbers({ board, departments, nowMS, watch }: Props) {
  const inLine = board.queues.reduce((sum, q) => sum + q.size, 0);
  const stuck = board.queues.filter((q) => q.size > 0 && q.agents_with_room === 0).length;
  const longest = board.queues.filter((q) => q.size > 0 && q.oldest_at_ms !== undefined).sort((a, b) => (a.oldest_at_ms ?? 0) - (b.oldest_at_ms ?? 0))[0];
  const waitedMS = longest?.oldest_at_ms === undefined ? undefined : nowMS - longest.oldest_at_ms;
  const oldest = longest?.oldest;
  const here = board.agents.filter((a) => a.status === "available" && a.lost !== true);
  const loaded = board.agents.filter(full).sort((a, b) => b.load - b.capacity - (a.load - a.capacity) || b.load - a.load);
  const truth = truthOf(board.queues);
  const today = board.today === undefined ? undefined : sums(board.today, midnight(nowMS));
  return (
    <section class="numbers" aria-label="Now">
      <Tile name="In line" value={inLine} testid="in-line" warn={stuck > 0}>
        {stuck === 0 ? "" : stuck === 1 ? "1 queue has no free agent" : `${stuck} queues have no free agent`}
      </Tile>
      <Tile name="Longest wait" value={waitedMS === undefined ? "–" : span(waitedMS)} testid="longest-wait" warn={waitedMS !== undefined && waitedMS > longMS}>
        {oldest !== undefined && (
          <button class="link" type="button" data-testid="longest-waiting" data-ticket={oldest.ticket} onClick={() => watch(oldest)}>
            <bdi>{nameOf(oldest.visitor)}</bdi>
          </button>
        )}
        {longest !== undefined && <span>{queueOf(longest, departments)}</span>}
      </Tile>
      <Tile name="Agents available" value={here.length} testid="agents-available" warn={here.length === 0}>
        {here.filter((a) => !full(a)).length} with room
      </Tile>
      <Tile name="Agents who are full" value={loaded.length} testid="agents-full" warn={here.length > 0 && loaded.length >= here.length}>
        <Names agents={loaded} />
      </Tile>
      <Tile name="Waits that came true" value={percent(truth.share)} testid="truth" warn={truth.share !== undefined && truth.share < 0.7}>
        {truth.judged === 0 ? "none judged yet" : `of ${truth.judged}; the aim is 80\u00a0%`}
      </Tile>
      {today !== undefined && board.today !== undefined && (
        <Tile name="Service level today" value={percent(today.level)} testid="service-level">
          within {span(board.today.target_s * 1_000)}
        </Tile>
      )}
    </section>
  );
}

const named = 2;

/** The first of them by name, and how many more there are. */
function Names({ agents }: { agents: readonly BoardAgent[] }) {
  return (
    <>
      {agents.slice(0, named).map((a) => (
        <bdi key={a.id}>{nameOf({ role: "agent", id: a.id, ...(a.name !== undefined && { name: a.name }) })}</bdi>
      ))}
      {agents.length > named && <span>and {agents.length - named} more</span>}
    </>
  );
}

interface TileProps {
  name: string;
  value: string | number;
  warn?: boolean;
  testid?: string;
  children?: ComponentChildren;
}

export function Tile({ name, value, warn, testid, children }: TileProps) {
  return (
    <dl class={warn === true ? "tile warn" : "tile"}>
      <dt>{name}</dt>
      <dd data-testid={testid}>{value}</dd>
      {children !== undefined && <dd class="more">{children}</dd>}
    </dl>
  );
}
