import { resolve } from "node:path";
import { sessionFindings } from "../../analysis/findings/session-findings.js";
import { segmentTexts } from "../../analysis/segment-texts.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { bytesText, plural } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine, severalLines } from "../../text/terminal-text.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import { reportBuilder } from "../../web/data/build-report.js";
import { pageAssets } from "../../web/data/page-assets.js";
import { reportHtml } from "../../web/data/report-html.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { fileLink } from "../hyperlink.js";
import { openInBrowser } from "../open-in-browser.js";
import { reportName } from "../report-name.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";
import { writeReport } from "../write-report.js";

export interface ReportFlags extends SourceFlags {
  readonly output?: string;
  readonly open?: boolean;
  readonly title?: string;
  readonly fresh?: boolean;
  readonly json?: boolean;
}

/**
 * `looptrace report`: the traces of sessions as one HTML page, in a file that is named after them.
 *
 * @throws {ConfigurationError} when options contradict each other, or the file cannot be written
 */
export async function report(sources: readonly string[], flags: ReportFlags, terminal: Terminal): Promise<ExitCode> {
  refuseContradictions(flags);
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const wanted = await sourcesOf(sources, flags, { load: options, terminal, lastByDefault: true });
  const assets = await pageAssets("report");
  const builder = reportBuilder(LOOPTRACE_VERSION);
  const ids: string[] = [];
  await loadSessions(wanted, options, ({ tree, evidence }) => {
    ids.push(tree.session.info.id);
    const texts = segmentTexts(evidence.wire?.exchanges ?? []);
    const traces = withUserPrices(traceSession(tree, evidence), options.prices);
    for (const trace of traces) builder.add(trace, texts);
    builder.addFindings(sessionFindings(traces, options.prices));
  });
  if (builder.size === 0) {
    terminal.err("The session holds no prompt yet: there is nothing to report, and no file was written.\n");
    return EXIT.usage;
  }
  const made = builder.finish(flags.title);
  const pieces = reportHtml(made, assets);
  if (flags.output === "-") {
    for (const piece of pieces) terminal.out(piece);
    return EXIT.ok;
  }
  const output = resolve(terminal.cwd, flags.output ?? reportName(made.data.title, ids));
  const files = wanted.filter((source) => source !== "-").map((source) => resolve(terminal.cwd, source));
  const bytes = await writeReport(output, pieces, files);
  const turns = plural(builder.size, "turn");
  terminal.err(
    `looptrace: wrote ${fileLink(oneLine(output), output, terminal, "err")}, ${bytesText(bytes)}, ${turns}. It holds what the sessions hold.\n`,
  );
  if (flags.json) {
    const traceIds = made.data.traces.map(({ traceId }) => traceId);
    terminal.out(`${terminalJson({ file: output, bytes, traceIds })}\n`);
  }
  const problem = flags.open ? await openInBrowser(output, terminal.env) : undefined;
  if (problem !== undefined) terminal.err(`looptrace: ${severalLines(problem)}\n`);
  return EXIT.ok;
}

/** @throws {ConfigurationError} when the page has to share standard output, or what is no file is to be opened */
function refuseContradictions({ output, json, open }: ReportFlags): void {
  if (output !== "-") return;
  if (json)
    throw new ConfigurationError("--json", "--json prints what was written, so it needs a file.\nLeave out -o -.");
  if (open) throw new ConfigurationError("--open", "--open opens a file.\nLeave out -o -.");
}
