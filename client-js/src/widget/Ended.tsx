import { MAX_COMMENT_BYTES, type TicketFrame } from "../core/index.ts";
import { Icon } from "./icons.tsx";
import type { Texts } from "./texts.ts";
import type { Widget } from "./widget.tsx";
import { nameOf, within } from "./words.ts";

/** The end: how it was, and a new start. */
export function ended(w: Widget, texts: Texts, ticket: TicketFrame, again: () => void) {
  const { rating, agent } = ticket;
  const asks = agent !== undefined && (rating === undefined || w.rating.again === true);
  return (
    <div class="ended" data-testid="ended">
      {asks && ratingForm(w, texts, ticket)}
      {rating !== undefined && !asks && (
        <p class="rated" role="status">
          <span class="stars" role="img" aria-label={texts.scores[rating.score - 1] ?? ""}>
            {texts.scores.map((label, i) => (
              <span key={label} class={i < rating.score ? "lit" : ""}>
                {Icon("star")}
              </span>
            ))}
          </span>
          {texts.rated}{" "}
          <button type="button" class="link" onClick={() => w.set(w.rating, { again: true })}>
            {texts.change}
          </button>
        </p>
      )}
      <button class={asks ? "button" : "button primary"} type="button" data-testid="rejoin" onClick={again}>
        {texts.again}
      </button>
    </div>
  );
}

function ratingForm(w: Widget, texts: Texts, ticket: TicketFrame) {
  const form = w.rating;
  const { score = ticket.rating?.score ?? 0, comment = ticket.rating?.comment ?? "" } = form;
  const rate = async () => {
    await w.client?.rate(score, comment.trim());
    form.again = false;
  };
  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        void w.submit(form, texts, rate);
      }}
    >
      <fieldset>
        <legend>{texts.rateTitle(nameOf(ticket.agent, texts))}</legend>
        <div class="stars">
          {texts.scores.map((label, i) => (
            <label key={label} class={i < score ? "lit" : ""}>
              <input
                type="radio"
                name="score"
                aria-label={label}
                checked={i + 1 === score}
                data-testid={`score-${i + 1}`}
                onChange={() => w.set(form, { score: i + 1 })}
              />
              {Icon("star")}
            </label>
          ))}
        </div>
        <p class="soft" aria-hidden="true">
          {texts.scores[score - 1]}
        </p>
      </fieldset>
      {score > 0 && (
        <>
          <textarea
            rows={2}
            dir="auto"
            aria-label={texts.comment}
            placeholder={texts.comment}
            value={comment}
            onInput={(event) => w.set(form, { comment: within(event.currentTarget.value, MAX_COMMENT_BYTES) })}
          />
          <button class="button primary" type="submit">
            {texts.rate}
          </button>
        </>
      )}
      {form.problem && (
        <p class="notice bad" role="alert">
          {form.problem}
        </p>
      )}
    </form>
  );
}
