import type { BoardFrame } from "../../core/index.ts";
import { span } from "../parts/times.ts";
import { midnight, percent, sums } from "./today.ts";

/** The site in a row of numbers: now, and today. */
export function Numbers({ board, nowMS }: { board: BoardFrame; nowMS: number }) {
  const inLine = board.queues.reduce((sum, q) => sum + q.size, 0);
  const oldest = Math.min(...board.queues.filter((q) => q.size > 0 && q.oldest_at_ms !== undefined).map((q) => q.oldest_at_ms ?? Infinity));
  const here = board.agents.filter((a) => a.status === "available" && a.lost !== true);
  const free = here.filter((a) => a.load < a.capacity).length;
  const today = board.today === undefined ? undefined : sums(board.today, midnight(nowMS));
  return (
    <section class="numbers" aria-label="Now and today">
      <Tile name="In line" value={String(inLine)} testid="in-line" />
      <Tile name="Longest wait" value={Number.isFinite(oldest) ? span(nowMS - oldest) : "–"} warn={nowMS - oldest > 600_000} />
      <Tile name="Agents available" value={String(here.length)} more={`${free} with room`} testid="agents-available" />
      {today !== undefined && board.today !== undefined && (
        <>
          <Tile name="Service level today" value={percent(today.level)} more={`within ${span(board.today.target_s * 1_000)}`} testid="service-level" />
          <Tile name="Answered today" value={String(today.answered)} more={`of ${today.joined} who joined`} testid="answered" />
          <Tile name="Abandoned today" value={String(today.abandoned)} more={percent(today.answered + today.abandoned > 0 ? today.abandoned / (today.answered + today.abandoned) : undefined)} testid="abandoned" />
          <Tile name="Answer after" value={mean(today.waitMS)} more="on average" />
          <Tile name="Handling time" value={mean(today.handlingMS)} more="on average" />
          <Tile name="Rating" value={today.score === undefined ? "–" : today.score.toFixed(1)} more={today.rated === 1 ? "1 rating" : `${today.rated} ratings`} testid="rating-mean" />
          <Tile name="Solved at first contact" value={percent(today.solved)} more="by one agent, no return" />
        </>
      )}
    </section>
  );
}

function mean(ms: number | undefined): string {
  return ms === undefined ? "–" : span(ms);
}

interface TileProps {
  name: string;
  value: string;
  more?: string;
  warn?: boolean;
  testid?: string;
}

function Tile({ name, value, more, warn, testid }: TileProps) {
  return (
    <dl class={warn === true ? "tile warn" : "tile"}>
      <dt>{name}</dt>
      <dd data-testid={testid}>{value}</dd>
      {more !== undefined && <dd class="more">{more}</dd>}
    </dl>
  );
}
