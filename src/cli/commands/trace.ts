import type { TraceFlags } from "../../config/settings.js";
import type { DestinationReport } from "../../deliver/delivery-report.js";
import { isDelivered } from "../../deliver/delivery-report.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import type { NewScore } from "../../scores/new-score.js";
import type { LoadOptions } from "../../sessions/load-options.js";
import { plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import { CommandContext } from "../command-context.js";
import { deliveryAdvice, deliveryText, outdatedTexts } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { howToSee } from "../how-to-see.js";
import { onInterrupt } from "../interrupt.js";
import { noDestinationText } from "../no-destination.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";
import { sentBefore, traceEach } from "../trace-each.js";

export interface TraceCommandFlags extends SourceFlags, TraceFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly force?: boolean;
  readonly fullInput?: boolean;
  readonly score?: readonly NewScore[];
  readonly scoreComment?: string;
}

/** `looptrace trace`: the traces of sessions that already happened, sent to where they belong. */
export async function trace(
  sources: readonly string[],
  flags: TraceCommandFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const context = new CommandContext(flags, terminal);
  const { settings, destinations } = context;
  /** When opencode changed sessions last, by their ids, where its list was asked for. */
  const listed = new Map<string, number>();
  const options: LoadOptions = {
    ...loadOptions(flags, terminal, "opencode", context),
    masking: context.masking,
    onListed: (sessions) => {
      for (const { id, updated } of sessions) listed.set(id, updated);
    },
  };
  const scores = scoresOfFlags(flags);
  if (scores.length > 0 && destinations.length > 0 && destinations.every(({ kind }) => kind !== "langfuse"))
    terminal.err("looptrace: scores are for Langfuse, and none of the destinations is one: they are not sent.\n");
  const wanted = await sourcesOf(sources, flags, { load: options, terminal });
  const sent = await sentBefore(context, flags, { listed, scores });
  // Who asks for the last one alone is told where it can be seen, also when it was sent before.
  const left = flags.last ? wanted : wanted.filter((id) => !sent.has(id));
  const skipped = wanted.length - left.length;

  const interrupt = onInterrupt(() => {
    terminal.err("\nlooptrace: interrupted; what has been read is still delivered. A second time ends it at once.\n");
  });
  try {
    const done = await traceEach(
      left,
      { ...options, signal: interrupt.signal },
      { flags, terminal, context, scores, sent },
    );
    const { seen, open, failed, reports, stopped, printed, counter } = done;
    if (!flags.quiet) terminal.err(counter.rate());
    if (skipped > 0 && !flags.quiet) terminal.err(`${skippedText(skipped)}\n`);
    if (seen === 0 && skipped === 0 && failed.length > 0) return EXIT.usage;
    const isEnded = interrupt.signal.aborted || stopped !== undefined;
    const { done: through, perSecond, tookMs } = counter.pace();
    // One that was named, and belongs to another one, is traced with that.
    const unread = isEnded ? Math.max(0, left.length - through) : 0;
    printed.end({
      delivery: reports,
      sessions: {
        of: wanted.length,
        traced: through - failed.length,
        skipped,
        failed,
        left: unread,
        seconds: tookMs / 1000,
        perSecond,
      },
    });
    if (seen === 0 && skipped === 0 && !isEnded)
      terminal.err("The sessions hold no prompt yet: there is nothing to trace.\n");
    if (destinations.length === 0) {
      const how = seen > 0 ? ` ${howToSee(wanted)}` : "";
      terminal.err(`${noDestinationText(settings.destinations, "so nothing was sent")}${how}\n`);
    }
    for (const report of reports) terminal.err(`${deliveryText(report)}\n`);
    if (stopped !== undefined) terminal.err(`${stoppedText(stopped, unread)}\n`);
    if (open > 0) {
      terminal.err(
        `${plural(open, "turn")} may still be at work: what has not ended was not sent. Trace it again when it has, or with --force.\n`,
      );
    }
    for (const text of outdatedTexts(reports)) terminal.err(`${text}\n`);
    for (const advice of deliveryAdvice(reports)) terminal.err(`${advice}\n`);
    if (interrupt.signal.aborted) {
      if (unread > 0) terminal.err(`${plural(unread, "session")} left: the same command goes on with them.\n`);
      return EXIT.interrupted;
    }
    if (failed.length > 0) return EXIT.usage;
    return isDelivered(reports) ? EXIT.ok : EXIT.undelivered;
  } finally {
    interrupt.done();
  }
}

function skippedText(skipped: number): string {
  const were = skipped === 1 ? "was" : "were";
  return `${plural(skipped, "session")} ${were} skipped: delivered earlier, and opencode has not changed ${skipped === 1 ? "it" : "them"} since (--force sends again)`;
}

function stoppedText({ destination, lastError }: DestinationReport, left: number): string {
  const why = lastError === undefined ? "" : ` (${oneLine(lastError)})`;
  return `${oneLine(destination.label)} has taken nothing for long${why}: ${plural(left, "session")} left unread; the same command goes on with them.`;
}

/** @throws {ConfigurationError} for a comment on nothing */
function scoresOfFlags({ score = [], scoreComment }: TraceCommandFlags): readonly NewScore[] {
  if (scoreComment === undefined) return score;
  if (score.length > 0) return score.map((one) => ({ ...one, comment: scoreComment }));
  throw new ConfigurationError(
    "--score-comment",
    "--score-comment is about a score.\nGive one with --score name=value.",
  );
}
