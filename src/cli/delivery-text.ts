import type { DestinationReport } from "../deliver/delivery-report.js";
import { count, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";

/** What became of a trace at one destination, as a line for a person. */
export function deliveryText(report: DestinationReport): string {
  const { destination, acknowledged, alreadyAcknowledged, pending, rejected, lastError } = report;
  const parts = [
    acknowledged > 0 ? `${plural(acknowledged, "span")} sent` : "",
    alreadyAcknowledged > 0 ? `${count(alreadyAcknowledged)} were there already` : "",
    pending.spans > 0 ? `${plural(pending.spans, "span")} not delivered` : "",
    rejected > 0 ? `${plural(rejected, "span")} rejected` : "",
  ].filter(Boolean);
  const because = (pending.spans > 0 || rejected > 0) && lastError ? `: ${oneLine(lastError)}` : "";
  return `${oneLine(destination.label)}: ${parts.join(", ") || "nothing to send"}${because}`;
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
  const waiting = reports.some(({ pending }) => pending.spans > pending.unsavedSpans);
  const lost = reports.reduce((sum, { pending }) => sum + pending.unsavedSpans, 0);
  if (waiting) advice.push(`What was not delivered is kept in the outbox; ${again}.`);
  if (lost > 0)
    advice.push(`${plural(lost, "span")} could not be kept either; run \`looptrace trace\` on the session again.`);
  if (reports.some(({ rejected }) => rejected > 0)) {
    advice.push("Rejected spans are kept below `rejected/` in looptrace's data folder, each with the reason.");
  }
  return advice;
}
