import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Conversation, Department, DeskOffer } from "../../core/index.ts";
import { useTick } from "../parts/draw.ts";
import { Avatar, departmentOf, languageOf, nameOf, tierOf, named, topicOf } from "../parts/people.tsx";
import type { Place } from "../parts/still.ts";
import { headStart, span } from "../parts/times.ts";
import { isolated } from "../../dom/text.ts";

interface Props {
  offers: readonly DeskOffer[];
  /** The one that keys are about. */
  keyed: string | undefined;
  departments: readonly Department[];
  now: () => number;
  /** Where they stand. */
  places: readonly Place<DeskOffer>[];
  /** What the visitor has written while they waited. */
  conversation: (ticket: string) => Conversation | undefined;
  isTaken: (offer: DeskOffer) => boolean;
  isDeclining: (offer: DeskOffer) => boolean;
  accept: (offer: DeskOffer) => void;
  decline: (offer: DeskOffer) => void;
  takeBack: (offer: DeskOffer) => void;
}

/** How long a card is there before a press counts: it may have come under the pointer. */
const freshMS = 500;

/** What is offered, oldest first. */
export function Offers({ offers, keyed, departments, now, places, conversation, isTaken, isDeclining, accept, decline, takeBack }: Props) {
  useTick(250);
  const first = offers.find((o) => !isDeclining(o));
  return (
    <section class="offers" aria-label="Offers" tabIndex={-1} data-empty={places.length === 0}>
      <p class="spoken-only" role="alert">
        {first !== undefined && `Offer: ${named(first.visitor)}, ${isolated(topicOf(first))}`}
      </p>
      {places.map(({ item: offer, gone }) => {
        const isKeyed = offer.offer === keyed;
        return (
          <Card key={offer.offer} offer={offer} gone={gone}>
            {gone ? <p class="countdown">{isTaken(offer) ? "It is yours" : "No longer offered"}</p> : <Countdown leftMS={offer.deadline_ms - now()} />}
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
            <Written conversation={conversation(offer.ticket)} />
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
              <button class="button primary" type="button" data-testid={gone ? undefined : "accept"} disabled={gone} onClick={() => accept(offer)}>
                Accept {isKeyed && <kbd>A</kbd>}
              </button>
              {isDeclining(offer) && !gone ? (
                <button class="button" type="button" data-testid="keep-offer" onClick={() => takeBack(offer)}>
                  Keep it
                </button>
              ) : (
                <button class="button" type="button" data-testid={gone ? undefined : "decline"} disabled={gone} onClick={() => decline(offer)}>
                  Decline {isKeyed && <kbd>D</kbd>}
                </button>
              )}
            </div>
          </Card>
        );
      })}
    </section>
  );
}

function Card({ offer, gone, children }: { offer: DeskOffer; gone: boolean; children: ComponentChildren }) {
  const [fresh, setFresh] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setFresh(false), freshMS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <article class={fresh ? "offer fresh" : "offer"} data-testid={gone ? "offer-gone" : "offer"} data-offer={offer.offer}>
      {children}
    </article>
  );
}

/** The last words of the visitor, in as much room as they take at most. */
function Written({ conversation }: { conversation: Conversation | undefined }) {
  const written = conversation?.entries.findLast((e) => e.kind === "message" && e.from?.role === "visitor")?.text;
  return (
    <p class={written === undefined ? "offer-text soft" : "offer-text"} dir="auto" data-testid="offer-text" title={written}>
      {written ?? "Nothing written yet"}
    </p>
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
