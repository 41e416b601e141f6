import type { BatchEvent } from "../batch/batch-options.js";
import { type BatchProgress, failures } from "../batch/batch-summary.js";
import { columnsOf } from "../text/columns.js";
import { cost, count, duration } from "../text/format.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import { totalTokens } from "../trace/usage.js";
import { eventText, failuresText, taskText } from "./batch-text.js";
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

const TICK_MS = 250;
/** As fast as people read; a slow terminal must not hold up the work. */
const LEAST_BETWEEN_MS = 100;
/** A later end of the same wait is worth no further line. */
const SAME_WAIT_MS = 1_000;

export function batchProgress(terminal: Terminal, now: () => number = Date.now): BatchProgressLine {
  const line = terminal.errIsTty ? changingLine(terminal, now) : undefined;
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
      line?.show(standing, text !== undefined);
    },
    clear: () => line?.clear(),
    stop: () => line?.stop(),
  };
}

interface ChangingLine {
  /** @param atOnce even where it was painted a moment ago: it is not there any more */
  readonly show: (standing: BatchProgress, atOnce: boolean) => void;
  readonly clear: () => void;
  readonly stop: () => void;
}

function changingLine(terminal: Terminal, now: () => number): ChangingLine {
  let standing: BatchProgress | undefined;
  let paintedAt = Number.NEGATIVE_INFINITY;
  /** Columns of what stands there. */
  let painted = 0;
  const clear = (): void => {
    if (painted === 0) return;
    // A terminal that became narrower has broken the line into several.
    const rows = Math.ceil(painted / terminal.errWidth);
    terminal.err(rows > 1 ? `\x1b[${rows - 1}A\r\x1b[J` : "\r\x1b[2K");
    painted = 0;
  };
  const paint = (): void => {
    if (!standing) return;
    const text = shortenTo(standingText(standing, now(), terminal.errWidth), terminal.errWidth - 1);
    clear();
    terminal.err(text);
    painted = columnsOf(text);
    paintedAt = now();
  };
  const ticking = setInterval(paint, TICK_MS);
  ticking.unref();
  return {
    show: (next, atOnce) => {
      standing = next;
      if (atOnce || now() - paintedAt >= LEAST_BETWEEN_MS) paint();
    },
    clear,
    stop: () => {
      clearInterval(ticking);
      standing = undefined;
      clear();
    },
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
