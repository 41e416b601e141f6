import type { Task } from "../batch/task.js";
import { type TaskResult, taskResultSchema } from "../batch/task-result.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import { errorFromJSON } from "../errors/error-from-json.js";
import { type JobData, readJobData } from "./job-data.js";
import { withoutRun } from "./work-on-job.js";

/** A finished job as the queue hands it back. */
export interface FinishedJob {
  readonly data: unknown;
  readonly returnvalue: unknown;
  readonly failedReason: string | undefined;
  /** ms since the epoch. */
  readonly finishedOn: number;
}

/**
 * What became of a task whose job has finished. The queue is written to by others, so that the result is
 * taken for this task's whatever it calls itself, and one that cannot be read is a failure that says so.
 */
export function outcomeOf(task: Task, job: FinishedJob): TaskResult {
  const about = { id: task.id, line: task.line, digest: task.digest };
  const data = readJobData(job.data);
  const result = data?.result ?? taskResultSchema.safeParse(job.returnvalue).data;
  if (result) return { ...result, ...about };
  return { ...withoutRun({ ...task }, failureOf(job), job.finishedOn, job.finishedOn), ...earlierOf(data) };
}

/** The worker has said it as JSON; else it is the queue's own word. */
function failureOf({ failedReason }: FinishedJob): ErrorFacts {
  if (failedReason?.startsWith("{")) {
    try {
      return errorFromJSON(JSON.parse(failedReason)).facts;
    } catch {
      // Some other text.
    }
  }
  const message =
    failedReason === undefined || failedReason === ""
      ? "The job ended without a result that can be read."
      : `The queue gave the job up: ${failedReason}`;
  return errorFromJSON({ code: "unknown", message, retryable: true, evidence: "process" }).facts;
}

/** What its runs have cost and left is not lost with it. */
function earlierOf(data: JobData | undefined): Partial<TaskResult> {
  const earlier = data?.state.earlier;
  if (!earlier) return {};
  const { attempts, totals, wire, traceIds, urls, delivery, startedAt } = earlier;
  return { attempts, totals, wire, traceIds, urls, delivery, startedAt };
}
