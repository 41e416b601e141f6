import { sessionFindings } from "../../analysis/findings/session-findings.js";
import { segmentTexts } from "../../analysis/segment-texts.js";
import { assembleFound, maskFound } from "../../sessions/loaded-session.js";
import { storedSession } from "../../sessions/session-store.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { reportBuilder } from "../data/build-report.js";
import type { PageAssets } from "../data/page-policy.js";
import type { SessionNeighbours } from "../data/report-data.js";
import { reportHtml } from "../data/report-html.js";
import type { KeptSource } from "./kept-source.js";

/**
 * The report of a kept session, as `looptrace report` writes it.
 *
 * @param version looptrace's own
 * @param kept the sessions beside it
 * @returns the page in pieces; undefined when the session is not kept, or holds no prompt yet
 * @throws {InvalidExportError} when it cannot be read
 */
export async function keptReport(
  id: string,
  source: KeptSource,
  assets: PageAssets,
  version: string,
  kept: SessionNeighbours,
): Promise<readonly string[] | undefined> {
  const stored = await storedSession(source.paths, id);
  const builder = reportBuilder(version);
  const found = stored ? [await maskFound(stored, source.masking)] : [];
  for (const { tree, evidence } of assembleFound(found)) {
    const texts = segmentTexts(evidence.wire?.exchanges ?? []);
    const traces = withUserPrices(traceSession(tree, evidence), source.prices);
    for (const trace of traces) builder.add(trace, texts);
    builder.addFindings(sessionFindings(traces, source.prices));
  }
  return builder.size === 0 ? undefined : reportHtml(builder.finish(undefined, kept), assets);
}
