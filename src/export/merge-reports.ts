import type { DestinationReport } from "../deliver/delivery-report.js";

/** The reports of several deliveries to the same destinations as one for each destination. */
export function mergeReports(
  before: readonly DestinationReport[],
  more: readonly DestinationReport[],
): readonly DestinationReport[] {
  const byId = new Map(before.map((report) => [report.destination.id, report]));
  for (const report of more) {
    const known = byId.get(report.destination.id);
    byId.set(report.destination.id, known ? add(known, report) : report);
  }
  return [...byId.values()];
}

function add(a: DestinationReport, b: DestinationReport): DestinationReport {
  return {
    destination: a.destination,
    acknowledged: a.acknowledged + b.acknowledged,
    alreadyAcknowledged: a.alreadyAcknowledged + b.alreadyAcknowledged,
    outdated: {
      settings: a.outdated.settings + b.outdated.settings,
      content: a.outdated.content + b.outdated.content,
    },
    pending: {
      spans: a.pending.spans + b.pending.spans,
      requests: a.pending.requests + b.pending.requests,
      unsavedSpans: a.pending.unsavedSpans + b.pending.unsavedSpans,
    },
    rejected: a.rejected + b.rejected,
    lastError: b.lastError ?? a.lastError,
    problems: [...new Set([...a.problems, ...b.problems])],
  };
}
