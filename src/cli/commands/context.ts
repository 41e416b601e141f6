import { type BilledSession, billedSession, type ContextBill, contextBill } from "../../analysis/context-bill.js";
import { CONTEXT_COLUMNS, contextCsv } from "../../analysis/context-csv.js";
import { type WireRequest, wireRequests } from "../../analysis/wire-requests.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { paintContext } from "../../terminal/paint-context.js";
import { csvLine } from "../../text/csv.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { colorsFor } from "../colors.js";
import { dataFormat, type FormatFlags } from "../data-format.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { noRecording, tellUnrecorded } from "../no-recording.js";
import { reportError } from "../report-error.js";
import { requestNumber } from "../request-number.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface ContextFlags extends SourceFlags, FormatFlags {
  /** A request's number or name in the list of `looptrace wire`. */
  readonly call?: string;
  readonly by?: ContextBill["by"];
  readonly fresh?: boolean;
  readonly width?: number;
}

/**
 * `looptrace context`: what the prompts were made of, whose that is and what it has cost, over all sessions that can
 * be read.
 *
 * @throws {ConfigurationError} when nothing was recorded, there is no such request, or options contradict each other
 */
export async function context(sources: readonly string[], flags: ContextFlags, terminal: Terminal): Promise<ExitCode> {
  const format = dataFormat(flags);
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const wanted = await sourcesOf(sources, flags, { load: options, terminal, lastByDefault: true });
  const sessions: BilledSession[] = [];
  const requests: (readonly WireRequest[])[] = [];
  const without: string[] = [];
  let unreadable = 0;
  const onUnreadable = (error: unknown): void => {
    unreadable += 1;
    reportError(error, terminal);
  };
  await loadSessions(wanted, { ...options, onUnreadable }, ({ tree, evidence }) => {
    const traces = withUserPrices(traceSession(tree, evidence), options.prices);
    if (traces.every(({ wire }) => wire === undefined)) without.push(tree.session.info.id);
    else {
      sessions.push(billedSession(traces));
      requests.push(flags.call === undefined ? [] : wireRequests(evidence.wire?.exchanges ?? [], traces));
    }
  });
  if (sessions.length === 0 && unreadable > 0) return EXIT.usage;
  if (sessions.length === 0) throw noRecording(without);
  tellUnrecorded(without, "in no figure", terminal);
  const exchangeId = flags.call === undefined ? undefined : exchangeAt(requests, flags.call);
  const bill = contextBill(sessions, { by: flags.by ?? "owner", exchangeId, prices: options.prices });
  if (!bill) {
    throw new ConfigurationError(
      "wire",
      "Requests were recorded, but not what was in them: they ran with --no-content, or their protocol is not known.",
    );
  }
  if (exchangeId !== undefined && bill.shown.length === 0) {
    throw new ConfigurationError(
      "--call",
      `Of request ${oneLine(flags.call ?? "")} it is not known what was in it.\n\`looptrace wire\` says what it was.`,
    );
  }
  if (format === "json") terminal.out(`${terminalJson(bill)}\n`);
  else if (format === "csv") terminal.out([CONTEXT_COLUMNS, ...contextCsv(bill)].map(csvLine).join(""));
  else {
    const colors = colorsFor(terminal, terminal.outIsTty);
    terminal.out(`${paintContext(bill, { width: flags.width ?? terminal.width, colors })}\n`);
  }
  return unreadable > 0 ? EXIT.usage : EXIT.ok;
}

/** @throws {ConfigurationError} when there is no such request, or several sessions have one */
function exchangeAt(requests: readonly (readonly WireRequest[])[], wanted: string): string | undefined {
  const [only = []] = requests;
  if (requests.length > 1)
    throw new ConfigurationError("--call", "Requests are numbered within their session.\nName one session.");
  return only[requestNumber(only, wanted, "--call")]?.exchangeId;
}
