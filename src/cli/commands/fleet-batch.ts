import { fieldsFor } from "../../agent/setting-surfaces.js";
import type { BatchSummary } from "../../batch/batch-summary.js";
import { recordedResults } from "../../batch/results.js";
import { type TaskRequest, taskRequestSchema } from "../../batch/task.js";
import type { Settings } from "../../config/settings.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { checkPackages } from "../../fleet/packages.js";
import { batchName } from "../../fleet/queue-names.js";
import { runFleetBatch } from "../../fleet/run-fleet-batch.js";
import { quickMask } from "../../masking/mask.js";
import { terminalJson } from "../../text/terminal-json.js";
import { defaultsOf, resultsPath, tasksOf } from "../batch-inputs.js";
import { writeBatchJunit } from "../batch-junit.js";
import { batchProgress } from "../batch-progress.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { onInterrupt } from "../interrupt.js";
import { queueOf, type RedisFlags, redisOf } from "../redis-flags.js";
import type { Terminal } from "../terminal.js";
import { verifyLines } from "../verify-lines.js";
import { refuseTwoDocuments } from "../write-junit.js";
import { type BatchFlags, batchOptions, isLeft, paintSummary, quickly } from "./batch.js";

export type FleetBatchFlags = BatchFlags & RedisFlags;

/**
 * `looptrace batch --redis`: many tasks, done by the workers of a queue.
 *
 * @param source a file of tasks, or `-`
 */
export async function fleetBatch(source: string, flags: FleetBatchFlags, terminal: Terminal): Promise<ExitCode> {
  checkPackages();
  refuseWorkersFlags(flags);
  refuseTwoDocuments(flags);
  const context = new CommandContext(flags, terminal);
  const { settings, masking } = context;
  const queue = queueOf(flags);
  const batchId = flags.batchId === undefined ? undefined : batchName(flags.batchId);
  const tasks = await tasksOf(source, terminal);
  const results = resultsPath(source, flags.output, terminal);
  // Directories are the workers', and need not be here.
  const { dir: _, ...elsewhere } = flags;
  const defaults = await defaultsOf("batch", elsewhere, context, terminal);
  const quick = quickMask(masking);
  const progress = flags.quiet ? undefined : batchProgress(terminal);
  const redis = await redisOf(flags, terminal, progress?.clear);
  const interrupt = onInterrupt(() => {
    progress?.clear();
    terminal.err(
      flags.cancel
        ? "looptrace: stopping; what no worker has begun leaves the queue, the rest is fetched by the same command. Once more quits at once.\n"
        : "looptrace: stopping; the tasks stay in the queue, and the same command fetches their results. Once more quits at once.\n",
    );
  });
  let summary: BatchSummary;
  try {
    summary = await runFleetBatch(tasks, {
      redis,
      queue,
      results,
      batchId,
      requestOf: (request, batch) => requestFor(request, batch, defaults, flags, settings),
      cancel: flags.cancel,
      ...batchOptions(flags, settings, defaults.model, (event, standing) =>
        progress?.tell(quickly(event, quick), standing),
      ),
      signal: interrupt.signal,
    });
  } finally {
    progress?.stop();
    redis.close();
    interrupt.done();
  }
  if (flags.json) terminal.out(`${terminalJson(summary)}\n`);
  else if (flags.junit !== "-") {
    const verified = quick(verifyLines(tasks, await recordedResults(results), flags.verify));
    terminal.out(`${paintSummary(summary, terminal, verified)}\n`);
  }
  await writeBatchJunit(flags.junit, tasks, results, quick, terminal);
  if (interrupt.signal.aborted) return EXIT.interrupted;
  if (isLeft(summary)) return EXIT.tasksLeft;
  // What waits in the outboxes of the workers is theirs to deliver.
  return summary.undelivered === 0 ? EXIT.ok : EXIT.undelivered;
}

/** @throws {ConfigurationError} when a flag is given that only a worker can follow */
export function refuseWorkersFlags(flags: FleetBatchFlags): void {
  const typed: Readonly<Record<string, boolean>> = {
    "--concurrency": flags.concurrency !== undefined,
    "--driver": flags.driver !== undefined,
    "--opencode": flags.opencode !== undefined,
    "--trace-name": flags.traceName !== undefined,
    "--environment": flags.environment !== undefined,
    "--release": flags.release !== undefined,
    "--no-content": flags.content === false,
    "--scores": flags.scores === true,
    "--no-scores": flags.scores === false,
    "--phases": flags.phases === true,
    "--no-wire": flags.wire === false,
    "--full-input": flags.fullInput === true,
    "--propagate": flags.propagate === true,
    "--mask": Array.isArray(flags.mask),
    "--no-mask": flags.mask === false,
  };
  const [flag] = Object.entries(typed).flatMap(([name, given]) => (given ? [name] : []));
  if (flag !== undefined)
    throw new ConfigurationError(
      flag,
      `${flag} is for the workers to know.\nWith --redis, give it to looptrace worker instead.`,
    );
}

/** What a worker is asked for: the task, and what the flags and the configuration here say for all tasks. */
export function requestFor(
  request: TaskRequest,
  batch: string,
  defaults: Awaited<ReturnType<typeof defaultsOf>>,
  flags: FleetBatchFlags,
  { trace }: Settings,
): TaskRequest {
  const forAll = {
    ...fieldsFor("task", defaults),
    ...(defaults.mcp.length === 0 ? { mcp: undefined } : {}),
    directory: flags.dir,
    userId: trace.userId,
    verify: flags.verify,
    verifyTimeout: flags.verifyTimeout,
  };
  const tags = [...new Set([...(trace.tags ?? []), ...(request.tags ?? [])])];
  const metadata = { batch, ...trace.metadata, ...request.metadata };
  const whole = { ...forAll, ...request, metadata, ...(tags.length === 0 ? {} : { tags }) };
  // As it goes through the queue: what is undefined here is not there at all.
  return taskRequestSchema.parse(JSON.parse(JSON.stringify(whole)));
}
