import { useEffect, useState } from "preact/hooks";
import type { Department } from "../../core/index.ts";
import type { HTTPClient, QueueSize } from "../parts/http.ts";
import { Icon } from "../parts/Icon.tsx";
import { queueOf } from "../parts/people.tsx";

interface Props {
  available: boolean;
  /** The desk is here. */
  known: boolean;
  http: HTTPClient;
  departments: readonly Department[];
}

const againMS = 10_000;

/** What an agent without a conversation is told: why there is none. */
export function Nothing({ available, known, http, departments }: Props) {
  const queues = useQueues(http, known);
  const paused = queues.filter((q) => q.paused === true && q.size > 0);
  const others = queues.filter((q) => q.paused !== true).reduce((sum, q) => sum + q.size, 0);
  return (
    <div class="empty">
      <Icon name={paused.length > 0 ? "pause" : available ? "clock" : "away"} />
      <div class="paused" role="status" data-testid="paused-queues">
        {paused.map((q) => (
          <p key={`${q.department}/${q.language}`}>
            <strong>{people(q.size)}</strong> in {queueOf(q, departments)}, which a supervisor has paused.
          </p>
        ))}
      </div>
      <p>{!known ? "One moment…" : available ? waiting(others, paused.length > 0) : away(others)}</p>
      <p class="soft">
        <kbd>?</kbd> shows what the keyboard can do
      </p>
    </div>
  );
}

function waiting(others: number, paused: boolean): string {
  if (others > 0) {
    return `${people(others)} in line; you are offered those whom you may serve.`;
  }
  return paused ? "Offers appear here as soon as it goes on." : "No conversation yet. Offers appear here as soon as somebody is in line.";
}

function away(others: number): string {
  return others > 0 ? `${people(others)} in line. You get offers while you are available.` : "You get offers while you are available.";
}

function people(count: number): string {
  return count === 1 ? "1 person waits" : `${count} people wait`;
}

function useQueues(http: HTTPClient, known: boolean): readonly QueueSize[] {
  const [queues, setQueues] = useState<readonly QueueSize[]>([]);
  useEffect(() => {
    if (!known) {
      return undefined;
    }
    let here = true;
    const ask = () =>
      http.queues().then(
        (found) => here && setQueues(found),
        () => undefined, // fewer figures are shown until the next time
      );
    void ask();
    const timer = setInterval(() => void ask(), againMS);
    return () => {
      here = false;
      clearInterval(timer);
    };
  }, [http, known]);
  return queues;
}
