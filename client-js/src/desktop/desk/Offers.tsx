import { useRef } from "preact/hooks";
import type { Department, DeskOffer } from "../../core/index.ts";
import { useTick } from "../parts/draw.ts";
import { Avatar, departmentOf, languageOf, nameOf, tierOf } from "../parts/people.tsx";
import { headStart, span } from "../parts/times.ts";

interface Props {
  offers: readonly DeskOffer[];
  departments: readonly Department[];
  now: () => number;
  accept: (offer: DeskOffer) => void;
  decline: (offer: DeskOffer) => void;
}

/** What is offered, oldest first. */
export function Offers({ offers, departments, now, accept, decline }: Props) {
  useTick(250);
  const [first] = offers;
  return (
    <section class="offers" aria-label="Offers">
      <p class="spoken-only" role="alert">
        {first !== undefined && `Offer: ${nameOf(first.visitor)}, ${first.topic ?? first.department}`}
      </p>
      {offers.map((offer, i) => (
        <article class="offer" key={offer.offer} data-testid="offer" data-offer={offer.offer}>
          <Countdown leftMS={offer.deadline_ms - now()} />
          <div class="offer-who">
            <Avatar person={offer.visitor} />
            <div>
              <h2 data-testid="offer-visitor">
                <bdi>{nameOf(offer.visitor)}</bdi>
              </h2>
              <p class="soft">waiting {span(now() - offer.joined_at_ms)}</p>
            </div>
          </div>
          {offer.topic !== undefined && (
            <p class="offer-topic" dir="auto">
              {offer.topic}
            </p>
          )}
          <ul class="chips" aria-label="About the ticket">
            <li class="chip">{departmentOf(offer.department, departments)}</li>
            <li class="chip">{languageOf(offer.language)}</li>
            {offer.visitor_tier !== undefined && <li class="chip gold">{offer.visitor_tier}</li>}
            {offer.urgency !== undefined && <li class="chip hot">{offer.urgency}</li>}
            {offer.head_start_s !== undefined && <li class="chip">{headStart(offer.head_start_s)}</li>}
            {offer.tier !== undefined && offer.tier > 1 && <li class="chip">{tierOf(offer.tier)}</li>}
            {offer.weight > 1 && <li class="chip">weighs {offer.weight}</li>}
            {offer.transferred_by !== undefined && <li class="chip">from {nameOf(offer.transferred_by)}</li>}
          </ul>
          <div class="offer-do">
            <button class="button primary" type="button" data-testid="accept" onClick={() => accept(offer)}>
              Accept {i === 0 && <kbd>A</kbd>}
            </button>
            <button class="button" type="button" data-testid="decline" onClick={() => decline(offer)}>
              Decline {i === 0 && <kbd>D</kbd>}
            </button>
          </div>
        </article>
      ))}
    </section>
  );
}

function Countdown({ leftMS }: { leftMS: number }) {
  const left = Math.max(0, leftMS);
  const whole = useRef(Math.max(left, 1));
  return (
    <div class="countdown" data-late={left < 5_000}>
      <progress max={whole.current} value={left} aria-hidden="true" />
      <span data-testid="countdown">{Math.ceil(left / 1_000)} s</span>
    </div>
  );
}
