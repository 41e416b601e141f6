import { gitCommit } from "../agent/git-commit.js";
import { OpenCode } from "../agent/open-code.js";
import type { TurnResult } from "../agent/turn-result.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { RunRequestError } from "../errors/run-request-error.js";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { messageOf } from "../errors/thrown.js";
import { systemClock } from "../files/clock.js";
import type { Progress } from "../opencode/drive.js";
import { oneLine } from "../text/bounded-text.js";
import { totalsOf } from "../trace/totals.js";
import { firstStart } from "./first-start.js";
import { oneAfterAnother } from "./one-after-another.js";
import type { Task } from "./task.js";
import { type TaskRunnerOptions, traceOptions, turnOptions } from "./task-options.js";
import { deliveryOf, type TaskResult } from "./task-result.js";

/** What a caller follows of a task, and the signal that ends it. */
export interface TaskHooks {
  /** Ends the task; what happened so far is traced all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Told where opencode's run stands, many times a second; must not throw. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** One task that was worked on. */
export interface TaskRun {
  /** What became of it. */
  readonly result: TaskResult;
  /** It was ended before it came to a result of its own, by its signal: it is to be done again. */
  readonly interrupted: boolean;
}

/**
 * Works on one task and delivers its traces.
 *
 * @throws {OpenCodeNotFoundError} when there is no opencode: no other task would fare better
 */
export type TaskRunner = (task: Task, hooks?: TaskHooks) => Promise<TaskRun>;

/**
 * Makes what works on tasks, several at once if need be: each runs opencode on its prompt, keeps the session
 * and delivers the traces. A turn that fails is a result like any other; so is a request that makes no sense.
 */
export function taskRunner(options: TaskRunnerOptions = {}): TaskRunner {
  const { defaults = {}, exporter, cwd = process.cwd(), clock = systemClock } = options;
  const agent = new OpenCode(defaults);
  const first = firstStart();
  const commits = new Map<string, Promise<string | undefined>>();
  const commitOf = (directory: string): Promise<string | undefined> => {
    const known = commits.get(directory) ?? gitCommit(directory);
    commits.set(directory, known);
    return known;
  };

  const runTask: TaskRunner = async (task, { signal, onProgress } = {}) => {
    const startedAt = clock.now();
    const about = { id: task.id, line: task.line, digest: task.digest };
    const turn = turnOptions(task.request, cwd);
    const commit = await commitOf(turn.directory ?? defaults.directory ?? process.cwd());
    let done: TurnResult;
    let entered = false;
    try {
      // A signal of its own: many listeners at one and the same look like a leak to Node.
      const own = signal && AbortSignal.any([signal]);
      entered = await first.enter(own);
      done = await agent.run(task.request.prompt, {
        ...turn,
        signal: own,
        onProgress: (progress) => {
          if (progress.sessionId !== null) first.begun();
          onProgress?.(progress);
        },
      });
    } catch (problem) {
      if (problem instanceof OpenCodeNotFoundError) throw problem;
      const interrupted = signal?.aborted === true;
      const error = interrupted ? ABORTED : factsOf(problem);
      return {
        interrupted,
        result: { ...about, ...NOTHING_RUN, status: "failed", error, startedAt, endedAt: clock.now() },
      };
    } finally {
      if (entered) first.over();
    }
    const { text, output, error, sessionId, runId, attempts, totals, traces, kept, notes } = done;
    const trace = traceOptions(options.trace, task, commit);
    const delivery = (await exporter?.export(traces, { trace })) ?? [];
    const result: TaskResult = {
      ...about,
      status: error === null ? "done" : "failed",
      error,
      text,
      output,
      sessionId,
      runId,
      attempts,
      totals,
      traceIds: traces.map(({ traceId }) => traceId),
      urls: (await exporter?.linksTo(traces)) ?? {},
      startedAt,
      endedAt: clock.now(),
      delivery: delivery.map(deliveryOf),
      kept,
      notes,
    };
    // Without the signal it might have been tried again, or have gone on.
    return { result, interrupted: error !== null && signal?.aborted === true };
  };
  // A session takes one prompt at a time; a fork is a session of its own.
  const inSession = oneAfterAnother();
  return (task, hooks) => {
    const { session, fork } = task.request;
    return inSession(fork ? undefined : session, () => runTask(task, hooks));
  };
}

/** What the result of a task says when opencode was not even started. */
export const NOTHING_RUN = {
  text: null,
  output: null,
  sessionId: null,
  runId: null,
  attempts: [],
  totals: totalsOf([]),
  traceIds: [],
  urls: {},
  delivery: [],
  kept: false,
  notes: [],
} as const;

const ABORTED: ErrorFacts = {
  code: "aborted",
  message: "The task was ended before opencode was started.",
  retryable: false,
  evidence: "process",
  abortedBy: "caller",
};

/** Why there was no turn. */
function factsOf(problem: unknown): ErrorFacts {
  const message = oneLine(messageOf(problem));
  if (problem instanceof RunRequestError || problem instanceof SessionNotFoundError)
    return { code: "invalid_request", message, retryable: false, evidence: "process", reason: "start" };
  return { code: "unknown", message, retryable: true, evidence: "process" };
}
