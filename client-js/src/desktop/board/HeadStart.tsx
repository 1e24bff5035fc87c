import { useState } from "preact/hooks";
import { isBlank, MAX_HEAD_START_SEC, MAX_REASON_BYTES } from "../../core/index.ts";
import { Dialog } from "../parts/Dialog.tsx";
import type { LineTicket } from "../parts/http.ts";
import { named } from "../parts/people.tsx";
import { onSubmit } from "../../dom/submission.ts";

interface Props {
  ticket: LineTicket;
  set: (seconds: number, reason: string) => Promise<void>;
  close: () => void;
}

const least = -MAX_HEAD_START_SEC / 60;
const most = MAX_HEAD_START_SEC / 60;

/** Changes the head start of a visitor in line, with a reason that stays with the ticket. */
export function HeadStart({ ticket, set, close }: Props) {
  const [minutes, setMinutes] = useState(String((ticket.head_start_s ?? 0) / 60));
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<string>();
  const value = Number(minutes);
  const inRange = minutes.trim() !== "" && value >= least && value <= most;
  const bytes = new TextEncoder().encode(reason.trim()).length;
  const whole = inRange && !isBlank(reason) && bytes <= MAX_REASON_BYTES;
  async function go(): Promise<void> {
    try {
      await set(Math.round(value * 60), reason.trim());
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }
  return (
    <Dialog title={`Head start: ${named(ticket.visitor)}`} close={close} testid="head-start-dialog">
      <form
        {...onSubmit(() => {
          if (whole) {
            void go();
          }
        })}
      >
        <p class="soft">They stand as if they had joined this much earlier; less than none puts them behind. Those who are overtaken are told.</p>
        <div class="fields">
          <label>
            Minutes
            <input
              data-focus
              type="number"
              step="any"
              min={least}
              max={most}
              data-testid="head-start-minutes"
              value={minutes}
              onInput={(event) => setMinutes(event.currentTarget.value)}
            />
          </label>
          <label class="grow">
            Reason
            <input data-testid="head-start-reason" value={reason} required onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
        </div>
        {problem !== undefined && (
          <p class="notice bad" role="alert">
            {problem}
          </p>
        )}
        <footer>
          <p class="soft">{bytes > MAX_REASON_BYTES ? "That reason is too long." : "The reason stays with the ticket."}</p>
          <button class="button primary" type="submit" disabled={!whole} data-testid="head-start-go">
            Set
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
