import { hostname } from "node:os";
import type { Progress } from "../opencode/drive.js";
import type { JobProgress } from "./job-data.js";

const LEAST_BETWEEN_MS = 2_000;

/**
 * Tells the queue how far a run has come, not more often than every two seconds, and nothing while an earlier
 * word is still on its way: Redis may be away.
 *
 * @param send what it rejects with is ignored
 */
export function progressReporter(
  send: (progress: JobProgress) => Promise<void>,
  now: () => number = Date.now,
): (progress: Progress) => void {
  let sending = false;
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    if (sending || now() - last < LEAST_BETWEEN_MS) return;
    sending = true;
    last = now();
    send(jobProgressOf(progress))
      .catch(() => undefined)
      .finally(() => {
        sending = false;
      });
  };
}

function jobProgressOf({ sessionId, step, phase, toolsDone, tokens, cost }: Progress): JobProgress {
  const sum = tokens.input + tokens.output + tokens.reasoning + tokens.cacheRead + tokens.cacheWrite;
  return { worker: hostname(), sessionId, step, phase: phase.kind, toolsDone, tokens: sum, cost };
}
