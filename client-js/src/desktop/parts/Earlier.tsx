import { useEffect, useState } from "preact/hooks";
import type { HTTPClient, PastTicket } from "./http.ts";
import { named, topicOf } from "./people.tsx";
import { Stars } from "./Stars.tsx";
import { clock, day, span } from "./times.ts";

interface Props {
  visitor: string;
  /** The ticket that is shown already. */
  except: string;
  http: HTTPClient;
  review: (ticket: PastTicket) => void;
  nowMS: number;
}

/** A visitor's earlier conversations, as long as the site keeps them. */
export function Earlier({ visitor, except, http, review, nowMS }: Props) {
  const [past, setPast] = useState<readonly PastTicket[]>();
  const [problem, setProblem] = useState(false);
  useEffect(() => {
    let here = true;
    http.past(visitor).then(
      (found) => here && setPast(found.filter((t) => t.ticket !== except)),
      () => here && setProblem(true),
    );
    return () => {
      here = false;
    };
  }, [visitor, except]);
  return (
    <section data-testid="earlier">
      <h3>Earlier conversations</h3>
      {problem && <p class="soft">They cannot be read now.</p>}
      {past?.length === 0 && <p class="soft">None that are kept.</p>}
      <ul class="past">
        {past?.map((ticket) => (
          <li key={ticket.ticket}>
            <button type="button" class="past-ticket" data-testid="past-ticket" onClick={() => review(ticket)}>
              <strong dir="auto">{topicOf(ticket)}</strong>
              <span class="soft">
                {day(ticket.joined_at_ms, nowMS)} {clock(ticket.joined_at_ms)}
                {ticket.agent === undefined ? " · not answered" : ` · ${named(ticket.agent)} · ${span(ticket.ended_at_ms - (ticket.assigned_at_ms ?? ticket.joined_at_ms))}`}
              </span>
              <Stars rating={ticket.rating} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
