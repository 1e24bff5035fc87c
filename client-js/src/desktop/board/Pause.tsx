import { useState } from "preact/hooks";
import { MAX_REASON_BYTES, type BoardQueue, type Department } from "../../core/index.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { queueOf } from "../parts/people.tsx";
import { onSubmit } from "../../dom/submission.ts";

interface Props {
  queue: BoardQueue;
  departments: readonly Department[];
  set: (paused: boolean, reason: string) => Promise<void>;
  close: () => void;
}

/** Stops serving a queue, or goes on with it. */
export function Pause({ queue, departments, set, close }: Props) {
  const paused = queue.paused !== true;
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<string>();
  const tooLong = new TextEncoder().encode(reason).length > MAX_REASON_BYTES;
  async function go(): Promise<void> {
    try {
      await set(paused, reason.trim());
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }
  return (
    <Dialog title={`${paused ? "Pause" : "Go on with"} ${queueOf(queue, departments)}`} close={close} testid="pause-dialog">
      <form
        {...onSubmit(() => {
          if (!tooLong) {
            void go();
          }
        })}
      >
        <p class="soft">
          {paused
            ? "Nobody is served from this queue until somebody goes on with it. Those in line are told, keep their places, and others may join."
            : "Those in line are served again, in their order."}
        </p>
        <label class="field">
          Reason <span class="soft">(for the record)</span>
          <input data-focus data-testid="pause-reason" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        {(tooLong || problem !== undefined) && (
          <p class="notice bad" role="alert">
            {tooLong ? "That reason is too long." : problem}
          </p>
        )}
        <footer>
          <span />
          <button class="button primary" type="submit" disabled={tooLong} data-testid="pause-go">
            {paused ? "Pause the queue" : "Go on"}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
