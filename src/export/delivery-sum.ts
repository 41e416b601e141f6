import type { DestinationReport, ItemCounts, KindBeside } from "../deliver/delivery-report.js";
import { watchDiscards } from "../deliver/discards.js";
import { itemsText, KINDS_BESIDE } from "../deliver/items-text.js";
import type { DiscardedItems } from "../deliver/queue/discarded-items.js";
import type { StorePaths } from "../files/store-paths.js";
import { mergeReports } from "./merge-reports.js";

/** What many deliveries of one command have come to. */
export interface DeliverySum {
  /** A delivery begins. */
  begin(): void;
  /** What it came to. */
  add(reports: readonly DestinationReport[]): void;
  /** Nothing waits in the outbox any more. @param pushed what became of it, in all attempts since it did */
  pushed(pushed: readonly DestinationReport[]): void;
  /** A report for each destination. */
  reports(): readonly DestinationReport[];
}

/**
 * Adds up deliveries, between which what waits is pushed, or is thrown away by `push --discard`: what was is not sent.
 *
 * @param destinations all that reports may be of
 */
export function sumDeliveries(paths: StorePaths, destinations: readonly { readonly id: string }[]): DeliverySum {
  const discards = watchDiscards(paths, destinations);
  let sum: readonly DestinationReport[] = [];
  const settle = (): void => {
    sum = sum.map((report) => withDiscarded(report, discards.since(report.destination.id)));
    discards.restart();
  };
  return {
    begin() {
      // What others had there, and lost until now, is none of what is added from now on.
      settle();
    },
    add(reports) {
      sum = mergeReports(sum, reports);
    },
    pushed(pushed) {
      settle();
      sum = sum.map((report) => asPushed(report, pushed));
    },
    reports() {
      settle();
      return sum;
    },
  };
}

/**
 * A report of which something was thrown away meanwhile: no push sends that any more, as if it had never been stored.
 *
 * @param discarded of what waited for the destination, of this command and of others
 */
function withDiscarded(report: DestinationReport, discarded: DiscardedItems): DestinationReport {
  const { pending, beside } = report;
  const spans = Math.min(discarded.spans, pending.spans - pending.unsavedSpans);
  const lost: Partial<Record<KindBeside, number>> = {};
  const kinds: Partial<Record<KindBeside, ItemCounts>> = {};
  for (const kind of KINDS_BESIDE) {
    const counts = beside[kind];
    if (!counts) continue;
    lost[kind] = Math.min(discarded.beside[kind] ?? 0, counts.pending - counts.unsaved);
    kinds[kind] = { ...counts, unsaved: counts.unsaved + lost[kind] };
  }
  if (spans + Object.values(lost).reduce((sum, one) => sum + one, 0) === 0) return report;
  const problem = `\`looptrace push --discard\` has meanwhile thrown away ${itemsText({ spans, beside: lost })} that waited for ${report.destination.label}`;
  return {
    ...report,
    beside: kinds,
    pending: { ...pending, unsavedSpans: pending.unsavedSpans + spans },
    problems: [...report.problems, problem],
  };
}

/**
 * The report of a push, with what was thrown away before it could be sent: it was not there any more.
 *
 * @param discarded since it began to wait
 */
export function withLost(report: DestinationReport, discarded: DiscardedItems): DestinationReport {
  const { pending, beside } = report;
  const kinds = KINDS_BESIDE.flatMap((kind) => {
    const [counts, lost] = [beside[kind], discarded.beside[kind] ?? 0];
    if (!counts && lost === 0) return [];
    return [[kind, { ...NOTHING, ...counts, pending: (counts?.pending ?? 0) + lost }] as const];
  });
  const spans = pending.spans + discarded.spans;
  return withDiscarded({ ...report, pending: { ...pending, spans }, beside: Object.fromEntries(kinds) }, discarded);
}

const NOTHING: ItemCounts = { acknowledged: 0, alreadyAcknowledged: 0, pending: 0, unsaved: 0, rejected: 0 };

/** A report of what has waited, once it has been sent; what was refused meanwhile counts as that. */
function asPushed(report: DestinationReport, pushed: readonly DestinationReport[]): DestinationReport {
  const { pending, beside, destination } = report;
  const told = pushed.find((one) => one.destination.id === destination.id);
  const rejected = told?.rejected ?? 0;
  const kinds = KINDS_BESIDE.flatMap((kind) => {
    const counts = beside[kind];
    if (!counts) return [];
    const { acknowledged, pending: waited, unsaved } = counts;
    const refused = told?.beside[kind]?.rejected ?? 0;
    const taken = acknowledged + Math.max(0, waited - unsaved - refused);
    return [[kind, { ...counts, acknowledged: taken, pending: unsaved, rejected: counts.rejected + refused }] as const];
  });
  const { unsavedSpans } = pending;
  return {
    ...report,
    acknowledged: report.acknowledged + Math.max(0, pending.spans - unsavedSpans - rejected),
    rejected: report.rejected + rejected,
    pending: { spans: unsavedSpans, requests: 0, unsavedSpans },
    beside: Object.fromEntries(kinds),
  };
}
