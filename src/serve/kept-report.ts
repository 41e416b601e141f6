import { traceSession } from "../trace/trace-session.js";
import type { PageAssets } from "../view/page-policy.js";
import { reportBuilder } from "../view/report/build-report.js";
import { reportHtml } from "../view/report/report-html.js";
import { loadKept } from "../workflow/load-sessions.js";
import type { KeptSource } from "./summarize-kept.js";

/**
 * The report of a kept session, as `looptrace report` writes it.
 *
 * @param version looptrace's own
 * @returns the page in pieces; undefined when the session is not kept, or holds no prompt yet
 * @throws {InvalidExportError} when it cannot be read
 */
export async function keptReport(
  id: string,
  source: KeptSource,
  assets: PageAssets,
  version: string,
): Promise<readonly string[] | undefined> {
  const kept = await loadKept(id, source);
  const builder = reportBuilder(version);
  for (const { tree, evidence } of kept?.loaded ?? []) {
    for (const trace of traceSession(tree, evidence)) builder.add(trace);
  }
  return builder.size === 0 ? undefined : reportHtml(builder.finish(), assets);
}
