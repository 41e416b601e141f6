import type { DestinationReport } from "../../deliver/delivery-report.js";
import { isDelivered } from "../../deliver/delivery-report.js";
import { resolveDestinations } from "../../deliver/resolve-destinations.js";
import { storePaths } from "../../deliver/store-paths.js";
import type { LoopTrace } from "../../trace/model.js";
import { traceSession } from "../../trace/trace-session.js";
import { traceLine } from "../../view/trace-line.js";
import { deliverTraces } from "../../workflow/deliver-traces.js";
import { loadSessions, selectSessions } from "../../workflow/load-sessions.js";
import { mergeReports } from "../../workflow/merge-reports.js";
import { traceUrls } from "../../workflow/trace-urls.js";
import { deliveryAdvice, deliveryText } from "../delivery-text.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { readSettings, type TraceFlags } from "../settings.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface TraceCommandFlags extends SourceFlags, TraceFlags {
  readonly json?: boolean;
  readonly force?: boolean;
}

/** `looptrace trace`: the traces of sessions that already happened, sent to where they belong. */
export async function trace(
  sources: readonly string[],
  flags: TraceCommandFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const settings = readSettings(flags, terminal);
  const destinations = resolveDestinations(settings.destinations);
  const options = loadOptions(flags, terminal, "opencode");
  const wanted = await sourcesOf(sources, flags, (selection) => selectSessions(selection, options));
  const sessions = await loadSessions(wanted, options);

  const traces: LoopTrace[] = [];
  let reports: readonly DestinationReport[] = [];
  for (const { tree, evidence } of sessions) {
    const computed = traceSession(tree, evidence);
    traces.push(...computed);
    const delivery = await deliverTraces(computed, destinations, settings.trace, {
      paths: storePaths(terminal.env),
      force: flags.force ?? false,
    });
    reports = mergeReports(reports, delivery);
  }
  const urls = await traceUrls(traces, destinations, settings.trace, reports);
  if (flags.json) {
    terminal.out(`${JSON.stringify({ traces, delivery: reports, urls }, undefined, 2).toWellFormed()}\n`);
  } else {
    traces.forEach((one) => {
      const url = urls[one.traceId];
      terminal.out(`${traceLine(one)}${url === undefined ? "" : `  ${url}`}\n`);
    });
  }
  if (traces.length === 0) terminal.err("The sessions hold no prompt yet: there is nothing to trace.\n");
  if (destinations.length === 0) {
    terminal.err(
      "No destination is configured, so nothing was sent; set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY (and LANGFUSE_BASE_URL), or OTEL_EXPORTER_OTLP_ENDPOINT.\n",
    );
  }
  for (const report of reports) terminal.err(`${deliveryText(report)}\n`);
  for (const advice of deliveryAdvice(reports)) terminal.err(`${advice}\n`);
  return isDelivered(reports) ? EXIT.ok : EXIT.undelivered;
}
