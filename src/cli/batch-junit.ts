import { readFile } from "node:fs/promises";
import { batchJunit } from "../batch/batch-junit.js";
import { isSettled, readResults } from "../batch/read-results.js";
import type { Task } from "../batch/task.js";
import type { TaskResult } from "../batch/task-result.js";
import type { Mask } from "../masking/mask.js";
import type { Terminal } from "./terminal.js";
import { writeJunit } from "./write-junit.js";

/**
 * Writes what the file of results says of the tasks as JUnit XML; nothing where that was not asked for.
 *
 * @param mask a CI keeps the file
 * @throws {ConfigurationError} when it cannot be written
 */
export async function writeBatchJunit(
  target: string | undefined,
  tasks: readonly Task[],
  results: string,
  mask: Mask,
  terminal: Terminal,
): Promise<void> {
  if (target === undefined) return;
  const byId = new Map<string, TaskResult>();
  const digests = new Map(tasks.map(({ id, digest }) => [id, digest]));
  readResults(await readFile(results), (result) => {
    // One that is done stays so, and one of another task of that name says nothing of this one.
    if (digests.get(result.id) !== result.digest) return;
    const known = byId.get(result.id);
    if (known === undefined || !isSettled({ status: known.status, passed: known.verify?.passed ?? null }))
      byId.set(result.id, mask(result));
  });
  await writeJunit(target, batchJunit(tasks, byId, results), terminal);
}
