import { MAX_COMMENT_BYTES, type TicketFrame } from "../core/index.ts";
import { drawing } from "./icons.tsx";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";
import { nameOf, truncate } from "./format.ts";
import { onSubmit } from "../dom/submission.ts";

/** How it was: the question, or what the visitor has answered. */
export function rating(controller: Controller, texts: Texts, ticket: TicketFrame) {
  const given = ticket.rating;
  if (ticket.agent !== undefined && (given === undefined || controller.state.rating.again === true)) {
    return ratingForm(controller, texts, ticket);
  }
  return (
    given && (
      <p class="rated" role="status">
        <span class="stars" role="img" aria-label={texts.scores[given.score - 1] ?? ""}>
          {texts.scores.map((label, i) => (
            <span key={label} class={i < given.score ? "lit" : ""}>
              {star()}
            </span>
          ))}
        </span>
        {texts.rated}{" "}
        <button type="button" class="link" onClick={() => controller.set(controller.state.rating, { again: true })}>
          {texts.change}
        </button>
      </p>
    )
  );
}

function ratingForm(controller: Controller, texts: Texts, ticket: TicketFrame) {
  const form = controller.state.rating;
  const { score = ticket.rating?.score ?? 0, comment = ticket.rating?.comment ?? "" } = form;
  const rate = async () => {
    await controller.state.client?.rate(score, comment.trim());
    form.again = false;
  };
  return (
    <form
      class="rating"
      {...onSubmit(() => void controller.submit(form, texts, rate))}
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
                onChange={() => controller.set(form, { score: i + 1 })}
              />
              {star()}
            </label>
          ))}
        </div>
        <p class="soft" aria-hidden="true">
          {texts.scores[score - 1]}
        </p>
      </fieldset>
      {score > 0 && (
        <>
          <div class="grow" data-text={comment}>
            <textarea
              rows={2}
              dir="auto"
              aria-label={texts.comment}
              placeholder={texts.comment}
              value={comment}
              onInput={(event) => controller.set(form, { comment: truncate(event.currentTarget.value, MAX_COMMENT_BYTES) })}
            />
          </div>
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

function star() {
  return drawing("m12 3 3 6 6 1-4.5 4 1 6-5.5-3-5.5 3 1-6L3 10l6-1z");
}
