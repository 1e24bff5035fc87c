import { useState } from "preact/hooks";
import type { BoardFrame, BoardQueue, Department } from "../../core/index.ts";
import { Icon } from "../parts/Icon.tsx";
import { queueOf } from "../parts/people.tsx";
import { range, span } from "../parts/times.ts";
import { percent } from "./today.ts";

interface Props {
  board: BoardFrame;
  departments: readonly Department[];
  nowMS: number;
  show: (queue: BoardQueue) => void;
  pause: (queue: BoardQueue) => void;
}

/** Waits judged before their truth is worth saying. */
const enough = 10;

/** The lines of the site: how long, how old, what is said of the wait and how true that was. */
export function Queues({ board, departments, nowMS, show, pause }: Props) {
  const [all, setAll] = useState(true);
  const shown = board.queues.filter((q) => all || q.size > 0 || q.paused === true);
  return (
    <section class="card" aria-label="Queues">
      <header>
        <h2>Queues</h2>
        <label class="check">
          <input type="checkbox" checked={!all} data-testid="only-busy" onChange={(event) => setAll(!event.currentTarget.checked)} />
          Only those with somebody in line
        </label>
      </header>
      <div class="scrolled" tabIndex={0} role="region" aria-label="Table of queues">
        <table>
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col" class="number">
                In line
              </th>
              <th scope="col" class="number">
                Longest wait
              </th>
              <th scope="col" class="number">
                Wait if joining now
              </th>
              <th scope="col" class="number" title="How often the wait that was shown held its range; it aims at 80 %">
                Was true
              </th>
              <th scope="col" class="number">
                Agents with room
              </th>
              <th scope="col">
                <span class="spoken-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((q) => {
              const name = queueOf(q, departments);
              return (
                <tr key={q.queue} data-testid="queue" data-queue={q.queue} data-paused={q.paused === true} class={q.size === 0 ? "quiet" : ""}>
                  <th scope="row">
                    {name}
                    {q.paused === true && <span class="chip hot">paused</span>}
                  </th>
                  <td class="number" data-testid="queue-size">
                    {q.size}
                  </td>
                  <td class="number">{q.size > 0 && q.oldest_at_ms !== undefined ? span(nowMS - q.oldest_at_ms) : "–"}</td>
                  <td class="number">{range(q.wait)}</td>
                  <td class="number">
                    <Truth queue={q} />
                  </td>
                  <td class={q.size > 0 && q.agents_with_room === 0 ? "number none" : "number"}>{q.agents_with_room}</td>
                  <td>
                    <div class="does">
                    <button class="button small" type="button" data-testid="show-line" disabled={q.size === 0} onClick={() => show(q)}>
                      Line
                      <span class="spoken-only"> of {name}</span>
                    </button>
                    <button class="button small" type="button" data-testid="pause" onClick={() => pause(q)}>
                      <Icon name={q.paused === true ? "play" : "pause"} />
                      {q.paused === true ? "Go on" : "Pause"}
                      <span class="spoken-only"> with {name}</span>
                    </button>
                    </div>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {shown.length === 0 && <p class="soft empty-row">Nobody is in line.</p>}
      </div>
      {board.queues_left_out !== undefined && <p class="soft">{board.queues_left_out} more are not shown.</p>}
    </section>
  );
}

function Truth({ queue: { truth } }: { queue: BoardQueue }) {
  if (truth === undefined || truth.judged < enough) {
    return <span class="soft">{truth === undefined || truth.judged === 0 ? "–" : `${truth.judged} so far`}</span>;
  }
  return (
    <span title={`of ${truth.judged} waits`}>
      {percent(truth.inside / truth.judged)} <small class="soft">of {truth.judged}</small>
    </span>
  );
}
