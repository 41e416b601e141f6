import { sessionFindings } from "../../analysis/findings/session-findings.js";
import type { LoopTrace } from "../../trace/model.js";
import { LOOPTRACE_VERSION } from "../../version.js";
import { reportBuilder } from "./build-report.js";
import { pageAssets } from "./page-assets.js";
import { reportHtml } from "./report-html.js";

/** How a report looks. */
export interface ReportPageOptions {
  /** The page's title; by default that of the first trace's session. */
  readonly title?: string | undefined;
}

/**
 * A report of traces, as `looptrace report` writes it: one HTML page that needs nothing else and makes no request.
 *
 * @param traces as `traceSession` computes them; what they hold the page holds, unmasked
 * @returns the page in pieces, to be written one after the other: together they may be longer than one string can be
 * @throws {ConfigurationError} when looptrace runs from sources that were never built
 * @example
 * ```ts
 * import { createWriteStream } from "node:fs";
 * import { Readable } from "node:stream";
 * import { readSession, reportPage, traceSession } from "looptrace";
 *
 * const { tree, evidence } = await readSession("ses_e03b66d38ffe7m0arJ0ehJm9sO");
 * const page = await reportPage(traceSession(tree, evidence));
 * Readable.from(page).pipe(createWriteStream("report.html"));
 * ```
 */
export async function reportPage(
  traces: Iterable<LoopTrace>,
  { title }: ReportPageOptions = {},
): Promise<readonly string[]> {
  const assets = await pageAssets("report");
  const builder = reportBuilder(LOOPTRACE_VERSION);
  let session: LoopTrace[] = [];
  for (const trace of traces) {
    if (session[0] && session[0].session.id !== trace.session.id) {
      builder.addFindings(sessionFindings(session));
      session = [];
    }
    session.push(trace);
    builder.add(trace);
  }
  builder.addFindings(sessionFindings(session));
  return reportHtml(builder.finish(title), assets);
}
