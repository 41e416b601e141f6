import { parseTasks } from "../../src/batch/parse-tasks.js";
import type { Task } from "../../src/batch/task.js";
import type { TaskResult } from "../../src/batch/task-result.js";
import { totalsOf } from "../../src/trace/totals.js";

/** Tasks with the ids `t1`, `t2`, … */
export function someTasks(count: number): readonly Task[] {
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ id: `t${index + 1}`, prompt: `Prompt ${index + 1}` }),
  );
  return parseTasks(lines.join("\n"), "tasks.jsonl");
}

/** A result of a task that is done, at a cost of 1 USD and 10 tokens. */
export function resultOf(task: Task, more: Partial<TaskResult> = {}): TaskResult {
  const { usage } = totalsOf([]);
  return {
    id: task.id,
    line: task.line,
    digest: task.digest,
    status: "done",
    error: null,
    text: "Done.",
    output: "Done.",
    sessionId: `ses_${task.id}`,
    runId: `run-${task.id}`,
    attempts: [{ model: "a/m", sessionId: `ses_${task.id}`, error: null }],
    totals: { ...totalsOf([]), cost: 1, usage: { ...usage, input: 10 } },
    wire: null,
    traceIds: [],
    figures: null,
    verify: null,
    urls: {},
    startedAt: 1_000,
    endedAt: 2_000,
    delivery: [],
    kept: true,
    host: null,
    notes: [],
    ...more,
  };
}
