import { type OpenCodeOptions, parseTasks, runBatch, taskRunner } from "looptrace";

/** Runs opencode on tasks, two at once. Results go into a file; the same call again goes on where this one ended. */
export async function manyTasks(lines: string, results: string, options: OpenCodeOptions = {}) {
  const tasks = parseTasks(lines, "the tasks");
  const run = taskRunner({ defaults: { timeoutMs: 600_000, ...options } });
  const { done, failed, cost } = await runBatch(tasks, run, {
    concurrency: 2,
    results,
    limits: { maxCost: 20, maxErrors: 10 },
    onEvent: (event) => {
      if (event.kind === "finished") console.error(event.task.id, event.result.status);
    },
  });
  return { done, failed, cost };
}
