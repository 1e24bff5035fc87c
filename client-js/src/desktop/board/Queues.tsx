import { useState } from "preact/hooks";
import type { BoardFrame, BoardQueue, BoardTicket, Department } from "../../core/index.ts";
import { Icon } from "../parts/Icon.tsx";
import { nameOf, queueOf } from "../parts/people.tsx";
import { range, span } from "../parts/times.ts";
import { enough, placesOf, untrue } from "./judge.ts";
import { SortHeader, useSorted, type Column } from "./sorted.tsx";
import { percent } from "./today.ts";

interface Props {
  board: BoardFrame;
  departments: readonly Department[];
  nowMS: number;
  show: (queue: BoardQueue) => void;
  pause: (queue: BoardQueue) => void;
  watch: (ticket: BoardTicket) => void;
}

type Name = "queue" | "size" | "longest" | "wait" | "truth" | "room";

/** The lines of the site: how long, how old, what is said of the wait and how true that was. */
export function Queues({ board, departments, nowMS, show, pause, watch }: Props) {
  const [all, setAll] = useState(true);
  const columns: Record<Name, Column<BoardQueue>> = {
    queue: { by: (q) => queueOf(q, departments), order: "ascending" },
    size: { by: (q) => q.size, order: "descending" },
    longest: { by: (q) => -(oldestAt(q) ?? Infinity), order: "descending" },
    wait: { by: ({ wait: { known, high_s = 0 } }) => (known ? high_s : -1), order: "descending" },
    truth: { by: ({ truth }) => (truth === undefined || truth.judged < enough ? 2 : truth.inside / truth.judged), order: "ascending" },
    room: { by: (q) => q.agents_with_room, order: "ascending" },
  };
  const sorted = useSorted<BoardQueue, Name>(
    board.queues.filter((q) => all || q.size > 0 || q.paused === true),
    { id: (q) => q.queue, columns, first: "longest", gone: (q) => board.queues.find(({ queue }) => queue === q.queue) ?? { ...q, size: 0 } },
  );
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
        <table class="queues">
          <thead>
            <tr>
              <SortHeader name="queue" sorted={sorted}>
                Queue
              </SortHeader>
              <SortHeader name="size" sorted={sorted} number>
                In line
              </SortHeader>
              <SortHeader name="longest" sorted={sorted} number>
                Longest wait
              </SortHeader>
              <SortHeader name="wait" sorted={sorted} number>
                Wait if joining now
              </SortHeader>
              <SortHeader name="truth" sorted={sorted} number title="How often the wait that was shown held its range; it aims at 80 %">
                Was true
              </SortHeader>
              <SortHeader name="room" sorted={sorted} number>
                Agents with room
              </SortHeader>
              <th scope="col">
                <span class="spoken-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody {...sorted.body}>
            {sorted.rows.map((q) => {
              const name = queueOf(q, departments);
              return (
                <tr key={q.queue} data-testid="queue" data-queue={q.queue} data-paused={q.paused === true} class={q.size === 0 ? "quiet" : ""}>
                  <th scope="row">
                    {name}
                    {q.paused === true && <span class="chip hot">paused</span>}
                    {q.withdrawn === true && (
                      <span class="chip hot" title="The site file has this queue no more. Open the line to move those who wait in it.">
                        withdrawn
                      </span>
                    )}
                    {q.unattended === true && q.size > 0 && <span class="chip hot">no agent here</span>}
                  </th>
                  <td class="number" data-label="In line" data-testid="queue-size">
                    {q.size}
                  </td>
                  <td class="number" data-label="Longest wait">
                    <Longest queue={q} nowMS={nowMS} watch={watch} />
                  </td>
                  <td class="number" data-label="If joining now">
                    {range(q.wait)}
                  </td>
                  <td class="number" data-label="Was true">
                    <Truth queue={q} />
                  </td>
                  <td class={q.size > 0 && q.agents_with_room === 0 ? "number none" : "number"} data-label="Agents with room">
                    {q.agents_with_room}
                  </td>
                  <td class="acts">
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
        {sorted.rows.length === 0 && <p class="soft empty-row">Nobody is in line.</p>}
      </div>
      {board.queues_left_out !== undefined && <p class="soft">{board.queues_left_out} more are not shown.</p>}
    </section>
  );
}

/** The time at which the visitor with the longest wait joined, or undefined for an empty line. */
function oldestAt({ size, oldest_at_ms }: BoardQueue): number | undefined {
  return size > 0 ? oldest_at_ms : undefined;
}

function Longest({ queue, nowMS, watch }: { queue: BoardQueue; nowMS: number; watch: (ticket: BoardTicket) => void }) {
  const at = oldestAt(queue);
  const { oldest } = queue;
  if (at === undefined) {
    return <>–</>;
  }
  return (
    <div class="longest">
      {oldest !== undefined && (
        <button class="link" type="button" data-testid="oldest" data-ticket={oldest.ticket} onClick={() => watch(oldest)}>
          <bdi>{nameOf(oldest.visitor)}</bdi>
        </button>
      )}
      <span>{span(nowMS - at)}</span>
    </div>
  );
}

function Truth({ queue: { truth } }: { queue: BoardQueue }) {
  if (truth === undefined || truth.judged < enough) {
    return <span class="soft">{truth === undefined || truth.judged === 0 ? "–" : `${truth.judged} so far`}</span>;
  }
  const share = (
    <>
      {percent(truth.inside / truth.judged)} <small class="soft">of {truth.judged}</small>
    </>
  );
  if (truth.bands === undefined) {
    return <span title={`of ${truth.judged} waits`}>{share}</span>;
  }
  const bad = truth.bands.find(untrue);
  return (
    <details class="truth" data-testid="truth-by-place" onToggle={({ currentTarget }) => currentTarget.parentElement?.toggleAttribute("data-opened", currentTarget.open)}>
      <summary title="Show it by the place at which people joined">
        {share}
        {bad !== undefined && <small class="untrue">not at place {placesOf(bad)}</small>}
      </summary>
      <ul aria-label="By the place at which people joined">
        {truth.bands.map((band) => (
          <li key={band.from} class={untrue(band) ? "untrue" : ""}>
            <span>place {placesOf(band)}</span> {band.judged < enough ? <small class="soft">{band.judged} so far</small> : <span>{percent(band.inside / band.judged)}</span>}
            {band.judged >= enough && <small class="soft">of {band.judged}</small>}
            {band.over !== undefined && <small class="soft">{band.over} over what was shown</small>}
          </li>
        ))}
      </ul>
    </details>
  );
}
