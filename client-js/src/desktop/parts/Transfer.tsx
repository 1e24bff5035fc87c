import { useState } from "preact/hooks";
import { MAX_NOTE_BYTES, type Department, type Person, type TransferTo } from "../../core/index.ts";
import { Dialog } from "./Dialog.tsx";
import type { HTTPClient } from "./http.ts";
import { languageOf, tierNames, named } from "./people.tsx";
import { TeamPicker } from "./TeamPicker.tsx";
import { onSubmit } from "../../dom/submission.ts";

interface Props {
  title: string;
  ticket: { ticket: string; visitor: Person; department: string; language: string };
  departments: readonly Department[];
  http: HTTPClient;
  /** The agents that it cannot go to. */
  except: readonly string[];
  transfer: (to: TransferTo, note: string) => Promise<void>;
  close: () => void;
}

/** Passes a ticket on: to an agent, or to a department with a language and a tier. */
export function Transfer({ title, ticket, departments, http, except, transfer, close }: Props) {
  const [way, setWay] = useState<"agent" | "line">("agent");
  const [agent, setAgent] = useState<string>();
  const [department, setDepartment] = useState(ticket.department);
  const [language, setLanguage] = useState(ticket.language);
  const [tier, setTier] = useState(0);
  const [note, setNote] = useState("");
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const tooLong = new TextEncoder().encode(note).length > MAX_NOTE_BYTES;
  const spoken = departments.find((d) => d.id === department)?.languages ?? [];
  const to: TransferTo = way === "agent" ? { ...(agent !== undefined && { agent }) } : { department, language, ...(tier > 0 && { tier }) };
  const whole = (way === "line" || agent !== undefined) && !tooLong && !busy;

  async function go(): Promise<void> {
    setBusy(true);
    try {
      await transfer(to, note.trim());
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }

  return (
    <Dialog title={`${title}: ${named(ticket.visitor)}`} close={close} testid="transfer-dialog">
      <form
        {...onSubmit(() => {
          if (whole) {
            void go();
          }
        })}
      >
        <div class="segments" role="radiogroup" aria-label="To whom">
          <label>
            <input type="radio" name="way" checked={way === "agent"} data-testid="to-agent" onChange={() => setWay("agent")} />
            <span>An agent</span>
          </label>
          <label>
            <input type="radio" name="way" checked={way === "line"} data-testid="to-line" onChange={() => setWay("line")} />
            <span>A queue or tier</span>
          </label>
        </div>
        {way === "agent" ? (
          <TeamPicker http={http} except={except} chosen={agent} choose={setAgent} language={ticket.language} />
        ) : (
          <div class="fields">
            <label>
              Department
              <select data-testid="to-department" value={department} onChange={(event) => setDepartment(event.currentTarget.value)}>
                {departments.map((d) => (
                  <option key={d.id} value={d.id}>
                    {d.name ?? d.id}
                  </option>
                ))}
              </select>
            </label>
            <label>
              Language
              <select data-testid="to-language" value={language} onChange={(event) => setLanguage(event.currentTarget.value)}>
                {[...new Set([...(spoken.includes(language) ? [] : [language]), ...spoken])].map((tag) => (
                  <option key={tag} value={tag}>
                    {languageOf(tag)}
                  </option>
                ))}
              </select>
            </label>
            <label>
              Tier
              <select data-testid="to-tier" value={tier} onChange={(event) => setTier(Number(event.currentTarget.value))}>
                <option value={0}>As the department asks</option>
                {tierNames.map((name, i) => (
                  <option key={name} value={i + 1}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          </div>
        )}
        <label class="field">
          Note for whoever takes it <span class="soft">(the visitor never sees it)</span>
          <textarea rows={2} dir="auto" data-testid="transfer-note" value={note} onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
        {(tooLong || problem !== undefined) && (
          <p class="notice bad" role="alert" data-testid="transfer-problem">
            {tooLong ? "That note is too long." : problem}
          </p>
        )}
        <footer>
          <p class="soft">They keep the time of their first join.</p>
          <button class="button primary" type="submit" disabled={!whole} data-testid="transfer-go">
            {title}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
