import { ADVICE_COLUMNS, adviceCsv, adviceOf } from "../../analysis/findings/advice.js";
import { type SessionFindings, sessionFindings } from "../../analysis/findings/session-findings.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { paintAdvice } from "../../terminal/paint-advice.js";
import { csvLine } from "../../text/csv.js";
import { terminalJson } from "../../text/terminal-json.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { colorsFor } from "../colors.js";
import { dataFormat, type FormatFlags } from "../data-format.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { reportError } from "../report-error.js";
import { sessionCounter } from "../session-counter.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface AdviseFlags extends SourceFlags, FormatFlags {
  readonly fresh?: boolean;
  readonly width?: number;
}

/** Fewer are read before a count of them could be. */
const WORTH_COUNTING = 5;

/**
 * `looptrace advise`: what could have been spared, over all sessions that can be read; the same of several once.
 *
 * @throws {ConfigurationError} when sources or options contradict each other
 */
export async function advise(sources: readonly string[], flags: AdviseFlags, terminal: Terminal): Promise<ExitCode> {
  const format = dataFormat(flags);
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const wanted = await sourcesOf(sources, flags, { load: options, terminal, lastByDefault: true });
  const sessions: SessionFindings[] = [];
  const counter = sessionCounter(terminal, flags.quiet || wanted.length < WORTH_COUNTING ? 0 : wanted.length);
  let unreadable = 0;
  const onUnreadable = (error: unknown): void => {
    unreadable += 1;
    counter.clear();
    reportError(error, terminal);
    counter.next(true);
  };
  await loadSessions(wanted, { ...options, onUnreadable }, ({ tree, evidence }) => {
    counter.next();
    const traces = withUserPrices(traceSession(tree, evidence), options.prices);
    if (traces.length > 0) sessions.push(sessionFindings(traces, options.prices));
  });
  counter.clear();
  if (sessions.length === 0 && unreadable > 0) return EXIT.usage;
  const advice = adviceOf(sessions);
  if (format === "json") terminal.out(`${terminalJson(advice)}\n`);
  else if (format === "csv") terminal.out([ADVICE_COLUMNS, ...adviceCsv(advice)].map(csvLine).join(""));
  else if (sessions.length === 0) terminal.err("The session holds no prompt yet: there is nothing to advise on.\n");
  else {
    const colors = colorsFor(terminal, terminal.outIsTty);
    terminal.out(`${paintAdvice(advice, { width: flags.width ?? terminal.width, colors })}\n`);
  }
  return unreadable > 0 ? EXIT.usage : EXIT.ok;
}
