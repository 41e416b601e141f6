import type { DestinationReport, ItemCounts, KindBeside } from "../deliver/delivery-report.js";

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

/** The same without what waits: where a later report tells of that again. */
export function withoutPending(report: DestinationReport): DestinationReport {
  const kinds = Object.entries(report.beside).map(([kind, counts]) => [kind, { ...counts, pending: 0, unsaved: 0 }]);
  return { ...report, pending: { spans: 0, requests: 0, unsavedSpans: 0 }, beside: Object.fromEntries(kinds) };
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
    beside: addKinds(a.beside, b.beside),
    lastError: b.lastError ?? a.lastError,
    problems: [...new Set([...a.problems, ...b.problems])],
  };
}

function addKinds(a: DestinationReport["beside"], b: DestinationReport["beside"]): DestinationReport["beside"] {
  const sums: Partial<Record<KindBeside, ItemCounts>> = { ...a };
  for (const kind of ["metrics", "scores", "media"] as const) {
    const [one, more] = [a[kind], b[kind]];
    const sum = one && more ? addCounts(one, more) : (one ?? more);
    if (sum !== undefined) sums[kind] = sum;
  }
  return sums;
}

function addCounts(a: ItemCounts, b: ItemCounts): ItemCounts {
  return {
    acknowledged: a.acknowledged + b.acknowledged,
    alreadyAcknowledged: a.alreadyAcknowledged + b.alreadyAcknowledged,
    pending: a.pending + b.pending,
    unsaved: a.unsaved + b.unsaved,
    rejected: a.rejected + b.rejected,
  };
}
