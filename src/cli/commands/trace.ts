import type { TraceFlags } from "../../config/settings.js";
import type { DestinationReport } from "../../deliver/delivery-report.js";
import { isDelivered } from "../../deliver/delivery-report.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { mergeReports } from "../../export/merge-reports.js";
import { notYetToSend } from "../../export/trace-requests.js";
import type { NewScore } from "../../scores/new-score.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { traceLoaded } from "../../sessions/loaded-session.js";
import { plural } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import type { LoopTrace } from "../../trace/model.js";
import { CommandContext } from "../command-context.js";
import { whileWaiting } from "../delivery-line.js";
import { deliveryAdvice, deliveryText, outdatedTexts } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { howToSee } from "../how-to-see.js";
import { noDestinationText } from "../no-destination.js";
import { reportError } from "../report-error.js";
import { sessionCounter } from "../session-counter.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";
import { traceLines } from "../trace-lines.js";

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
  const { settings, destinations, masking } = context;
  const options = { ...loadOptions(flags, terminal, "opencode", context), masking };
  const exporter = context.exporter();
  const scores = scoresOfFlags(flags);
  if (scores.length > 0 && destinations.length > 0 && destinations.every(({ kind }) => kind !== "langfuse"))
    terminal.err("looptrace: scores are for Langfuse, and none of the destinations is one: they are not sent.\n");
  const wanted = await sourcesOf(sources, flags, { load: options, terminal });

  // Of many sessions one is held at a time, unless all are asked for as one document.
  const forJson: LoopTrace[] = [];
  const counter = sessionCounter(terminal, flags.quiet ? 0 : wanted.length);
  let seen = 0;
  let unreadable = 0;
  const lines = traceLines(terminal, wanted.length > 1);
  let reports: readonly DestinationReport[] = [];
  let open = 0;
  const onUnreadable = (error: unknown): void => {
    unreadable += 1;
    counter.clear();
    reportError(error, terminal);
    counter.next();
  };
  // One that cannot be read is no reason to leave all others out.
  await loadSessions(wanted, { ...options, onUnreadable }, async (session) => {
    const traces = traceLoaded(session, { fullInput: flags.fullInput ?? context.file.fullInput });
    seen += traces.length;
    counter.clear();
    const force = flags.force ?? false;
    if (!force && destinations.length > 0)
      open += traces.filter((one) => notYetToSend(one, Date.now()).size > 0).length;
    const delivery = await whileWaiting(terminal, flags.quiet ? [] : exporter.reachable(), (onProgress) =>
      exporter.export(traces, { force, onProgress, scores: (one) => (one === traces.at(-1) ? scores : []) }),
    );
    reports = mergeReports(reports, delivery);
    if (flags.json) forJson.push(...traces);
    else {
      for (const one of traces) lines.print(one, await exporter.linkTo(one));
    }
    counter.next();
  });
  counter.clear();
  lines.end();
  if (!flags.quiet) terminal.err(counter.rate());
  if (seen === 0 && unreadable > 0) return EXIT.usage;
  if (flags.json) {
    const urls = await exporter.linksTo(forJson);
    const document = { traces: forJson, delivery: reports, urls };
    terminal.out(`${terminalJson(document)}\n`);
  }
  if (seen === 0) terminal.err("The sessions hold no prompt yet: there is nothing to trace.\n");
  if (destinations.length === 0) {
    const how = seen > 0 ? ` ${howToSee(wanted)}` : "";
    terminal.err(`${noDestinationText(settings.destinations, "so nothing was sent")}${how}\n`);
  }
  for (const report of reports) terminal.err(`${deliveryText(report)}\n`);
  if (open > 0) {
    terminal.err(
      `${plural(open, "turn")} may still be at work: what has not ended was not sent. Trace it again when it has, or with --force.\n`,
    );
  }
  for (const text of outdatedTexts(reports)) terminal.err(`${text}\n`);
  for (const advice of deliveryAdvice(reports)) terminal.err(`${advice}\n`);
  if (unreadable > 0) return EXIT.usage;
  return isDelivered(reports) ? EXIT.ok : EXIT.undelivered;
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
