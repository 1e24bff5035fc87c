import { useState } from "preact/hooks";
import { NextupError } from "../../core/index.ts";

/** Run awaits a request, shows the reason of a refusal, and reports whether it was done. */
export type Run = (request: Promise<void>) => Promise<boolean>;

/** Returns a Run and the newest refusal, which is shown until it is dismissed. */
export function useRun(): { run: Run; problem: string | undefined; dismiss: () => void } {
  const [problem, setProblem] = useState<string>();
  const run = async (request: Promise<void>) => {
    setProblem(undefined);
    try {
      await request;
      return true;
    } catch (error) {
      setProblem(sentence(error));
      return false;
    }
  };
  return { run, problem, dismiss: () => setProblem(undefined) };
}

/** Why something was refused, for people. */
export function sentence(error: unknown): string {
  if (error instanceof NextupError && error.code === "unknown_offer") {
    return "That offer is no longer yours.";
  }
  return error instanceof Error ? error.message : String(error);
}
