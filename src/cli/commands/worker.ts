import { hostname } from "node:os";
import type { AgentFlags } from "../../agent/setting-surfaces.js";
import { taskRunner } from "../../batch/run-task.js";
import { isResultDelivered } from "../../batch/task-result.js";
import type { MaskFlags } from "../../config/masking.js";
import type { TraceFlags } from "../../config/settings.js";
import { isDelivered } from "../../deliver/delivery-report.js";
import { DEFAULT_WORKER_CONCURRENCY, runFleetWorker, type WorkerEvent } from "../../fleet/run-worker.js";
import { quickMask } from "../../masking/mask.js";
import { findOpenCode } from "../../opencode/program.js";
import { ServerPool } from "../../opencode/server.js";
import { plural } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import { defaultsOf } from "../batch-inputs.js";
import { CommandContext } from "../command-context.js";
import { whileWaiting } from "../delivery-line.js";
import { deliveryAdvice } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { onInterrupt } from "../interrupt.js";
import { queueOf, type RedisFlags, redisOf } from "../redis-flags.js";
import { tellUnkept } from "../tell-unkept.js";
import type { Terminal } from "../terminal.js";
import { isTrouble, workerText } from "../worker-text.js";

export interface WorkerFlags extends RedisFlags, TraceFlags, MaskFlags, AgentFlags<"worker"> {
  readonly concurrency?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly attempts?: number;
  /** ms */
  readonly lock?: number;
}

/** `looptrace worker`: does the tasks of a queue until it is interrupted. */
export async function worker(flags: WorkerFlags, terminal: Terminal): Promise<ExitCode> {
  const context = new CommandContext(flags, terminal);
  const { settings, destinations, paths, masking } = context;
  const queue = queueOf(flags);
  const servers = new ServerPool();
  // An agent has no business in the queue.
  const { LOOPTRACE_REDIS_PASSWORD: _, ...environment } = terminal.env;
  const own = { environment, servers, store: paths, masking };
  const defaults = { ...(await defaultsOf("worker", flags, context, terminal)), ...own };
  const { opencode: explicit, directory } = defaults;
  // A worker that can do nothing takes no task.
  findOpenCode({ explicit, directory, environment });
  const trace = { ...settings.trace, metadata: { worker: hostname(), ...settings.trace.metadata } };
  const exporter = context.exporter(trace);
  tellUnkept(context, terminal);
  const run = taskRunner({ defaults, exporter, trace, cwd: directory });
  const quick = quickMask(masking);
  const redis = await redisOf(flags, terminal);
  const say = (text: string): void => terminal.err(`looptrace: ${text}\n`);
  const interrupt = onInterrupt(() => say("stopping; what runs is given back to the queue. Once more quits at once."));
  const concurrency = flags.concurrency ?? DEFAULT_WORKER_CONCURRENCY;
  if (!flags.quiet) say(`waiting for tasks of the queue ${queue} at ${redis.address.shown}, ${concurrency} at once`);
  let undelivered = 0;
  const tell = (happened: WorkerEvent): void => {
    const event = quick(happened);
    if (event.kind === "finished") {
      if (!isResultDelivered(event.result)) undelivered += 1;
      if (flags.json) terminal.out(`${terminalJson({ job: event.jobId, ...event.result }, 0)}\n`);
    }
    if (flags.quiet && !isTrouble(event)) return;
    const text = workerText(event, Date.now());
    if (text !== undefined) terminal.err(`${text}\n`);
  };
  try {
    await runFleetWorker({
      redis,
      queue,
      run,
      paths,
      concurrency,
      attempts: flags.attempts,
      lockMs: flags.lock,
      defaultModel: defaults.model,
      signal: interrupt.signal,
      onEvent: tell,
    });
  } finally {
    redis.close();
    await servers.close();
    interrupt.done();
  }
  if (undelivered === 0) return EXIT.ok;
  const reports = await whileWaiting(terminal, flags.quiet ? [] : destinations, async (onProgress) => {
    const pushed = await exporter.flush({ all: true, onProgress });
    return pushed.reports;
  });
  for (const advice of deliveryAdvice(reports)) terminal.err(`${advice}\n`);
  if (reports.length > 0 && isDelivered(reports)) return EXIT.ok;
  say(`the traces of ${plural(undelivered, "task")} were not delivered at once`);
  return EXIT.undelivered;
}
