import type { ComponentChildren } from "preact";
import type { TicketFrame } from "../../core/index.ts";
import { useTick } from "../shared/hooks.ts";
import type { VisitorTexts } from "../shared/texts.ts";
import { waitInWords } from "./wait.ts";

interface Props {
  ticket: TicketFrame;
  texts: VisitorTexts;
  /** The log's time in Unix milliseconds. */
  now: () => number;
  leave: ComponentChildren;
}

/** The place in line: the number, who is ahead, the wait, and how old all that is. */
export function Line({ ticket, texts, now, leave }: Props) {
  useTick(1_000);
  const position = ticket.position ?? 1;
  const age = Math.max(0, Math.round((now() - ticket.as_of_ms) / 1_000));
  const reason: string | undefined = ticket.reason && texts.reasons[ticket.reason];
  return (
    <section class="line" aria-label={texts.yourPlace} data-status={ticket.status}>
      <p class="spoken-only" role="status">
        {texts.place(position)}. {texts.waitLabel}: {waitInWords(ticket.wait, texts)}
      </p>
      <h1>{texts.yourPlace}</h1>
      <p class="place" data-testid="position" aria-hidden="true" key={position}>
        {position}
      </p>
      <Row position={position} size={ticket.size ?? position} />
      <p class="ahead" data-testid="people-ahead">
        {ticket.status === "offered" ? texts.offered : texts.ahead(position - 1)}
      </p>
      <p class="wait">
        <span class="soft">{texts.waitLabel}</span> <strong data-testid="wait">{waitInWords(ticket.wait, texts)}</strong>
        <span class="soft" data-testid="updated">
          {" · "}
          {age < 2 ? texts.updatedNow : texts.updated(age)}
        </span>
      </p>
      {reason !== undefined && (
        <p class="notice" data-testid="reason">
          {reason}
        </p>
      )}
      {leave}
    </section>
  );
}

const shown = 9;

/** The line as dots, the front at the right: those ahead, the visitor, those behind. */
function Row({ position, size }: { position: number; size: number }) {
  const from = Math.max(1, Math.min(position - Math.floor(shown / 2), size - shown + 1));
  const dots = Array.from({ length: Math.min(shown, size) }, (_, i) => from + i).filter((n) => n <= size);
  return (
    <div class="row" aria-hidden="true">
      {dots.at(-1) !== size && <span class="more">…</span>}
      {dots.toReversed().map((n) => (
        <span key={n} class={n === position ? "dot you" : n < position ? "dot ahead-dot" : "dot"} />
      ))}
      {from > 1 && <span class="more">…</span>}
      <span class="desk" />
    </div>
  );
}
