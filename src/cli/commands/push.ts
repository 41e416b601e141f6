import type { DeliveryOptions } from "../../deliver/delivery-context.js";
import { type DestinationReport, isDelivered, isWaiting } from "../../deliver/delivery-report.js";
import type { Destination } from "../../deliver/destinations/destination.js";
import { type DestinationOptions, surveyDestinations } from "../../deliver/destinations/resolve-destinations.js";
import { itemsText } from "../../deliver/items-text.js";
import { type PushResult, pushOutbox } from "../../deliver/push-outbox.js";
import { discardOutbox } from "../../deliver/queue/discard-outbox.js";
import { type OutboxStatus, outboxStatus } from "../../deliver/queue/outbox-status.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { attempt } from "../../errors/thrown.js";
import { systemClock } from "../../files/clock.js";
import type { StorePaths } from "../../files/store-paths.js";
import { duration } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { CommandContext } from "../command-context.js";
import { whileWaiting } from "../delivery-line.js";
import { deliveryAdvice, deliveryText } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { onInterrupt } from "../interrupt.js";
import { noDestinationText } from "../no-destination.js";
import { discardedText, nextText, statusText, wayOutText } from "../outbox-text.js";
import type { Terminal } from "../terminal.js";

export interface PushFlags {
  readonly status?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly timeout?: number;
  /** A destination's id, label or address, as `--status` shows them. */
  readonly discard?: string;
  /** Go on until interrupted. */
  readonly watch?: boolean;
  /** How long to pause between two looks, in ms. */
  readonly every?: number;
}

/** A push is asked for, and may take longer than what a run sends beside its work. */
const DEFAULT_BUDGET_MS = 60_000;
const DEFAULT_PAUSE_MS = 30_000;

/** `looptrace push`: delivers what is still in the outbox, shows it, or throws a part of it away. */
export async function push(flags: PushFlags, terminal: Terminal): Promise<ExitCode> {
  const context = new CommandContext({}, terminal, { uses: ["destination"] });
  const { paths } = context;
  checkTogether(flags);
  if (flags.status) return showStatus(context, flags, terminal);
  if (flags.discard !== undefined) return discard(flags.discard, paths, flags, terminal);
  const { destinations } = context;
  const configured = context.settings.destinations;
  const budgetMs = flags.timeout ?? DEFAULT_BUDGET_MS;
  if (flags.watch) return watch(destinations, configured, { paths, budgetMs }, flags, terminal);
  const result = await whileWaiting(terminal, flags.quiet ? [] : destinations, (onProgress) =>
    pushOutbox(destinations, { paths, budgetMs, onProgress }),
  );
  const { reports, unconfigured, problems } = result;
  if (flags.json) {
    terminal.out(`${terminalJson(result)}\n`);
  } else {
    for (const report of reports) terminal.out(`${deliveryText(report)}\n`);
    for (const one of unconfigured) {
      terminal.out(`${statusText(one, paths, Date.now())}\n${wayOutText(one.destination)}\n`);
    }
    if (reports.length === 0 && unconfigured.length === 0 && problems.length === 0)
      terminal.out(`The outbox is empty. ${noDestinationText(configured, "so nothing would be sent")}\n`);
  }
  for (const problem of problems) terminal.err(`${oneLine(problem)}\n`);
  for (const advice of deliveryAdvice(reports, "push again later")) terminal.err(`${advice}\n`);
  return exitCodeOf(result);
}

/**
 * Delivers what comes into the outbox until it is interrupted. A line is said only when something happened,
 * and why something waits only when that is news.
 */
async function watch(
  destinations: readonly Destination[],
  configured: DestinationOptions,
  options: DeliveryOptions,
  { every = DEFAULT_PAUSE_MS, json, quiet }: PushFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  if (destinations.length === 0) {
    throw new ConfigurationError("--watch", noDestinationText(configured, "so there is nothing to deliver to"));
  }
  const interrupt = onInterrupt();
  const { signal } = interrupt;
  const said = new Map<string, string>();
  if (!quiet) terminal.err(`looptrace: watching the outbox, every ${duration(every)}; Ctrl-C ends it.\n`);
  try {
    for (;;) {
      const result = await pushOutbox(destinations, { ...options, signal });
      for (const report of result.reports) {
        const { destination, lastError = "" } = report;
        const hasMoved = settledNow(report) > 0;
        const isNews = hasMoved || lastError !== (said.get(destination.id) ?? "");
        said.set(destination.id, lastError);
        if (isNews && (isWaiting(report) || hasMoved))
          terminal.out(`${json ? JSON.stringify(report) : deliveryText(report)}\n`);
      }
      for (const problem of result.problems) terminal.err(`${oneLine(problem)}\n`);
      if (signal.aborted) return exitCodeOf(result);
      await systemClock.sleep(every, signal);
      if (signal.aborted) return exitCodeOf(result);
    }
  } finally {
    interrupt.done();
  }
}

/** How much was taken or refused by now, of any kind. */
function settledNow({ acknowledged, rejected, beside }: DestinationReport): number {
  return Object.values(beside).reduce((sum, one) => sum + one.acknowledged + one.rejected, acknowledged + rejected);
}

/** @throws {ConfigurationError} for two flags where one would be ignored */
function checkTogether({ status, discard, watch, every }: PushFlags): void {
  const wanted = [status && "--status", discard !== undefined && "--discard", watch && "--watch"].filter(Boolean);
  if (wanted.length > 1) {
    throw new ConfigurationError("push", `Say one of ${wanted.join(" and ")}, not both.`);
  }
  if (every !== undefined && !watch) throw new ConfigurationError("--every", "--every goes with --watch.");
}

/**
 * What waits for a destination that is no longer configured is no failure of a push to others. Where none is
 * configured nothing could be delivered.
 */
function exitCodeOf({ reports, unconfigured, problems }: PushResult): ExitCode {
  if (problems.length > 0 || !isDelivered(reports)) return EXIT.undelivered;
  return reports.length === 0 && unconfigured.length > 0 ? EXIT.undelivered : EXIT.ok;
}

async function showStatus(context: CommandContext, flags: PushFlags, terminal: Terminal): Promise<ExitCode> {
  const { paths } = context;
  const status = await outboxStatus(paths);
  if (flags.json) {
    terminal.out(`${terminalJson(status)}\n`);
    return EXIT.ok;
  }
  const worthALine = status.filter(({ requests, rejectedRequests }) => requests > 0 || rejectedRequests > 0);
  // What is wrong with the settings need not be right for a look; a push says it.
  const configured = attempt(() => surveyDestinations(context.settings.destinations).destinations.map(({ id }) => id));
  for (const one of worthALine) {
    terminal.out(`${statusText(one, paths, Date.now())}\n`);
    if (one.requests === 0) continue;
    const { destination } = one;
    terminal.out(
      `${(configured?.includes(destination.id) ?? true) ? nextText(destination) : wayOutText(destination)}\n`,
    );
  }
  if (!status.some(({ requests }) => requests > 0)) terminal.out("The outbox is empty: nothing waits.\n");
  return EXIT.ok;
}

async function discard(wanted: string, paths: StorePaths, flags: PushFlags, terminal: Terminal): Promise<ExitCode> {
  const { destination } = whomToDiscard(wanted, await outboxStatus(paths));
  const discarded = await discardOutbox(paths, destination.id);
  terminal.out(`${flags.json ? terminalJson(discarded) : discardedText(discarded, Date.now())}\n`);
  return EXIT.ok;
}

/** @throws {ConfigurationError} when nothing waits for it, or it may be one of several */
function whomToDiscard(wanted: string, status: readonly OutboxStatus[]): OutboxStatus {
  const waiting = status.filter(({ requests }) => requests > 0);
  const named = waiting.filter(({ destination: { id, label, url } }) => [id, label, url].includes(wanted));
  const [one] = named;
  if (one !== undefined && named.length === 1) return one;
  const candidates = (named.length > 0 ? named : waiting).map(
    (one) => `\n  [${one.destination.id}] ${oneLine(one.destination.label)}: ${itemsText(one)}`,
  );
  const what =
    named.length > 0
      ? `${JSON.stringify(wanted)} stands for ${named.length} destinations; give one of the ids.`
      : `Nothing waits for ${JSON.stringify(wanted)}; ${candidates.length > 0 ? "this is what something waits for:" : "the outbox is empty."}`;
  throw new ConfigurationError("--discard", `${what}${candidates.join("")}`);
}
