import { verdictText } from "../../analysis/budget-texts.js";
import { checkSession, type SessionCheck } from "../../analysis/check-session.js";
import { junitXml, type Unreadable } from "../../analysis/junit.js";
import { READING_RISKS } from "../../config/config-risks.js";
import { messageOf } from "../../errors/thrown.js";
import { sumOfTokens } from "../../opencode/session.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { paintCheck } from "../../terminal/paint-check.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { type BudgetFlags, budgetsOf } from "../check-settings.js";
import { colorsFor } from "../colors.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { reportError } from "../report-error.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";
import { refuseTwoDocuments, writeJunit } from "../write-junit.js";

export interface CheckFlags extends SourceFlags, BudgetFlags {
  readonly json?: boolean;
  /** A file, or `-` for standard output. */
  readonly junit?: string;
  readonly fresh?: boolean;
  readonly width?: number;
}

/** `looptrace check`: whether sessions stay within their budgets. */
export async function check(sources: readonly string[], flags: CheckFlags, terminal: Terminal): Promise<ExitCode> {
  refuseTwoDocuments(flags);
  const context = new CommandContext(flags, terminal, { uses: READING_RISKS });
  const budgets = budgetsOf(flags, context.file.check);
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept", context);
  const wanted = await sourcesOf(sources, flags, { load: options, terminal, lastByDefault: true });
  const asText = !flags.json && flags.junit !== "-";
  const paint = { width: flags.width ?? terminal.width, colors: colorsFor(terminal, terminal.outIsTty) };
  const checks: SessionCheck[] = [];
  const unreadable: Unreadable[] = [];
  const onUnreadable = (error: unknown, source: string): void => {
    unreadable.push({ source, message: messageOf(error) });
    reportError(error, terminal);
  };
  // One that cannot be read is no reason to leave all others unchecked.
  await loadSessions(wanted, { ...options, onUnreadable }, ({ tree, evidence }) => {
    const { id, title, tokens } = tree.session.info;
    const traces = withUserPrices(traceSession(tree, evidence), options.prices);
    if (traces.length === 0) {
      terminal.err(`looptrace: ${oneLine(id)} holds no prompt yet: there is nothing to check.\n`);
      return;
    }
    const checked = checkSession({ id, title, recordedTokens: tokens ? sumOfTokens(tokens) : 0 }, traces, budgets);
    if (asText) terminal.out(`${checks.length > 0 ? "\n" : ""}${paintCheck(checked, paint)}\n`);
    checks.push(checked);
  });
  const broken = checks.some(({ passed }) => !passed);
  const passed = checks.length > 0 && !broken && unreadable.length === 0;
  if (flags.json) terminal.out(`${terminalJson({ passed, sessions: checks, unreadable })}\n`);
  if (flags.junit !== undefined) await writeJunit(flags.junit, junitXml(checks, unreadable), terminal);
  if (asText && checks.length > 0) terminal.out(`\n${verdictText(checks)}\n`);
  if (broken) return EXIT.overBudget;
  return passed ? EXIT.ok : EXIT.usage;
}
