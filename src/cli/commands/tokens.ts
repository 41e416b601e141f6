import { TOKEN_COLUMNS, tokenCsv } from "../../analysis/token-csv.js";
import { tokenRows } from "../../analysis/token-rows.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { paintTokens } from "../../terminal/paint-tokens.js";
import { csvLine } from "../../text/csv.js";
import { terminalJson } from "../../text/terminal-json.js";
import { otherCallsIn } from "../../trace/other-calls.js";
import { colorsFor } from "../colors.js";
import { dataFormat, type FormatFlags } from "../data-format.js";
import { eachTrace } from "../each-trace.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { FromFlags } from "../from-flags.js";
import type { Terminal } from "../terminal.js";

export interface TokensFlags extends FromFlags, FormatFlags {
  /** How many of the biggest contributors; `true` is the usual number. */
  readonly top?: boolean | number;
  readonly width?: number;
}

/**
 * `looptrace tokens`: how the context grew from call to call, and why.
 *
 * @throws {ConfigurationError} when options contradict each other
 */
export async function tokens(sources: readonly string[], flags: TokensFlags, terminal: Terminal): Promise<ExitCode> {
  const format = dataFormat(flags);
  if (format === "csv" && flags.top !== undefined) {
    throw new ConfigurationError("--csv", "--csv prints the calls, --top what made them grow.\nSay one or the other.");
  }
  const colors = colorsFor(terminal, terminal.outIsTty);
  const width = flags.width ?? terminal.width;
  const forJson: object[] = [];
  let seen = 0;
  if (format === "csv") terminal.out(csvLine(TOKEN_COLUMNS));
  await eachTrace(sources, flags, terminal, (trace) => {
    const { traceId, session } = trace;
    if (format === "csv") {
      terminal.out(tokenCsv(trace).map(csvLine).join(""));
    } else if (format === "json") {
      const { missingSubagents } = trace.loop.totalsWithSubagents;
      const of = { traceId, sessionId: session.id, turn: session.turn, missingSubagents };
      const otherCalls = otherCallsIn(trace.loop);
      forJson.push({ ...of, calls: tokenRows(trace), ...(otherCalls.length > 0 ? { otherCalls } : {}) });
    } else {
      const painted = paintTokens(trace, { width, colors, top: flags.top ?? false });
      terminal.out(`${seen > 0 ? "\n" : ""}${painted}\n`);
    }
    seen += 1;
  });
  if (format === "json") terminal.out(`${terminalJson(forJson)}\n`);
  if (seen === 0) terminal.err("The session holds no prompt yet: there is nothing to show.\n");
  return EXIT.ok;
}
