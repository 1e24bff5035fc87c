import { MAX_SCORE, type Rating } from "../../core/index.ts";
import { plain } from "../../dom/text.ts";

/** What the visitor said of the conversation, once they have. */
export function Stars({ rating }: { rating: Rating | undefined }) {
  if (rating === undefined) {
    return null;
  }
  return (
    <span class="rating" data-testid="rating">
      <span role="img" aria-label={`Rated ${rating.score} of ${MAX_SCORE}`} class="stars">
        {"★".repeat(rating.score)}
        <i>{"★".repeat(MAX_SCORE - rating.score)}</i>
      </span>
      {rating.comment !== undefined && (
        <q dir="auto" class="comment">
          {plain(rating.comment)}
        </q>
      )}
    </span>
  );
}
