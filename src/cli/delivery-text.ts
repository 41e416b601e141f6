import type { DestinationReport } from "../deliver/delivery-report.js";
import type { DestinationInfo } from "../deliver/destination.js";
import { count, plural } from "../view/format.js";
import { oneLine, shortenTo } from "../view/terminal-text.js";
import type { Terminal } from "./terminal.js";

/** A delivery that takes longer is worth a line. */
const PATIENCE_MS = 700;

/** Says on a terminal whom a delivery waits for when it takes its time, and takes the line away when it is over. */
export async function whileWaiting<T>(
  terminal: Terminal,
  destinations: readonly DestinationInfo[],
  delivery: Promise<T>,
): Promise<T> {
  if (!terminal.errIsTty || destinations.length === 0) return delivery;
  const whom = destinations.map(({ label }) => label).join(" and ");
  let said = false;
  const timer = setTimeout(() => {
    said = true;
    terminal.err(shortenTo(`delivering to ${oneLine(whom)} …`, terminal.errWidth - 1));
  }, PATIENCE_MS);
  try {
    return await delivery;
  } finally {
    clearTimeout(timer);
    if (said) terminal.err("\r\x1b[2K");
  }
}

/** What became of a trace at one destination, as a line for a person. */
export function deliveryText(report: DestinationReport): string {
  const { destination, acknowledged, alreadyAcknowledged, pending, rejected, lastError } = report;
  const parts = [
    acknowledged > 0 ? `${plural(acknowledged, "span")} sent` : "",
    alreadyAcknowledged > 0 ? `${count(alreadyAcknowledged)} were there already` : "",
    pending.spans > 0 ? `${plural(pending.spans, "span")} not delivered` : "",
    rejected > 0 ? `${plural(rejected, "span")} rejected` : "",
  ].filter(Boolean);
  const because = (pending.spans > 0 || rejected > 0) && lastError ? ` (${lastError})` : "";
  return `${destination.label}: ${parts.join(", ") || "nothing to send"}${because}`;
}

/** What to do about what was not delivered; empty when everything was. */
export function deliveryAdvice(reports: readonly DestinationReport[]): string[] {
  const advice = reports.flatMap(({ problems }) => [...problems]);
  const waiting = reports.some(({ pending }) => pending.spans > pending.unsavedSpans);
  const lost = reports.reduce((sum, { pending }) => sum + pending.unsavedSpans, 0);
  if (waiting) advice.push("What was not delivered is kept in the outbox; `looptrace push` sends it.");
  if (lost > 0)
    advice.push(
      `${plural(lost, "span")} could not be kept either; run \`looptrace trace\` on the session again.`,
    );
  if (reports.some(({ rejected }) => rejected > 0)) {
    advice.push(
      "Rejected spans are kept below `rejected/` in looptrace's data folder, each with the reason.",
    );
  }
  return advice;
}
