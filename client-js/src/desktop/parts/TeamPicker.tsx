import { useEffect, useState } from "preact/hooks";
import type { Colleague, HTTPClient } from "./http.ts";
import { Avatar, nameOf, Places, tierOf } from "./people.tsx";

interface Props {
  http: HTTPClient;
  /** The agents that cannot be chosen. */
  except: readonly string[];
  chosen: string | undefined;
  choose: (agent: string | undefined) => void;
  /** The ticket's language; its speakers come first. */
  language: string;
}

/** The team to choose one of, the best placed first. */
export function TeamPicker({ http, except, chosen, choose, language }: Props) {
  const [team, setTeam] = useState<readonly Colleague[]>();
  const [problem, setProblem] = useState<string>();
  const [words, setWords] = useState("");
  useEffect(() => {
    http.team().then(setTeam, (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  }, [http]);
  const wanted = words.trim().toLowerCase();
  const shown = (team ?? [])
    .filter((a) => !except.includes(a.id))
    .filter((a) => `${a.name ?? ""} ${a.id} ${a.languages.join(" ")} ${(a.skills ?? []).join(" ")}`.toLowerCase().includes(wanted))
    .sort((a, b) => rank(a, language) - rank(b, language));
  return (
    <div class="team">
      <input
        data-focus
        type="text"
        enterKeyHint="search"
        aria-label="Find an agent"
        placeholder="Find by name, language or skill"
        data-testid="team-search"
        value={words}
        onInput={(event) => setWords(event.currentTarget.value)}
      />
      {problem !== undefined && (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
      {team !== undefined && shown.length === 0 && <p class="soft">Nobody like that is here.</p>}
      <div class="team-list" role="radiogroup" aria-label="Agent">
        {shown.map((a) => (
          <label class="mate" key={a.id} data-chosen={chosen === a.id} data-testid="colleague" data-agent={a.id}>
            <input type="radio" name="agent" checked={chosen === a.id} onChange={() => choose(a.id)} />
            <Avatar person={{ role: "agent", id: a.id, ...(a.name !== undefined && { name: a.name }) }} />
            <span class="mate-who">
              <strong>
                <bdi>{nameOf({ role: "agent", id: a.id, ...(a.name !== undefined && { name: a.name }) })}</bdi>
              </strong>
              <span class="soft">
                {[a.lost === true ? "connection lost" : a.status, ...(a.tier > 1 ? [tierOf(a.tier)] : []), a.languages.join(", "), ...(a.skills ?? [])].join(" · ")}
              </span>
            </span>
            <span class="mate-load">
              <Places load={a.load} capacity={a.capacity} />
              <span class="spoken-only">
                {a.load} of {a.capacity} busy
              </span>
            </span>
          </label>
        ))}
      </div>
    </div>
  );
}

/** Puts agents with room that speak the language first, and absent ones last. */
function rank(a: Colleague, language: string): number {
  const away = a.status !== "available" || a.lost === true;
  return (away ? 4 : 0) + (a.languages.includes(language) ? 0 : 2) + (a.load < a.capacity ? 0 : 1);
}
