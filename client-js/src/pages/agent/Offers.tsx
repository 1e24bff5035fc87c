import { useEffect, useRef } from "preact/hooks";
import type { AgentClient, DeskOffer } from "../../core/index.ts";
import { useTick } from "../shared/hooks.ts";
import { Facts } from "./Facts.tsx";

interface Props {
  client: AgentClient;
  offers: readonly DeskOffer[];
  run: (request: Promise<void>) => void;
  choose: (ticket: string) => void;
}

/** What is offered, oldest first. A accepts the first and D declines it. */
export function Offers({ client, offers, run, choose }: Props) {
  const accept = (offer: DeskOffer) => {
    choose(offer.ticket);
    run(client.accept(offer.offer));
  };
  const decline = (offer: DeskOffer) => run(client.decline(offer.offer));
  useKeys(offers[0], accept, decline);
  return (
    <section class="offers" aria-label="Offers">
      <p class="spoken-only" role="alert">
        {offers[0] !== undefined && `Offer from ${offers[0].visitor.name ?? "a visitor"}`}
      </p>
      {offers.map((offer, i) => (
        <article class="offer" key={offer.offer} data-testid="offer" data-offer={offer.offer}>
          <Countdown deadlineMS={offer.deadline_ms} now={() => client.connection.now()} />
          <h2 data-testid="offer-visitor">{offer.visitor.name ?? "Visitor"}</h2>
          <Facts ticket={offer} now={() => client.connection.now()} />
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

function Countdown({ deadlineMS, now }: { deadlineMS: number; now: () => number }) {
  useTick(250);
  const left = Math.max(0, deadlineMS - now());
  const whole = useRef(left);
  return (
    <div class="countdown">
      <progress max={Math.max(whole.current, 1)} value={left} aria-hidden="true" />
      <span data-testid="countdown">{Math.ceil(left / 1_000)} s</span>
    </div>
  );
}

/** Keys work everywhere but where somebody writes. */
function useKeys(
  offer: DeskOffer | undefined,
  accept: (offer: DeskOffer) => void,
  decline: (offer: DeskOffer) => void,
): void {
  const latest = useRef({ offer, accept, decline });
  latest.current = { offer, accept, decline };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const writing = event.target instanceof Element && event.target.closest("textarea, input:not([type=radio])");
      const { offer: first, accept: take, decline: refuse } = latest.current;
      if (first === undefined || writing || event.repeat || event.ctrlKey || event.metaKey || event.altKey) {
        return;
      }
      if (event.key.toLowerCase() === "a") {
        take(first);
      } else if (event.key.toLowerCase() === "d") {
        refuse(first);
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
