import type { DeskTicket } from "../../core/index.ts";
import { useTick } from "../shared/hooks.ts";

/** What an agent should know of a ticket before they answer. */
export function Facts({ ticket, now }: { ticket: DeskTicket; now: () => number }) {
  useTick(1_000);
  const until = ticket.assigned_at_ms ?? now();
  return (
    <dl class="facts">
      <Fact name="Department" value={`${ticket.department} / ${ticket.language}`} />
      <Fact name="About" value={ticket.topic} />
      <Fact name="Tier" value={ticket.visitor_tier} />
      <Fact name={ticket.assigned_at_ms === undefined ? "Waiting" : "Waited"} value={span(until - ticket.joined_at_ms)} />
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string | undefined }) {
  return value === undefined ? null : (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{value}</dd>
    </div>
  );
}

function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
