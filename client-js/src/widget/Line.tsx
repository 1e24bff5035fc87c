import type { TicketFrame } from "../core/index.ts";
import { leave } from "./Leave.tsx";
import { aheadOf, special, waitOf } from "./announcements.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";
import { nameOf } from "./format.ts";

/** The place in line: the number, the people ahead, the wait, how old all that is, and what is special. */
export function line(controller: Controller, texts: Texts, ticket: TicketFrame) {
  const position = ticket.position ?? 1;
  const age = Math.max(0, Math.round((controller.state.now - ticket.as_of_ms) / 1_000));
  const wait = waitOf(ticket, texts);
  const told = special(ticket, texts, controller.state.locale);
  const { hold } = ticket;
  return (
    <section class="hero line" aria-label={texts.yourPlace}>
      <div class="standing">
        <p class="place" data-testid="position" aria-hidden="true" key={position} data-long={position > 999}>
          {position}
        </p>
        <div>
          <h2 data-testid="people-ahead">{aheadOf(ticket, texts)}</h2>
          {wait && (
            <p>
              {texts.wait} <strong data-testid="wait">{wait}</strong>
            </p>
          )}
          <p class="updated" data-testid="updated">
            {age < 2 ? texts.updatedNow : texts.updated(age)}
          </p>
        </div>
      </div>
      {row(position, Math.max(position, ticket.size ?? position))}
      <div class="special">
        {hold && <p>{texts.held(nameOf(hold.agent, texts), Math.max(0, Math.ceil((hold.until_ms - controller.state.now) / 1_000)))}</p>}
        {told.map((text) => (
          <p key={text}>{text}</p>
        ))}
      </div>
      <div class="line-actions">
        {typeof Notification !== "undefined" && Notification.permission === "default" && (
          <button
            type="button"
            class="on-hero"
            onClick={() => {
              controller.attention?.unlock();
              void Notification.requestPermission().then(() => controller.draw());
            }}
          >
            {texts.notify}
          </button>
        )}
        {leave(controller, texts, texts.leave)}
      </div>
    </section>
  );
}

const shown = 9;

/** The line as dots, the front at the end of the row: those ahead, the visitor, those behind. */
function row(position: number, size: number) {
  const from = Math.max(1, Math.min(position - Math.floor(shown / 2), size - shown + 1));
  const dots = Array.from({ length: Math.min(shown, size) }, (_, i) => from + i);
  return (
    <div class="row" aria-hidden="true">
      {dots.at(-1) !== size && <i class="more" />}
      {dots.reverse().map((n) => (
        <i key={n} class={n === position ? "dot you" : n < position ? "dot ahead" : "dot"} />
      ))}
      {from > 1 && <i class="more" />}
      <i class="desk" />
    </div>
  );
}
