import { type Chance, chanceOf, shuffled } from "../analysis/statistics/chance.js";
import { taskOf } from "../batch/parse-tasks.js";
import type { Task, TaskInput, TaskRequest } from "../batch/task.js";
import type { Arm } from "./arm.js";

/** Something that every arm works on. */
export interface Case {
  /** By what it is known. */
  readonly id: string;
  /** What is to be done. */
  readonly request: TaskRequest;
  /** The item of Langfuse's dataset that it is, if it is one. */
  readonly item?: { readonly datasetId: string; readonly itemId: string } | undefined;
}

/** One run of a case by an arm. */
export interface PlannedRun {
  /** The case's id. */
  readonly case: string;
  /** The arm's name. */
  readonly arm: string;
  /** From 0. */
  readonly run: number;
  /** What a batch does for it. */
  readonly task: Task;
}

/** How runs are planned. */
export interface PlanOptions {
  /** What the experiment is called. */
  readonly name: string;
  /** Runs of each case by each arm. */
  readonly runs: number;
  /** By what the order is drawn: the same seed gives the same order. */
  readonly seed: string;
  /** What holds for a case that does not say itself. */
  readonly requestOf: (one: Case, arm: Arm) => Partial<TaskInput>;
}

/**
 * All runs in the order in which they are to be started: every case once by every arm, then every case again. The arms
 * of a case come one behind the other in an order of chance, and next time in the reverse: whatever it does to a run that
 * another one came before it, a warm cache say, favours none of them.
 *
 * @example
 * ```ts
 * import { experimentResult, parseArm, planRuns, readTasks, recordedResults, runBatch, taskRunner } from "looptrace";
 *
 * const cases = (await readTasks("cases.jsonl")).map(({ id, request }) => ({ id, request }));
 * const arms = [parseArm("base"), parseArm("new:model=openai/gpt-5")];
 * const about = { name: "models", seed: "models", runs: 2, base: "base", effect: 0.15 };
 * const plan = planRuns(cases, arms, {
 *   ...about,
 *   requestOf: (_, { settings }) => ({ ...settings, worktree: true }),
 * });
 * await runBatch(plan.map(({ task }) => task), taskRunner(), { results: "cases.experiment.jsonl" });
 * const result = experimentResult(plan, arms, await recordedResults("cases.experiment.jsonl"), about);
 * console.log(result.comparisons);
 * ```
 */
export function planRuns(cases: readonly Case[], arms: readonly Arm[], options: PlanOptions): readonly PlannedRun[] {
  const { runs, seed } = options;
  return Array.from({ length: runs }, (_, run) => run).flatMap((run) => {
    const order = shuffled([...cases.keys()], chanceOf(seed, "cases", run));
    return order.flatMap((at) => {
      const one = cases[at];
      return one ? armsInOrder(arms, at, run, seed).map((arm) => plannedRun(one, arm, run, options)) : [];
    });
  });
}

/** In squares of two cases and two runs, two of each order: also cases that run once are balanced. */
function armsInOrder(arms: readonly Arm[], at: number, run: number, seed: string): readonly Arm[] {
  const chance: Chance = chanceOf(seed, "arms", Math.floor(at / 2), Math.floor(run / 2));
  const order = shuffled(arms, chance);
  return (at + run) % 2 === 0 ? order : order.toReversed();
}

function plannedRun(one: Case, arm: Arm, run: number, { name, requestOf }: PlanOptions): PlannedRun {
  const { id: _, ...request } = one.request;
  const { tags = [], metadata } = request;
  const about = { name, arm: arm.name, case: one.id, run };
  const asked: TaskInput = {
    ...request,
    ...requestOf(one, arm),
    prompt: request.prompt,
    tags: [...new Set([...tags, `experiment:${name}`, `arm:${arm.name}`])],
    metadata: { ...metadata, experiment: name, arm: arm.name, case: one.id, repeat: run + 1 },
    experiment: { ...about, ...(one.item ?? {}) },
  };
  return { case: one.id, arm: arm.name, run, task: taskOf(asked, `${one.id}/${arm.name}/${run + 1}`) };
}
