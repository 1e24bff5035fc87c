import { AGENT_STATUSES, type AgentStatus } from "../../core/index.ts";
import type { DeskClient } from "./client.ts";
import type { Run } from "./run.ts";
import { useKeeper } from "../parts/focus.ts";
import { languageOf, Places, tierOf } from "../parts/people.tsx";

const names: Record<AgentStatus, string> = { available: "Available", away: "Away", offline: "Offline" };

/** The agent's own status and load. */
export function Status({ client, run }: { client: DeskClient; run: Run }) {
  const { desk, wantedStatus } = client;
  const keeper = useKeeper();
  return (
    <section class="status-card" aria-label="Your status">
      <div class="status" role="radiogroup" aria-label="Status">
        {AGENT_STATUSES.map((status) => (
          <label class={`choice ${status}`} key={status}>
            <input
              type="radio"
              name="status"
              data-testid={`status-${status}`}
              disabled={desk === undefined}
              checked={wantedStatus === status}
              onChange={() => client.choose(status, run)}
            />
            <span>
              <i class="dot" />
              {names[status]}
            </span>
          </label>
        ))}
      </div>
      {desk !== undefined && (
        <div class="load">
          <Places load={desk.load} capacity={desk.capacity} />
          <span data-testid="load">
            {desk.load} of {desk.capacity} busy
          </span>
          <span class="soft" title={desk.languages.map((tag) => proficiency(tag, desk.proficiency?.[tag])).join(", ")}>
            {[...desk.languages, ...(desk.tier !== undefined && desk.tier > 1 ? [tierOf(desk.tier)] : [])].join(" · ")}
          </span>
        </div>
      )}
      {desk?.away_reason === "lapsed" && (
        <div class="notice" role="alert" data-testid="away-reason">
          <p>
            <strong>You were set away.</strong> Two offers in a row were not answered, so new ones go to others.
          </p>
          <button class="button small" type="button" data-testid="back" onClick={() => {
              keeper?.home(); // the button goes with the notice
              client.choose("available", run);
            }}>
            I’m back
          </button>
        </div>
      )}
    </section>
  );
}

function proficiency(tag: string, level: number | undefined): string {
  return level === undefined ? languageOf(tag) : `${languageOf(tag)} ${level} of 5`;
}
