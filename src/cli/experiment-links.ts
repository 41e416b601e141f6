import type { TaskResult } from "../batch/task-result.js";
import type { PlannedRun } from "../experiment/plan.js";
import { type LabelledLine, worded } from "../terminal/labelled-line.js";
import { oneLine } from "../text/terminal-text.js";

/** Where the first run of each arm that has a link can be looked at. */
export function experimentLinks(
  plan: readonly Pick<PlannedRun, "arm" | "task">[],
  recorded: ReadonlyMap<string, Pick<TaskResult, "urls">>,
): readonly LabelledLine[] {
  const links = new Map<string, string>();
  for (const { arm, task } of plan) {
    const [url] = Object.values(recorded.get(task.id)?.urls ?? {});
    if (url !== undefined && !links.has(arm)) links.set(arm, url);
  }
  return [...links].map(([arm, url]) => worded("trace", `${oneLine(arm)}: ${oneLine(url)}`, "plain"));
}
