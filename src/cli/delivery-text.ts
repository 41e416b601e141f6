import { type DestinationReport, type ItemCounts, isKept, isRejected, isWaiting } from "../deliver/delivery-report.js";
import { itemCount, KINDS_BESIDE } from "../deliver/items-text.js";
import type { RequestKind } from "../deliver/queue/request-kind.js";
import { count, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";

/**
 * What became of a trace at one destination, as a line for a person.
 *
 * @param isLive whether what was there already has gone out while the session ran
 */
export function deliveryText(report: DestinationReport, isLive = false): string {
  const { destination, acknowledged, alreadyAcknowledged, pending, rejected, beside, lastError } = report;
  const spans = { acknowledged, alreadyAcknowledged, pending: pending.spans, unsaved: pending.unsavedSpans, rejected };
  const others = KINDS_BESIDE.flatMap((kind) => (beside[kind] ? countsParts(beside[kind], kind, "untold") : []));
  const parts = [...countsParts(spans, "traces", isLive ? "live" : "told"), ...others];
  const because = (isWaiting(report) || isRejected(report)) && lastError ? `: ${oneLine(lastError)}` : "";
  return `${oneLine(destination.label)}: ${parts.join(", ") || "nothing to send"}${because}`;
}

/** Whether what was there already is told, or counts as sent by this command; beside the spans that is no news. */
type Earlier = "told" | "live" | "untold";

function countsParts(counts: ItemCounts, kind: RequestKind, earlier: Earlier): readonly string[] {
  const { acknowledged, alreadyAcknowledged, pending, rejected } = counts;
  const isLive = earlier === "live" && alreadyAcknowledged > 0;
  const sent = acknowledged + (isLive ? alreadyAcknowledged : 0);
  return [
    sent > 0 ? `${itemCount(sent, kind)} sent` : "",
    isLive ? `${count(alreadyAcknowledged)} of them while the session ran` : "",
    earlier === "told" && alreadyAcknowledged > 0
      ? `${itemCount(alreadyAcknowledged, kind)} ${alreadyAcknowledged === 1 ? "was" : "were"} there already`
      : "",
    pending > 0 ? `${itemCount(pending, kind)} not delivered` : "",
    rejected > 0 ? `${itemCount(rejected, kind)} rejected` : "",
  ].filter(Boolean);
}

/**
 * What a destination has that would look different now, and how to send it again; empty when there is nothing
 * of the kind.
 */
export function outdatedTexts(reports: readonly DestinationReport[]): string[] {
  const settings = reports.reduce((sum, { outdated }) => sum + outdated.settings, 0);
  const content = reports.reduce((sum, { outdated }) => sum + outdated.content, 0);
  return [
    settings > 0
      ? `${plural(settings, "span")} delivered earlier ${settings === 1 ? "keeps" : "keep"} the settings sent then (name, user, tags, environment, release or metadata differ now); --force sends them again.`
      : "",
    content > 0
      ? `${plural(content, "turn")} went on after ${content === 1 ? "its" : "their"} root span was delivered, which shows ${content === 1 ? "it" : "them"} as of then; --force sends all of it again.`
      : "",
  ].filter(Boolean);
}

/** However much goes wrong with a disk, these lines say enough. */
const MOST_PROBLEMS = 8;

/**
 * What to do about what was not delivered; empty when everything was.
 *
 * @param again how what waits is sent later
 */
export function deliveryAdvice(reports: readonly DestinationReport[], again = "`looptrace push` sends it"): string[] {
  const problems = reports.flatMap((report) => report.problems.map(oneLine));
  const advice = problems.slice(0, MOST_PROBLEMS);
  if (problems.length > MOST_PROBLEMS) advice.push(`… and ${problems.length - MOST_PROBLEMS} more of the kind`);
  const lostSpans = reports.reduce((sum, { pending }) => sum + pending.unsavedSpans, 0);
  const lost = reports.reduce(
    (sum, { beside }) => Object.values(beside).reduce((all, one) => all + one.unsaved, sum),
    lostSpans,
  );
  if (reports.some(isKept)) advice.push(`What was not delivered is kept in the outbox; ${again}.`);
  if (lost > 0)
    advice.push(
      `${plural(lost, lostSpans === lost ? "span" : "item")} ${lost === 1 ? "is" : "are"} kept nowhere; run \`looptrace trace\` on the session again.`,
    );
  if (reports.some(isRejected)) {
    advice.push("What was rejected is kept below `rejected/` in looptrace's data folder, each with the reason.");
  }
  return advice;
}
