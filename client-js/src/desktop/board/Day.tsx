import type { BoardToday } from "../../core/index.ts";
import { span } from "../parts/times.ts";
import { Chart } from "./Chart.tsx";
import { Tile } from "./Numbers.tsx";
import { midnight, percent, sums } from "./today.ts";

/** What the day came to so far, in numbers and by quarters of an hour. */
export function Day({ today, nowMS }: { today: BoardToday; nowMS: number }) {
  const day = sums(today, midnight(nowMS));
  const ended = day.answered + day.abandoned;
  return (
    <div class="today">
      <section class="numbers" aria-label="Today">
        <Tile name="Answered today" value={day.answered} testid="answered">
          of {day.joined} who joined
        </Tile>
        <Tile name="Abandoned today" value={day.abandoned} testid="abandoned">
          {percent(ended > 0 ? day.abandoned / ended : undefined)}
        </Tile>
        <Tile name="Answer after" value={mean(day.waitMS)}>
          on average
        </Tile>
        <Tile name="Handling time" value={mean(day.handlingMS)}>
          on average
        </Tile>
        <Tile name="Rating" value={day.score === undefined ? "–" : day.score.toFixed(1)} testid="rating-mean">
          {day.rated === 1 ? "1 rating" : `${day.rated} ratings`}
        </Tile>
        <Tile name="Solved at first contact" value={percent(day.solved)}>
          by one agent, no return
        </Tile>
      </section>
      <Chart today={today} nowMS={nowMS} />
    </div>
  );
}

function mean(ms: number | undefined): string {
  return ms === undefined ? "–" : span(ms);
}
