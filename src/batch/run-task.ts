import { hostname } from "node:os";
import { OpenCode } from "../agent/open-code.js";
import type { TurnResult } from "../agent/turn-result.js";
import { wireFigures } from "../analysis/wire-figures.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import { factsOfThrown } from "../errors/facts-of-thrown.js";
import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { systemClock } from "../files/clock.js";
import { storePaths } from "../files/store-paths.js";
import { gitState } from "../git/git-state.js";
import type { Progress } from "../opencode/drive.js";
import { pathOfOpenCode } from "../opencode/program.js";
import type { NewScore } from "../scores/new-score.js";
import type { LoopTrace } from "../trace/model.js";
import { totalsOf } from "../trace/totals.js";
import { itemOfRun } from "./experiment-item.js";
import { firstStart } from "./first-start.js";
import { oneAfterAnother } from "./one-after-another.js";
import type { Task, TaskRequest } from "./task.js";
import { figuresOf } from "./task-figures.js";
import { type TaskRunnerOptions, traceOptions, turnOptions } from "./task-options.js";
import { deliveryOf, type TaskResult } from "./task-result.js";
import { DEFAULT_VERIFY_TIMEOUT_MS, runVerify, type Verified } from "./verify.js";
import { verifyScore } from "./verify-score.js";
import { makeWorktree, type Worktree, WorktreeError } from "./worktree.js";

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
  const { defaults = {}, exporter, cwd = process.cwd(), clock = systemClock, verify: all } = options;
  const agent = new OpenCode(defaults);
  const first = firstStart();
  const commits = new Map<string, Promise<string | undefined>>();
  const environment = defaults.environment ?? process.env;
  const commitOf = (directory: string): Promise<string | undefined> => {
    const known = commits.get(directory) ?? gitState(directory, environment).then((git) => git?.commit ?? undefined);
    commits.set(directory, known);
    return known;
  };

  const worktreeOf = async (
    { worktree, instructions }: TaskRequest,
    directory: string,
  ): Promise<Worktree | undefined> => {
    if (worktree === undefined || worktree === false) {
      if (instructions === undefined) return undefined;
      throw new WorktreeError("instructions of another commit need a worktree: give the task `worktree` as well.");
    }
    const ref = worktree === true ? "HEAD" : worktree;
    return await makeWorktree({ directory, ref, instructions }, defaults.store ?? storePaths(environment));
  };

  /** The turn, and whether what it left stands the task's test. */
  const work = async (task: Task, { signal, onProgress }: TaskHooks): Promise<Worked> => {
    const turn = turnOptions(task.request, cwd);
    const asked = turn.directory ?? defaults.directory ?? process.cwd();
    let worktree: Worktree | undefined;
    let entered = false;
    // A signal of its own: many listeners at one and the same look like a leak to Node.
    const own = signal && AbortSignal.any([signal]);
    try {
      worktree = await worktreeOf(task.request, asked);
      const commit = worktree?.commit ?? (await commitOf(asked));
      entered = await first.enter(own);
      const done = await agent.run(task.request.prompt, {
        ...turn,
        ...(worktree === undefined ? {} : inWorktree(worktree, asked, turn.opencode ?? defaults.opencode, environment)),
        tags: traceOptions(options.trace, task, commit).tags,
        signal: own,
        onProgress: (progress) => {
          if (progress.sessionId !== null) first.begun();
          onProgress?.(progress);
        },
      });
      if (entered) first.over();
      entered = false;
      const context = { cwd: worktree?.directory ?? asked, environment, signal: own, all };
      const command = done.traces.length === 0 ? undefined : (task.request.verify ?? all?.command);
      const verify = command === undefined ? null : await verified(command, task, done, context);
      return { done, commit, verify, isVerified: command === undefined || verify?.passed === true };
    } finally {
      if (entered) first.over();
      await worktree?.remove();
    }
  };

  const runTask: TaskRunner = async (task, hooks = {}) => {
    const { signal } = hooks;
    const startedAt = clock.now();
    const about = { id: task.id, line: task.line, digest: task.digest };
    let worked: Worked;
    try {
      worked = await work(task, hooks);
    } catch (problem) {
      if (problem instanceof OpenCodeNotFoundError) throw problem;
      const interrupted = signal?.aborted === true;
      const error = interrupted ? ABORTED : factsOfThrown(problem, { isRefusal: isRefusal(problem) });
      return {
        interrupted,
        result: { ...about, ...NOTHING_RUN, status: "failed", error, startedAt, endedAt: clock.now() },
      };
    }
    const { done, commit, verify, isVerified } = worked;
    const { text, output, error, sessionId, runId, attempts, totals, traces, kept, notes } = done;
    const last = traces.at(-1);
    const { item, notes: itemNotes } = await itemOfRun(task, last?.traceId, exporter);
    const trace = { ...traceOptions(options.trace, task, commit), ...(item === undefined ? {} : { experiment: item }) };
    const score = verify && verifyScore(verify, trace.content ?? true);
    // Of several attempts the last one's traces left what was verified.
    const scores = (one: LoopTrace): readonly NewScore[] => (score && one === last ? [score] : []);
    const delivery = (await exporter?.export(traces, { trace, scores })) ?? [];
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
      wire: wireFigures(traces),
      traceIds: traces.map(({ traceId }) => traceId),
      figures: figuresOf(traces, totals),
      verify,
      urls: (await exporter?.linksTo(traces)) ?? {},
      startedAt,
      endedAt: clock.now(),
      delivery: delivery.map(deliveryOf),
      kept,
      host: hostname(),
      notes: [...notes, ...itemNotes],
    };
    // Without the signal it might have been tried again, or have gone on; its verify command might have passed.
    return { result, interrupted: (error !== null || !isVerified) && signal?.aborted === true };
  };
  // A session takes one prompt at a time; a fork is a session of its own.
  const inSession = oneAfterAnother();
  return (task, hooks) => {
    const { session, fork } = task.request;
    return inSession(fork ? undefined : session, () => runTask(task, hooks));
  };
}

/** What came of a task before its traces went out. */
interface Worked {
  readonly done: TurnResult;
  /** What its directory stood on. */
  readonly commit: string | undefined;
  readonly verify: Verified | null;
  /** Its verify command has passed, or there is none to run. */
  readonly isVerified: boolean;
}

interface VerifyContext {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal | undefined;
  /** For tasks that have none of their own. */
  readonly all: TaskRunnerOptions["verify"];
}

/** What the task's verify command says of what the turn has left; null where it is to begin no more. */
async function verified(
  command: string,
  { id, request }: Task,
  { text, output, error, sessionId }: TurnResult,
  { cwd, environment, signal, all }: VerifyContext,
): Promise<Verified | null> {
  if (signal?.aborted) return null;
  const { prompt, expectedOutput = null } = request;
  const stdin = JSON.stringify({ id, prompt, expectedOutput, text, output, error: error?.code ?? null, sessionId });
  const timeoutMs = request.verifyTimeout ?? all?.timeoutMs ?? DEFAULT_VERIFY_TIMEOUT_MS;
  return await runVerify(command, { cwd, environment, stdin: `${stdin}\n`, timeoutMs, signal });
}

/** The project's own opencode, in `node_modules`, is in no commit. */
function inWorktree(
  { directory }: Worktree,
  asked: string,
  opencode: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
) {
  return { directory, opencode: pathOfOpenCode({ opencode, directory: asked, environment }) };
}

/** What the result of a task says when opencode was not even started. */
export const NOTHING_RUN = {
  text: null,
  output: null,
  sessionId: null,
  runId: null,
  attempts: [],
  totals: totalsOf([]),
  wire: null,
  traceIds: [],
  figures: null,
  verify: null,
  urls: {},
  delivery: [],
  kept: false,
  host: null,
  notes: [],
} as const;

const ABORTED: ErrorFacts = {
  code: "aborted",
  message: "The task was ended before opencode was started.",
  retryable: false,
  evidence: "process",
  abortedBy: "caller",
};

/** Thrown before a model is asked. */
function isRefusal(problem: unknown): boolean {
  return problem instanceof WorktreeError || problem instanceof ConfigurationError;
}
