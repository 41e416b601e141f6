import { TOOL_COLUMNS, toolCsv } from "../../analysis/tool-csv.js";
import { toolTable } from "../../analysis/tool-table.js";
import { paintTools } from "../../terminal/paint-tools.js";
import { csvLine } from "../../text/csv.js";
import { terminalJson } from "../../text/terminal-json.js";
import { colorsFor } from "../colors.js";
import { dataFormat, type FormatFlags } from "../data-format.js";
import { eachTrace } from "../each-trace.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { FromFlags } from "../from-flags.js";
import { reportError } from "../report-error.js";
import type { Terminal } from "../terminal.js";

export interface ToolsFlags extends FromFlags, FormatFlags {
  readonly byServer?: boolean;
  /** How many of the slowest calls are shown. */
  readonly slowest?: number;
  readonly width?: number;
}

const DEFAULT_SLOWEST = 5;

/**
 * `looptrace tools`: how often, how long and how well each tool worked, one table over all sessions that can be read.
 *
 * @throws {ConfigurationError} when options contradict each other
 */
export async function tools(sources: readonly string[], flags: ToolsFlags, terminal: Terminal): Promise<ExitCode> {
  const format = dataFormat(flags);
  const table = toolTable({
    by: flags.byServer ? "server" : "tool",
    slowest: flags.slowest ?? DEFAULT_SLOWEST,
  });
  let unreadable = 0;
  const onUnreadable = (error: unknown): void => {
    unreadable += 1;
    reportError(error, terminal);
  };
  // One that cannot be read is no reason to leave all others out.
  await eachTrace(sources, flags, terminal, (trace) => table.add(trace), { onUnreadable });
  const report = table.report();
  if (unreadable > 0 && report.sessions === 0) return EXIT.usage;
  if (format === "json") terminal.out(`${terminalJson(report)}\n`);
  else if (format === "csv") terminal.out([TOOL_COLUMNS, ...toolCsv(report)].map(csvLine).join(""));
  else {
    const colors = colorsFor(terminal, terminal.outIsTty);
    terminal.out(`${paintTools(report, { width: flags.width ?? terminal.width, colors })}\n`);
  }
  return unreadable > 0 ? EXIT.usage : EXIT.ok;
}
