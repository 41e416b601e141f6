import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { DEFAULT_CONCURRENCY } from "../../batch/batch-options.js";
import type { BatchSummary } from "../../batch/batch-summary.js";
import { recordedResults } from "../../batch/results.js";
import { runBatch } from "../../batch/run-batch.js";
import { taskRunner } from "../../batch/run-task.js";
import { watchDiscards } from "../../deliver/discards.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { datasetCases } from "../../experiment/dataset.js";
import { experimentJunit } from "../../experiment/experiment-junit.js";
import { experimentMarkdown } from "../../experiment/experiment-markdown.js";
import { experimentResult } from "../../experiment/experiment-result.js";
import { type FailOn, isFailure } from "../../experiment/fail-on.js";
import type { MeasureName } from "../../experiment/measure-names.js";
import { isVoid } from "../../experiment/measures.js";
import { type Case, planRuns } from "../../experiment/plan.js";
import { refuseChanged } from "../../experiment/refuse-changed.js";
import { describeDiskFailure } from "../../files/disk-failure.js";
import { makeFolder } from "../../files/make-folder.js";
import { LangfuseApi } from "../../langfuse/api/langfuse-api.js";
import { langfuseAmong } from "../../langfuse/api/langfuse-destination.js";
import { quickMask } from "../../masking/mask.js";
import { ServerPool } from "../../opencode/server.js";
import { folded } from "../../terminal/labelled-line.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { defaultsOf, resultsPath, tasksOf } from "../batch-inputs.js";
import { batchProgress } from "../batch-progress.js";
import { CommandContext } from "../command-context.js";
import { deliveryAdvice } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { type ArmFlags, armsOf, casesOf, type RunFlags, requestsOf } from "../experiment-inputs.js";
import { experimentLinks } from "../experiment-links.js";
import { experimentLines } from "../experiment-text.js";
import { onInterrupt } from "../interrupt.js";
import { tellUnkept } from "../tell-unkept.js";
import type { Terminal } from "../terminal.js";
import {
  type BatchFlags,
  batchOptions,
  isDelivered,
  quickly,
  refuseQueueFlags,
  sendLeftovers,
  sinceLeft,
} from "./batch.js";

/** What is compared, how often, and where the result goes. */
export interface ExperimentFlags extends BatchFlags, ArmFlags, RunFlags {
  /** Langfuse's dataset that the cases are from. */
  readonly dataset?: string;
  readonly runs?: number;
  /** 0 to 1. */
  readonly effect?: number;
  readonly measure?: readonly MeasureName[];
  readonly seed?: string;
  readonly name?: string;
  readonly failOn?: FailOn;
  /** Files, or `-` for standard output. */
  readonly markdown?: string;
  readonly junit?: string;
}

const DEFAULT_RUNS = 2;
const DEFAULT_EFFECT = 0.15;

/** `looptrace experiment`: which of several ways of working is better. @param source a file of cases, or `-` */
export async function experiment(
  source: string | undefined,
  flags: ExperimentFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  if (flags.redis === undefined) refuseQueueFlags(flags);
  refuseTwoDocuments(flags);
  const context = new CommandContext(flags, terminal);
  const { settings, paths, masking } = context;
  const place = flags.redis === undefined ? "here" : "workers";
  const { arms, base } = await armsOf(flags, terminal, place);
  const { cases, named } = await casesFrom(source, flags, context, terminal);
  const results = resultsPath(named, flags.output, terminal, "experiment");
  const name = flags.name ?? nameOf(results);
  const seed = flags.seed ?? name;
  const runs = flags.runs ?? DEFAULT_RUNS;
  const servers = new ServerPool({ leaves: true });
  // Directories are the workers', and need not be here.
  const { dir: _, ...elsewhere } = flags;
  const defaults = {
    ...(await defaultsOf("batch", place === "here" ? flags : elsewhere, context, terminal)),
    servers,
    store: paths,
    masking,
  };
  const own = [source, results, flags.markdown, flags.junit].flatMap((path) => path ?? []);
  const requestOf = await requestsOf(cases, arms, { ...flags, own }, defaults, terminal, place);
  const plan = planRuns(cases, arms, { name, runs, seed, requestOf });
  const recorded = await recordedResults(results);
  refuseChanged(recorded, plan, results);
  const again = new Set([...recorded.values()].filter(isVoid).map(({ id }) => id));

  const exporter = context.exporter();
  const discards = watchDiscards(context.paths, exporter.destinations);
  const noteDiscards = sinceLeft(discards);
  if (place === "here") tellUnkept(context, terminal);
  const quick = quickMask(masking);
  const progress = flags.quiet ? undefined : batchProgress(terminal);
  const interrupt = onInterrupt(() => {
    progress?.clear();
    terminal.err(
      "looptrace: stopping; what is done is recorded, what runs is done again next time. Once more quits at once.\n",
    );
  });
  const tasks = plan.map(({ task }) => task);
  const options = {
    ...batchOptions(flags, settings, defaults.model, (event, standing) => {
      noteDiscards(event);
      progress?.tell(quickly(event, quick), standing);
    }),
    results,
    retryFailed: again,
    signal: interrupt.signal,
  };
  let summary: BatchSummary;
  try {
    if (flags.redis === undefined) {
      const run = taskRunner({ defaults, exporter, trace: settings.trace, cwd: terminal.cwd });
      summary = await runBatch(tasks, run, { ...options, concurrency: flags.concurrency ?? DEFAULT_CONCURRENCY });
    } else {
      // It loads packages that an experiment on this machine has no need of.
      const { runOnWorkers } = await import("../experiment-workers.js");
      summary = await runOnWorkers(tasks, options, { ...flags, redis: flags.redis }, settings, defaults, {
        terminal,
        clear: progress?.clear,
      });
    }
  } finally {
    progress?.stop();
    await servers.close();
    interrupt.done();
  }
  // What waits in the outboxes of workers is theirs to deliver.
  const leftovers = place === "here" ? await sendLeftovers(summary, exporter, discards, flags, terminal) : [];

  const effect = flags.effect ?? DEFAULT_EFFECT;
  const failOn = flags.failOn ?? "worse";
  const about = { name, base, seed, runs, effect, measures: flags.measure };
  const byId = await recordedResults(results);
  const compared = experimentResult(plan, arms, byId, about);
  // They quote what a verify command wrote, and may go into a pull request.
  const result = { ...compared, warnings: quick(compared.warnings) };
  if (flags.markdown !== undefined) await write("--markdown", flags.markdown, experimentMarkdown(result), terminal);
  if (flags.junit !== undefined) await write("--junit", flags.junit, experimentJunit(result, failOn), terminal);
  if (flags.json) terminal.out(`${terminalJson({ ...result, batch: summary })}\n`);
  else if (flags.markdown !== "-" && flags.junit !== "-") {
    const links = experimentLinks(plan, byId).flatMap((line) => folded(line, terminal.width));
    terminal.out(`${[...experimentLines(result, terminal.width), ...links].join("\n")}\n`);
  }
  for (const advice of deliveryAdvice(leftovers)) terminal.err(`${advice}\n`);

  if (interrupt.signal.aborted) return EXIT.interrupted;
  const isIncomplete = result.arms.some(({ counted }) => counted < cases.length * runs);
  if (isIncomplete || isFailure(result, failOn)) return EXIT.worse;
  return isDelivered(summary, leftovers) ? EXIT.ok : EXIT.undelivered;
}

/**
 * The cases, and the file that the results are called after.
 *
 * @throws {ConfigurationError} when there are none, or they cannot be read
 */
async function casesFrom(
  source: string | undefined,
  { dataset }: ExperimentFlags,
  { destinations }: CommandContext,
  terminal: Terminal,
): Promise<{ readonly cases: readonly Case[]; readonly named: string }> {
  if ((source === undefined) === (dataset === undefined))
    throw new ConfigurationError(
      "cases",
      "Which cases is not said, or twice.\nGive a file of them, or --dataset with its name.",
    );
  if (source !== undefined) return { cases: casesOf(await tasksOf(source, terminal, "cases")), named: source };
  const name = dataset ?? "";
  const api = new LangfuseApi(langfuseAmong(destinations), {
    onNote: (note) => terminal.err(`looptrace: ${oneLine(note)}\n`),
  });
  return { cases: await datasetCases(api, name), named: name.replace(/[^A-Za-z0-9._-]+/g, "-") };
}

/** @throws {ConfigurationError} when more than one document would go to standard output */
function refuseTwoDocuments({ json, markdown, junit }: ExperimentFlags): void {
  const documents = [json === true, markdown === "-", junit === "-"].filter(Boolean).length;
  if (documents > 1)
    throw new ConfigurationError(
      "--markdown",
      "Standard output holds one document.\nOf --json, --markdown - and --junit - give one, and files for the others.",
    );
}

/** What an experiment is called that has no name: after the file of its results. */
function nameOf(results: string): string {
  const file = results.replace(/^.*[\\/]/, "");
  return file.replace(/(?:\.experiment)?\.jsonl$/, "") || file;
}

/** @throws {ConfigurationError} when the file cannot be written */
async function write(flag: string, target: string, text: string, terminal: Terminal): Promise<void> {
  if (target === "-") {
    terminal.out(text);
    return;
  }
  const path = resolve(terminal.cwd, target);
  try {
    await makeFolder(dirname(path));
    await writeFile(path, text);
  } catch (error) {
    throw new ConfigurationError(flag, `${flag} ${target}: the file cannot be written: ${describeDiskFailure(error)}.`);
  }
}
