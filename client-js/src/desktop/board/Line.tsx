import { useEffect, useState } from "preact/hooks";
import type { BoardQueue, Department } from "../../core/index.ts";
import type { HTTPClient, LineTicket } from "../parts/http.ts";
import { IconButton } from "../parts/Icon.tsx";
import { nameOf, queueOf, tierOf } from "../parts/people.tsx";
import { headStart, span } from "../parts/times.ts";

interface Props {
  queue: BoardQueue;
  departments: readonly Department[];
  http: HTTPClient;
  nowMS: number;
  /** Rises when the line may have changed. */
  log: number;
  setHeadStart: (ticket: LineTicket) => void;
  reassign: (ticket: LineTicket) => void;
  read: (ticket: LineTicket) => void;
  close: () => void;
}

const againMS = 1_000;

/** The front of one queue, in order, and why each stands where they stand. */
export function Line({ queue, departments, http, nowMS, log, setHeadStart, reassign, read, close }: Props) {
  const { department, language } = queue;
  const [line, setLine] = useState<readonly LineTicket[]>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    let here = true;
    const timer = setTimeout(
      () => {
        http.line(department, language).then(
          (found) => {
            if (here) {
              setLine(found);
              setProblem(undefined);
            }
          },
          (error: unknown) => here && setProblem(error instanceof Error ? error.message : String(error)),
        );
      },
      line === undefined ? 0 : againMS,
    );
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [http, department, language, log]);
  return (
    <aside class="drawer" tabIndex={-1} aria-label={`Line of ${queueOf(queue, departments)}`} data-testid="line">
      <header>
        <div>
          <h2>
            {queueOf(queue, departments)}
          </h2>
          <p class="soft">{queue.size === 1 ? "1 in line" : `${queue.size} in line`}</p>
        </div>
        <IconButton icon="cross" label="Close the line" testid="close-line" onClick={close} />
      </header>
      {problem !== undefined && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
      {line?.length === 0 && <p class="soft empty-row">Nobody is in line.</p>}
      <ol class="line">
        {line?.map((t) => (
          <li key={t.ticket} data-testid="line-ticket" data-ticket={t.ticket}>
            <span class="position">{t.position}</span>
            <div>
              <strong>
                <bdi>{nameOf(t.visitor)}</bdi>
              </strong>
              <p dir="auto">{t.topic}</p>
              <ul class="chips" aria-label="Why they stand here">
                <li class="chip">waiting {span(nowMS - t.joined_at_ms)}</li>
                {t.head_start_s !== undefined && (
                  <li class="chip gold" title={t.head_start_reason} data-testid="line-head-start">
                    {headStart(t.head_start_s)}
                    {t.head_start_reason !== undefined && ` · ${t.head_start_reason}`}
                  </li>
                )}
                {t.visitor_tier !== undefined && <li class="chip gold">{t.visitor_tier}</li>}
                {t.urgency !== undefined && <li class="chip hot">{t.urgency}</li>}
                {t.tier !== undefined && t.tier > 1 && <li class="chip">{tierOf(t.tier)}</li>}
                {t.skills?.map((s) => (
                  <li class="chip" key={s}>
                    {s}
                  </li>
                ))}
                {t.hold !== undefined && <li class="chip">held for {nameOf(t.hold.agent)}</li>}
                {t.status === "offered" && <li class="chip">offered</li>}
                {t.visitor_lost === true && <li class="chip">away</li>}
              </ul>
              <div class="line-do">
                <button class="button small" type="button" data-testid="set-head-start" onClick={() => setHeadStart(t)}>
                  Head start
                </button>
                <button class="button small" type="button" data-testid="reassign" onClick={() => reassign(t)}>
                  Reassign
                </button>
                <button class="button small" type="button" data-testid="read" onClick={() => read(t)}>
                  Read
                </button>
              </div>
            </div>
          </li>
        ))}
      </ol>
    </aside>
  );
}
