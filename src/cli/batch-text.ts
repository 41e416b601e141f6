import type { BatchEvent } from "../batch/batch-options.js";
import { type BatchSummary, failures, type NotStarted } from "../batch/batch-summary.js";
import type { NotDoneReason } from "../batch/schedule.js";
import type { TaskDelivery, TaskResult } from "../batch/task-result.js";
import { verifiedText } from "../batch/verify-text.js";
import { adviceFor } from "../errors/advice.js";
import type { ErrorCode } from "../errors/error-facts.js";
import { type LabelledLine, parted, worded } from "../terminal/labelled-line.js";
import { cost, count, duration, plural } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { promptTokens, totalTokens } from "../trace/usage.js";

const LONGEST_ID = 60;
/** An answer's head on its task's line, and what went wrong. */
const LONGEST_TEXT = 200;

/** One finished task on one line. */
export function taskText(result: TaskResult): string {
  const { id, status, error, text, output, totals, startedAt, endedAt, verify } = result;
  // A structured answer need not say anything beside its value.
  const answer = text ?? (output === null ? "" : (JSON.stringify(output) ?? ""));
  const name = shortenTo(oneLine(id), LONGEST_ID);
  if (error !== null) return `failed ${name}: ${shortenTo(oneLine(adviceFor(error)), LONGEST_TEXT)}`;
  const figures = [
    duration(endedAt - startedAt),
    `${count(totalTokens(totals.usage))} tokens`,
    ...(totals.cost === null ? [] : [cost(totals.cost)]),
    ...(verify === null ? [] : [verifiedText(verify)]),
  ];
  return `${status === "done" ? "completed" : status} ${name} (${figures.join(", ")}): ${shortenTo(oneLine(answer.slice(0, 2000)), 60)}`;
}

/** What a person should know of an event beside that tasks begin and end; undefined where that is nothing. */
export function eventText(event: BatchEvent, now: number): string | undefined {
  switch (event.kind) {
    case "put-back": {
      const wait = Math.max(0, Math.ceil((event.until - now) / 1000)) * 1000;
      return `${shortenTo(oneLine(event.task.id), LONGEST_ID)}: rate_limit: ${event.providers.map(providerText).join(", ")} ${wait === 0 ? "may be asked again at once" : `is left alone for ${duration(wait)}`}; then it is tried again`;
    }
    case "blocked":
      return `${event.code}: no more tasks of ${providerText(event.provider)} are started (--keep-going starts them all the same)`;
    case "no-workers":
      return `no worker is on the queue ${shortenTo(oneLine(event.queue), LONGEST_ID)}: the tasks wait until \`looptrace worker --redis …\` runs somewhere`;
    case "stopping":
      return event.reason === "interrupted" ? undefined : `${REASONS[event.reason]}; what runs comes to its end`;
    default:
      return undefined;
  }
}

export function providerText(provider: string): string {
  return provider === "" ? "the provider that opencode chooses" : shortenTo(oneLine(provider), LONGEST_ID);
}

const REASONS: Readonly<Record<Exclude<NotDoneReason, ErrorCode>, string>> = {
  interrupted: "interrupted",
  broken: "no more tasks are started, since something broke",
  "max-cost": "--max-cost is reached: no more tasks are started",
  "max-tokens": "--max-tokens is reached: no more tasks are started",
  "max-errors": "--max-errors is reached: no more tasks are started",
  "max-duration": "--max-duration is over: no more tasks are started",
};

function isStopReason(reason: NotDoneReason): reason is Exclude<NotDoneReason, ErrorCode> {
  return reason in REASONS;
}

function notDoneText({ reason, provider, tasks }: NotStarted): string {
  const why = isStopReason(reason)
    ? reason === "interrupted"
      ? "interrupted, or not started yet"
      : (REASONS[reason].split(":")[0] ?? reason)
    : `${providerText(provider ?? "")} refused: ${reason}`;
  return `${plural(tasks, "task")} not done: ${why}`;
}

/** `timeout 3, rate_limit 1`, the most frequent one first. */
export function failuresText(failed: BatchSummary["failed"]): string {
  return Object.entries(failed)
    .sort(([, a], [, b]) => b - a)
    .map(([code, tasks]) => `${code} ${count(tasks)}`)
    .join(", ");
}

/** What became of a batch. */
export function summaryLines(summary: BatchSummary): LabelledLine[] {
  const { total, done, skipped, skippedFailed, changed, damaged, notDone, usage, before, unpriced, verified } = summary;
  const failed = failures(summary);
  const all = done + skipped;
  const inputs = `in ${count(promptTokens(usage))} (cached ${count(usage.cacheRead)})`;
  const earlier =
    before.tokens > 0 ? [`(${cost(before.cost)} and ${count(before.tokens)} tokens at earlier starts)`] : [];
  return [
    worded(
      "done",
      `${count(all)} of ${plural(total, "task")}${skipped > 0 ? ` (${count(skipped)} of them before)` : ""}`,
      "plain",
    ),
    ...(failed > 0 ? [worded("failed", `${count(failed)} (${failuresText(summary.failed)})`, "failed")] : []),
    ...(skippedFailed > 0
      ? [worded("failed", `${count(skippedFailed)} before; --retry-failed does them again`, "failed")]
      : []),
    ...(verified.passed + verified.failed > 0
      ? [
          worded(
            "verified",
            `${count(verified.passed)} of ${count(verified.passed + verified.failed)}`,
            verified.failed > 0 ? "failed" : "plain",
          ),
        ]
      : []),
    ...notDone.map((one) => worded("left", notDoneText(one), "warning")),
    ...(changed > 0
      ? [
          worded(
            "note",
            `${plural(changed, "task")} asked for something else when the results were recorded; another file (-o) does them anew`,
            "warning",
          ),
        ]
      : []),
    ...(damaged > 0
      ? [
          worded(
            "note",
            `${plural(damaged, "line")} of the results had been damaged by a crash of the machine; what was whole counts, the rest is done again`,
            "warning",
          ),
        ]
      : []),
    parted("tokens", [
      `${count(totalTokens(usage))} =`,
      inputs,
      `+ out ${count(usage.output)}`,
      `+ think ${count(usage.reasoning)}`,
    ]),
    parted("cost", [
      cost(summary.sessions === 0 ? 0 : summary.cost),
      ...(unpriced > 0 && summary.cost !== null ? [`without ${plural(unpriced, "run")} of unknown price`] : []),
      ...earlier,
    ]),
    parted("time", [
      `${duration(summary.endedAt - summary.startedAt)},`,
      `${plural(summary.sessions, "session")},`,
      `${summary.sessionsPerMinute.toFixed(1)} a minute`,
    ]),
    ...(summary.results === null ? [] : [worded("results", oneLine(summary.results), "plain")]),
    ...summary.delivery.map((one) =>
      worded("traces", deliveryText(one), one.pending + one.rejected > 0 ? "warning" : "plain"),
    ),
  ];
}

function deliveryText({ destination, acknowledged, pending, rejected, lastError }: TaskDelivery): string {
  const parts = [
    `${plural(acknowledged, "span")} delivered`,
    ...(pending > 0 ? [`${count(pending)} not yet`] : []),
    ...(rejected > 0 ? [`${count(rejected)} rejected`] : []),
  ];
  const why = pending + rejected > 0 && lastError !== null ? `: ${oneLine(lastError)}` : "";
  return `${oneLine(destination)}: ${parts.join(", ")}${why}`;
}
