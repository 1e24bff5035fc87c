import { useEffect, useRef, useState } from "preact/hooks";
import type { AgentClient, DeskOffer } from "../../core/index.ts";
import { named } from "../parts/people.tsx";
import { chime } from "../parts/sound.ts";

export interface OfferNews {
  /** What became of the last offer that went without an answer, or empty. */
  lost: string;
  dismiss: () => void;
  /** The agent has answered: what becomes of it is no news. */
  answered: (offer: DeskOffer) => void;
}

/** How much earlier than its deadline an offer may be seen to lapse, for clocks that differ. */
const earlyMS = 1_500;

/** Sounds when a ticket is offered, and tells the agent when an offer is lost. */
export function useOfferNews(client: AgentClient): OfferNews {
  const [lost, setLost] = useState("");
  const answered = useRef(new Set<string>());
  useEffect(() => {
    let before: readonly DeskOffer[] = [];
    return client.on("desk", ({ offers, tickets }) => {
      const here = new Set(offers.map((o) => o.offer));
      if (offers.some((o) => !before.some((b) => b.offer === o.offer))) {
        chime();
        setLost("");
      }
      for (const offer of before) {
        const taken = tickets.some((t) => t.ticket === offer.ticket);
        if (!here.has(offer.offer) && !taken && !answered.current.delete(offer.offer)) {
          const late = client.connection.now() >= offer.deadline_ms - earlyMS;
          setLost(
            late
              ? `The offer of ${named(offer.visitor)} lapsed. They kept their place in line.`
              : `The offer of ${named(offer.visitor)} was taken back.`,
          );
        }
      }
      before = offers;
    });
  }, [client]);
  return { lost, dismiss: () => setLost(""), answered: (offer) => answered.current.add(offer.offer) };
}

/** How long an offer stands first before a key is about it. */
const freshMS = 1_000;

/** The offer that keys are about, and whether it has only just taken the place of another. */
export function useFirst(offer: DeskOffer | undefined): { offer: DeskOffer | undefined; fresh: boolean } {
  const last = useRef<string | undefined>(undefined);
  const fresh = useRef<string | undefined>(undefined);
  const [, redraw] = useState(0);
  const id = offer?.offer;
  if (id !== last.current) {
    fresh.current = last.current === undefined ? undefined : id;
    last.current = id;
  }
  useEffect(() => {
    const timer = setTimeout(() => {
      fresh.current = undefined;
      redraw((n) => n + 1);
    }, freshMS);
    return () => clearTimeout(timer);
  }, [id]);
  return { offer, fresh: id !== undefined && fresh.current === id };
}
