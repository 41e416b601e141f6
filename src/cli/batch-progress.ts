import type { BatchEvent } from "../batch/batch-options.js";
import { type BatchProgress, failures } from "../batch/batch-summary.js";
import { cost, count, duration } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { totalTokens } from "../trace/usage.js";
import { eventText, failuresText, taskText } from "./batch-text.js";
import { changingLine } from "./changing-line.js";
import type { Terminal } from "./terminal.js";

/**
 * Says on stderr how a batch goes: one line that changes on a terminal, a line for each finished task
 * elsewhere.
 */
export interface BatchProgressLine {
  readonly tell: (event: BatchEvent, standing: BatchProgress) => void;
  /** Makes room for a line of something else, below which it goes on. */
  readonly clear: () => void;
  /** Takes the line away, before anything else is written. */
  readonly stop: () => void;
}

/** As fast as people read; a slow terminal must not hold up the work. */
const LEAST_BETWEEN_MS = 100;
/** A later end of the same wait is worth no further line. */
const SAME_WAIT_MS = 1_000;

export function batchProgress(terminal: Terminal, now: () => number = Date.now): BatchProgressLine {
  let latest: BatchProgress | undefined;
  let paintedAt = Number.NEGATIVE_INFINITY;
  const line = terminal.errIsTty
    ? changingLine(terminal, () => {
        paintedAt = now();
        return latest ? standingText(latest, paintedAt, terminal.errWidth) : "";
      })
    : undefined;
  let heldUntil = 0;
  const lines = (event: BatchEvent, standing: BatchProgress): string | undefined => {
    if (event.kind === "finished") {
      // On a terminal the line tells of those that are done.
      if (line && event.result.error === null) return undefined;
      const { skipped, done, total } = standing;
      return `[${count(skipped + done + failures(standing))}/${count(total)}] ${taskText(event.result)}`;
    }
    if (event.kind === "put-back") {
      if (event.until < heldUntil + SAME_WAIT_MS) return undefined;
      heldUntil = event.until;
    }
    return eventText(event, now());
  };
  return {
    tell: (event, standing) => {
      const text = lines(event, standing);
      if (text !== undefined) {
        line?.clear();
        terminal.err(`${text}\n`);
      }
      latest = standing;
      if (text !== undefined || now() - paintedAt >= LEAST_BETWEEN_MS) line?.paint();
    },
    clear: () => line?.clear(),
    stop: () => line?.stop(),
  };
}

const LONGEST_BAR = 20;
/** A narrower line has no room for a bar beside the figures. */
const BAR_FROM = 60;
/** Nor for why tasks failed. */
const CODES_FROM = 100;

/** How a batch stands, on one line; what matters most comes first. @param now ms since the epoch */
export function standingText(standing: BatchProgress, now: number, width: number): string {
  const { total, skipped, skippedFailed, done, failed, running, usage, pauses, startedAt } = standing;
  const over = skipped + skippedFailed + done + failures(standing);
  const bar = Math.min(LONGEST_BAR, Math.max(0, width - BAR_FROM));
  const filled = total === 0 ? bar : Math.floor((over / total) * bar);
  const elapsed = Math.max(0, now - startedAt);
  const finished = done + failures(standing);
  const left = finished === 0 ? 0 : (elapsed / finished) * (total - over);
  const tokens = totalTokens(usage);
  const waits = pauses.filter(({ until }) => until > now);
  return [
    `${"█".repeat(filled)}${"░".repeat(bar - filled)}${bar > 0 ? " " : ""}${count(over)}/${count(total)}`,
    `${count(running)} running`,
    failures(standing) > 0
      ? `${count(failures(standing))} failed${width < CODES_FROM ? "" : ` (${failuresText(failed)})`}`
      : "",
    ...waits.map(({ provider, until }) => `${oneLine(provider) || "the provider"} waits ${seconds(until - now)}`),
    seconds(elapsed),
    left >= 1000 ? `about ${seconds(left)} left` : "",
    tokens > 0 ? `${count(tokens)} tokens` : "",
    standing.cost === null ? "" : cost(standing.cost),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Hundredths of a second tell nothing. */
function seconds(ms: number): string {
  const whole = Math.ceil(ms / 1000);
  return whole < 60 ? `${whole}s` : duration(whole * 1000);
}
