import type { ComponentChildren } from "preact";
import type { Department, DeskTicket } from "../../core/index.ts";
import { IconButton } from "../parts/Icon.tsx";
import { Avatar, departmentOf, languageOf, nameOf, tierOf } from "../parts/people.tsx";
import { Stars } from "../parts/Stars.tsx";
import { clock, headStart, span } from "../parts/times.ts";
import { Earlier } from "../parts/Earlier.tsx";
import type { HTTPClient, PastTicket } from "../parts/http.ts";
import { plain } from "../../dom/text.ts";

interface Props {
  ticket: DeskTicket;
  /** The agent serves the visitor or wraps up: only then may they read earlier conversations. */
  served: boolean;
  departments: readonly Department[];
  nowMS: number;
  http: HTTPClient;
  review: (ticket: PastTicket) => void;
  close: () => void;
  handOver: (agent: string) => void;
}

/** What an agent should know of a visitor and their ticket. */
export function Facts({ ticket, served, departments, nowMS, http, review, close, handOver }: Props) {
  const assigned = ticket.assigned_at_ms;
  const mine = ticket.guest !== true && ticket.wrap_up_until_ms === undefined;
  return (
    <aside class="facts" tabIndex={-1} aria-label="About the visitor" data-testid="facts">
      <header>
        <Avatar person={ticket.visitor} />
        <div>
          <h2>
            <bdi>{nameOf(ticket.visitor)}</bdi>
          </h2>
          <p class="soft" title="The visitor’s id">
            {ticket.visitor.id}
          </p>
        </div>
        <IconButton icon="cross" label="Hide the facts" testid="hide-facts" shortcut="I" onClick={close} />
      </header>
      <section>
        <h3>Ticket</h3>
        <dl>
          <Fact name="Language">{languageOf(ticket.language)}</Fact>
          {ticket.languages !== undefined && ticket.languages.some((l) => l !== ticket.language) && (
            <Fact name="Also served in">{ticket.languages.filter((l) => l !== ticket.language).map(languageOf).join(", ")}</Fact>
          )}
          <Fact name="Department">{departmentOf(ticket.department, departments)}</Fact>
          {ticket.topic !== undefined && <Fact name="About"><bdi>{plain(ticket.topic)}</bdi></Fact>}
          {ticket.visitor_tier !== undefined && (
            <Fact name="Visitor tier">
              <span class="chip gold">{ticket.visitor_tier}</span>
            </Fact>
          )}
          {ticket.urgency !== undefined && (
            <Fact name="Urgency">
              <span class="chip hot">{ticket.urgency}</span>
            </Fact>
          )}
          {ticket.head_start_s !== undefined && <Fact name="Head start">{headStart(ticket.head_start_s)}</Fact>}
          {ticket.tier !== undefined && <Fact name="Asks for">{tierOf(ticket.tier)}</Fact>}
          {ticket.skills !== undefined && ticket.skills.length > 0 && <Fact name="Skills">{ticket.skills.join(", ")}</Fact>}
          {ticket.wishes !== undefined && ticket.wishes.length > 0 && <Fact name="Wishes">{ticket.wishes.join(", ")}</Fact>}
          {ticket.weight > 1 && <Fact name="Weight">{ticket.weight}</Fact>}
          <Fact name="Joined">{clock(ticket.joined_at_ms)}</Fact>
          {assigned !== undefined && (
            <>
              <Fact name="Waited">{span(assigned - ticket.joined_at_ms)}</Fact>
              <Fact name="Conversation">{span(nowMS - assigned)}</Fact>
            </>
          )}
          {ticket.transferred_by !== undefined && <Fact name="Passed on by">{nameOf(ticket.transferred_by)}</Fact>}
        </dl>
      </section>
      {ticket.rating !== undefined && (
        <section>
          <h3>Rating</h3>
          <Stars rating={ticket.rating} />
        </section>
      )}
      {ticket.guests !== undefined && ticket.guests.length > 0 && (
        <section>
          <h3>Invited</h3>
          <ul class="guests">
            {ticket.guests.map((guest) => (
              <li key={guest.id}>
                <Avatar person={guest} />
                <bdi>{nameOf(guest)}</bdi>
                {mine && (
                  <button class="button small" type="button" data-testid="hand-over" onClick={() => handOver(guest.id)}>
                    Hand over
                  </button>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
      {served && <Earlier key={ticket.visitor.id} visitor={ticket.visitor.id} except={ticket.ticket} http={http} review={review} nowMS={nowMS} />}
    </aside>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}
