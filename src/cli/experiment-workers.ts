import type { BatchOptions } from "../batch/batch-options.js";
import type { BatchSummary } from "../batch/batch-summary.js";
import type { Task } from "../batch/task.js";
import type { Settings } from "../config/settings.js";
import { batchName } from "../fleet/queue-names.js";
import { runFleetBatch } from "../fleet/run-fleet-batch.js";
import type { defaultsOf } from "./batch-inputs.js";
import { type FleetBatchFlags, refuseWorkersFlags, requestFor } from "./commands/fleet-batch.js";
import { queueOf, redisOf } from "./redis-flags.js";
import type { Terminal } from "./terminal.js";

/**
 * Has the runs of an experiment done by the workers of a queue, as tasks of a batch.
 *
 * @throws {ConfigurationError} when a flag is given that only a worker can follow, or there is no such Redis
 */
export async function runOnWorkers(
  tasks: readonly Task[],
  options: BatchOptions & { readonly results: string },
  flags: FleetBatchFlags,
  settings: Settings,
  defaults: Awaited<ReturnType<typeof defaultsOf>>,
  { terminal, clear }: { readonly terminal: Terminal; readonly clear: (() => void) | undefined },
): Promise<BatchSummary> {
  refuseWorkersFlags(flags);
  const queue = queueOf(flags);
  const batchId = flags.batchId === undefined ? undefined : batchName(flags.batchId);
  const redis = await redisOf(flags, terminal, clear);
  try {
    return await runFleetBatch(tasks, {
      ...options,
      ...{ redis, queue, batchId, cancel: flags.cancel },
      requestOf: (request, batch) => requestFor(request, batch, defaults, flags, settings),
    });
  } finally {
    redis.close();
  }
}
