import { mergeRuns } from "../batch/merge-runs.js";
import { providerOf, providersOfError } from "../batch/providers.js";
import { NOTHING_RUN, type TaskRun, type TaskRunner } from "../batch/run-task.js";
import type { TaskResult } from "../batch/task-result.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import { factsOfThrown } from "../errors/facts-of-thrown.js";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import type { Clock } from "../files/clock.js";
import type { Progress } from "../opencode/drive.js";
import { isTooDeep } from "../text/json-depth.js";
import { afterRun, withoutAnswer } from "./after-run.js";
import { JOB_VERSION, type JobData, jobDataSchema } from "./job-data.js";
import type { ProviderPause, ProviderPauses } from "./provider-pauses.js";
import type { ResultSpool } from "./result-spool.js";

/** A job as the queue has given it to this worker. */
export interface TakenJob {
  readonly id: string;
  readonly data: unknown;
  /** How often the worker that had it went away before its end. */
  readonly timesLost: number;
  /**
   * Keeps how the job stands. Waits for Redis.
   *
   * @returns false when the queue does not know the job any more
   */
  save(data: JobData): Promise<boolean>;
  readonly onProgress: (progress: Progress) => void;
}

/** What works on jobs. */
export interface WorkerContext {
  readonly run: TaskRunner;
  readonly pauses: ProviderPauses;
  readonly spool: ResultSpool;
  /** How often a task may be run, rate limits not counted. */
  readonly attempts: number;
  /** The model of tasks that name none, to know their provider by. */
  readonly defaultModel: string | undefined;
  /** Ends what runs: it is given back. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly onPause: (providers: readonly string[], pause: ProviderPause) => void;
}

export type JobEnd =
  /** The job has its result, which is kept. */
  | { readonly kind: "finished"; readonly result: TaskResult }
  /** Not before then, ms since the epoch; `run` is false where it was not even started. */
  | { readonly kind: "later"; readonly at: number; readonly run: TaskResult | null }
  /** Ended from outside; another worker starts it again. */
  | { readonly kind: "given-back" }
  /** It is no job of looptrace's, or of another version's. */
  | { readonly kind: "unreadable"; readonly error: ErrorFacts };

/** So often the worker that has a job may go away: then it is the job that ends workers. */
export const MOST_LOST = 5;

/**
 * Works on a job that was taken from the queue.
 *
 * @throws {OpenCodeNotFoundError} when this machine has no opencode; the job is as it was
 */
export async function workOnJob(job: TakenJob, context: WorkerContext): Promise<JobEnd> {
  if (isTooDeep(job.data)) return { kind: "unreadable", error: unreadable() };
  const parsed = jobDataSchema.safeParse(job.data);
  if (!parsed.success) return { kind: "unreadable", error: unreadable(parsed.error.issues[0]?.path) };
  const { data } = parsed;
  // It had its result before: its worker went away before the job was closed, or while Redis was away.
  const known = data.result ?? (await context.spool.get(job.id));
  if (known) return finish(job, data, known, context);
  if (context.signal.aborted) return { kind: "given-back" };
  if (job.timesLost > MOST_LOST) return finish(job, data, withEarlier(data, lost(job, data, context)), context);
  const { task, policy, state } = data;
  const provider = providerOf(task.request.model ?? context.defaultModel);
  const pause = await context.pauses.of(provider, context.clock.now());
  if (pause && (pause.code === "rate_limit" || !policy.keepGoing)) return { kind: "later", at: pause.until, run: null };
  const { result, interrupted } = await runOf(job, data, context);
  if (interrupted) {
    const earlier = withoutAnswer(withEarlier(data, result));
    // What it has cost so far counts.
    if (result.attempts.length > 0) await job.save({ ...data, state: { ...state, earlier } });
    return { kind: "given-back" };
  }
  const now = context.clock.now();
  const end = { result, state, policy, attempts: context.attempts, now, random: context.clock.random() };
  const next = afterRun(end);
  if (next.pause) {
    const providers = providersOfError(task, result, context.defaultModel);
    await context.pauses.pause(providers, next.pause);
    context.onPause(providers, next.pause);
  }
  if (next.kind === "finished") return finish(job, data, next.result, context);
  await job.save({ ...data, state: next.state });
  return { kind: "later", at: next.at, run: result };
}

async function runOf({ onProgress }: TakenJob, { task }: JobData, context: WorkerContext): Promise<TaskRun> {
  const startedAt = context.clock.now();
  try {
    return await context.run(task, { signal: context.signal, onProgress });
  } catch (problem) {
    if (problem instanceof OpenCodeNotFoundError) throw problem;
    const result = withoutRun(task, factsOfThrown(problem), startedAt, context.clock.now());
    return { result, interrupted: context.signal.aborted };
  }
}

/** Keeps the result on this machine until the queue has it. */
async function finish(job: TakenJob, data: JobData, result: TaskResult, { spool }: WorkerContext): Promise<JobEnd> {
  if (data.result === null) {
    await spool.put(job.id, result);
    // Where the queue does not know the job any more, the result stays here for when it is put there anew.
    if (await job.save({ ...data, result })) await spool.remove(job.id);
  }
  return { kind: "finished", result };
}

function withEarlier({ state }: JobData, result: TaskResult): TaskResult {
  return mergeRuns(state.earlier ?? undefined, result);
}

function lost({ timesLost }: TakenJob, { task }: JobData, { clock }: WorkerContext): TaskResult {
  const message = `The worker that had the task went away ${timesLost} times before its end, killed or out of memory perhaps; it is not given to another one.`;
  const error: ErrorFacts = { code: "unknown", message, retryable: true, evidence: "process" };
  return withoutRun(task, error, clock.now(), clock.now());
}

/** The result of a task whose run left nothing that could be told. */
export function withoutRun(
  { id, line, digest }: JobData["task"],
  error: ErrorFacts,
  startedAt: number,
  endedAt: number,
): TaskResult {
  return { id, line, digest, ...NOTHING_RUN, status: "failed", error, startedAt, endedAt };
}

function unreadable(path: readonly PropertyKey[] = []): ErrorFacts {
  const where = path.length === 0 ? "" : ` (${path.join(".")})`;
  const message = `The job is none of looptrace's of version ${JOB_VERSION}${where}: do the batch and its workers have the same version of looptrace?`;
  return { code: "invalid_request", message, retryable: false, evidence: "process", reason: "start" };
}
