import type { AgentFlags } from "../../agent/setting-surfaces.js";
import type { BatchEvent, BatchOptions } from "../../batch/batch-options.js";
import { type BatchSummary, failures } from "../../batch/batch-summary.js";
import { recordedResults } from "../../batch/results.js";
import { runBatch } from "../../batch/run-batch.js";
import { taskRunner } from "../../batch/run-task.js";
import { isResultDelivered } from "../../batch/task-result.js";
import { CONFIG_FILE } from "../../config/config-file-name.js";
import type { MaskFlags } from "../../config/masking.js";
import type { Settings, TraceFlags } from "../../config/settings.js";
import { isDelivered as areDelivered, type DestinationReport } from "../../deliver/delivery-report.js";
import { type Discards, watchDiscards } from "../../deliver/discards.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { withLost } from "../../export/delivery-sum.js";
import type { TraceExporter } from "../../export/trace-exporter.js";
import { quickMask } from "../../masking/mask.js";
import { ServerPool } from "../../opencode/server.js";
import { folded, type LabelledLine } from "../../terminal/labelled-line.js";
import { inTone } from "../../terminal/tones.js";
import { terminalJson } from "../../text/terminal-json.js";
import { defaultsOf, resultsPath, tasksOf } from "../batch-inputs.js";
import { writeBatchJunit } from "../batch-junit.js";
import { batchProgress } from "../batch-progress.js";
import { summaryLines } from "../batch-text.js";
import { colorsFor } from "../colors.js";
import { CommandContext } from "../command-context.js";
import { whileWaiting } from "../delivery-line.js";
import { deliveryAdvice } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { onInterrupt } from "../interrupt.js";
import { tellUnkept } from "../tell-unkept.js";
import type { Terminal } from "../terminal.js";
import { verifyLines } from "../verify-lines.js";
import { refuseTwoDocuments } from "../write-junit.js";

/** What holds for all tasks, and what the batch itself may do. */
export interface BatchFlags extends TraceFlags, MaskFlags, AgentFlags<"batch"> {
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** USD, of the whole batch. */
  readonly maxCost?: number;
  /** Of the whole batch. */
  readonly maxTokens?: number;
  /** ms */
  readonly patience?: number;
  readonly concurrency?: number;
  readonly output?: string;
  readonly retryFailed?: boolean;
  readonly maxErrors?: number;
  /** ms */
  readonly maxDuration?: number;
  readonly requeues?: number;
  readonly keepGoing?: boolean;
  /** Of tasks that have none. */
  /** A file, or `-` for standard output. */
  readonly junit?: string;
  readonly verify?: string;
  /** ms */
  readonly verifyTimeout?: number;
  /** The Redis with whose workers the tasks are done; without one it is this machine. */
  readonly redis?: string;
  readonly queue?: string;
  readonly batchId?: string;
  readonly cancel?: boolean;
}

/** `looptrace batch`: many tasks, several at once. @param source a file of tasks, or `-` */
export async function batch(source: string, flags: BatchFlags, terminal: Terminal): Promise<ExitCode> {
  refuseQueueFlags(flags);
  refuseTwoDocuments(flags);
  const context = new CommandContext(flags, terminal);
  const { settings, paths, masking } = context;
  refuseSchemaWithoutServer(flags, settings);
  const tasks = await tasksOf(source, terminal);
  const results = resultsPath(source, flags.output, terminal);
  // Each task finds an opencode that is warm already.
  const servers = new ServerPool({ leaves: true });
  const defaults = {
    ...(await defaultsOf("batch", flags, context, terminal)),
    servers,
    store: paths,
    masking,
  };
  const { trace } = settings;
  const exporter = context.exporter();
  const discards = watchDiscards(paths, exporter.destinations);
  const noteDiscards = sinceLeft(discards);
  tellUnkept(context, terminal);
  const run = taskRunner({ defaults, exporter, trace, cwd: terminal.cwd, verify: verifyOf(flags) });
  // What a person watches may end up in the log of a CI.
  const quick = quickMask(masking);
  const progress = flags.quiet ? undefined : batchProgress(terminal);
  const interrupt = onInterrupt(() => {
    progress?.clear();
    terminal.err(
      "looptrace: stopping; what is done is recorded, what runs is done again next time. Once more quits at once.\n",
    );
  });
  let summary: BatchSummary;
  try {
    summary = await runBatch(tasks, run, {
      concurrency: flags.concurrency,
      results,
      ...batchOptions(flags, settings, defaults.model, (event, standing) => {
        noteDiscards(event);
        progress?.tell(quickly(event, quick), standing);
      }),
      signal: interrupt.signal,
    });
  } finally {
    progress?.stop();
    await servers.close();
    interrupt.done();
  }
  const leftovers = await sendLeftovers(summary, exporter, discards, flags, terminal);

  if (flags.json) terminal.out(`${terminalJson(summary)}\n`);
  else if (flags.junit !== "-") {
    const verified = quick(verifyLines(tasks, await recordedResults(results), flags.verify));
    terminal.out(`${paintSummary(summary, terminal, verified)}\n`);
  }
  await writeBatchJunit(flags.junit, tasks, results, quick, terminal);
  for (const advice of deliveryAdvice(leftovers)) terminal.err(`${advice}\n`);

  if (interrupt.signal.aborted) return EXIT.interrupted;
  if (isLeft(summary)) return EXIT.tasksLeft;
  return isDelivered(summary, leftovers) ? EXIT.ok : EXIT.undelivered;
}

/** Whether a task failed, was not done, or was not done well. */
export function isLeft(summary: BatchSummary): boolean {
  return failures(summary) + summary.skippedFailed + summary.notDone.length + summary.verified.failed > 0;
}

/** How tasks that do not say are verified. */
export function verifyOf({ verify, verifyTimeout }: Pick<BatchFlags, "verify" | "verifyTimeout">) {
  return verify === undefined ? undefined : { command: verify, timeoutMs: verifyTimeout };
}

/** What the flags say of the batch as a whole, wherever its tasks are done. */
export function batchOptions(
  flags: BatchFlags,
  { file }: Settings,
  defaultModel: string | undefined,
  onEvent: NonNullable<BatchOptions["onEvent"]>,
): Omit<BatchOptions, "concurrency" | "results" | "signal"> {
  return {
    retryFailed: flags.retryFailed,
    limits: {
      maxCost: flags.maxCost,
      maxTokens: flags.maxTokens,
      maxErrors: flags.maxErrors,
      maxDurationMs: flags.maxDuration,
    },
    patienceMs: flags.patience ?? file.patience,
    requeues: flags.requeues,
    keepGoing: flags.keepGoing,
    defaultModel,
    onEvent,
  };
}

/** An event as it may be shown. */
export function quickly(event: BatchEvent, mask: ReturnType<typeof quickMask>): BatchEvent {
  return event.kind === "finished" ? { ...event, result: mask(event.result) } : event;
}

/** @throws {ConfigurationError} when a flag is given that says nothing without a queue */
export function refuseQueueFlags({ queue, batchId, cancel }: BatchFlags): void {
  const typed = { "--queue": queue, "--batch-id": batchId, "--cancel": cancel };
  const [flag] = Object.entries(typed).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (flag !== undefined)
    throw new ConfigurationError(flag, `${flag} is for --redis.\nSay at which Redis the queue is.`);
}

/** @throws {ConfigurationError} when every task would fail for it */
function refuseSchemaWithoutServer({ schema, driver }: BatchFlags, { file }: Settings): void {
  if (schema === undefined || (driver ?? file.driver) !== "cli") return;
  const where = driver === undefined ? `"driver" in ${CONFIG_FILE}` : "--driver";
  throw new ConfigurationError(
    "--schema",
    `--schema needs the driver server, but ${where} says cli: \`opencode run\` has no way to say it.`,
  );
}

/** What the batch itself could not deliver is worth a longer wait than what earlier runs left. */
const OWN_LEFTOVERS_BUDGET_MS = 10_000;

/** Has what is thrown away count from the first task on that has left something: before that it was others'. */
export function sinceLeft(discards: Discards): (event: BatchEvent) => void {
  let hasLeft = false;
  return (event) => {
    hasLeft ||= event.kind === "finished" && !isResultDelivered(event.result);
    if (!hasLeft) discards.restart();
  };
}

/**
 * Sends what waits in the outbox.
 *
 * @param discards watched since the first task had left something
 * @returns what became of it; what was thrown away of what tasks had left counts as not delivered
 */
export async function sendLeftovers(
  { undelivered }: Pick<BatchSummary, "undelivered">,
  exporter: TraceExporter,
  discards: Discards,
  { quiet }: BatchFlags,
  terminal: Terminal,
): Promise<readonly DestinationReport[]> {
  const budgetMs = undelivered > 0 ? OWN_LEFTOVERS_BUDGET_MS : undefined;
  return whileWaiting(terminal, quiet ? [] : exporter.destinations, async (onProgress) => {
    const { reports } = await exporter.flush({ all: true, budgetMs, onProgress });
    if (undelivered === 0) return reports;
    return reports.map((report) => withLost(report, discards.since(report.destination.id)));
  });
}

/** Whether the traces of all tasks are where they belong by now. */
export function isDelivered({ undelivered, delivery }: BatchSummary, now: readonly DestinationReport[]): boolean {
  if (undelivered === 0) return true;
  if (delivery.length === 0 || delivery.some(({ unsaved, rejected }) => unsaved + rejected > 0)) return false;
  return areDelivered(now);
}

export function paintSummary(summary: BatchSummary, terminal: Terminal, more: readonly LabelledLine[] = []): string {
  const colors = colorsFor(terminal, terminal.outIsTty);
  return [...summaryLines(summary), ...more]
    .flatMap((line) => folded(line, terminal.width).map((text) => inTone(text, line.tone, colors)))
    .join("\n");
}
