import type { TaskResult } from "../batch/task-result.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import type { PlannedRun } from "./plan.js";

/**
 * Refuses results of runs that asked for something else: they would be compared with what they are not of.
 *
 * @param path of the file of results
 * @throws {ConfigurationError} naming the arms, what differs as far as the results tell, and what to do
 */
export function refuseChanged(
  recorded: ReadonlyMap<string, TaskResult>,
  plan: readonly PlannedRun[],
  path: string,
): void {
  const changed = plan.flatMap((one) => {
    const before = recorded.get(one.task.id);
    return before !== undefined && before.digest !== one.task.digest ? [{ ...one, before }] : [];
  });
  if (changed.length === 0) return;
  const arms = [...new Set(changed.map(({ arm }) => arm))].join(", ");
  const known = [...new Set(changed.flatMap(({ task, before }) => differences(before, task.request)))];
  const what =
    known.length > 0
      ? `what is known to differ: ${known.join(", ")}`
      : "a setting, a case or the commit has changed since";
  throw new ConfigurationError(
    "results",
    `${path} holds results of runs that asked for something else (arms: ${arms}): ${what}. Name another file for the results, -o other.experiment.jsonl; or, to go on with these, ask for the same again (the commit that they began with is --ref).`,
  );
}

/** A result has no request, but some of what was asked for shows in it. */
function differences({ verify, attempts, error }: TaskResult, request: PlannedRun["task"]["request"]): string[] {
  // After a run that failed the command may not have come to run.
  const isVerifyKnown = verify !== null || error === null;
  const model = attempts[0]?.model ?? null;
  return [
    ...(isVerifyKnown && verify?.command !== request.verify ? ["the verify command"] : []),
    ...(request.model !== undefined && model !== null && model !== request.model ? ["the model"] : []),
  ];
}
