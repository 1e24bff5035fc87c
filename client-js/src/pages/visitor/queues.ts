import { useEffect, useState } from "preact/hooks";
import type { Wait } from "../../core/index.ts";

/** A row of GET /v1/queues. */
export interface QueueRow {
  department: string;
  language: string;
  size: number;
  wait: Wait;
}

const everyMS = 5_000;

/** The queues as they are now, for a page that shows the wait before joining. */
export function useQueues(token: () => string | Promise<string>): QueueRow[] {
  const [rows, setRows] = useState<QueueRow[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const load = async () => {
      try {
        const headers = { Authorization: `Bearer ${await token()}` };
        const answer = await fetch("v1/queues", { headers, signal: stop.signal });
        setRows(answer.ok ? ((await answer.json()) as QueueRow[]) : []);
      } catch {
        if (!stop.signal.aborted) {
          setRows([]); // no estimate is better than an old one
        }
      }
    };
    void load();
    const timer = setInterval(() => void load(), everyMS);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [token]);
  return rows;
}
