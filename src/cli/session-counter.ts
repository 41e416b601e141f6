import { count, duration, plural } from "../text/format.js";
import type { Terminal } from "./terminal.js";

/** How far many sessions have come, as data. */
export interface SessionPace {
  /** Those that are through, the failed ones among them. */
  readonly done: number;
  /** How many there are. */
  readonly of: number;
  readonly failed: number;
  /** ms */
  readonly tookMs: number;
  readonly perSecond: number;
  /** ms, by how fast the last ones were; null before there is one. */
  readonly leftMs: number | null;
}

/** Counts sessions on a line of a terminal that is always the last one, elsewhere now and then on one of its own. */
export interface SessionCounter {
  /** Takes the line away, before anything else is written. */
  readonly clear: () => void;
  /** One more is done. @param failed whether it could not be */
  readonly next: (failed?: boolean) => void;
  /** How many there were and how fast, as a line of its own; empty for fewer than are worth it. */
  readonly rate: () => string;
  readonly pace: () => SessionPace;
}

/** Of fewer sessions it is no matter how long they took. */
const FEWEST_FOR_RATE = 100;
/** Where no line can change. */
const TOLD_EVERY_MS = 30_000;
/** How fast it goes is told by so long. */
const WINDOW_MS = 20_000;
/** Sooner nothing is known of it. */
const FIRST_RATE_MS = 2_000;

/**
 * @param total how many there are; for none or one nothing is said
 * @param now ms, from any moment on
 */
export function sessionCounter(
  terminal: Pick<Terminal, "err" | "errIsTty" | "errWidth">,
  total: number,
  now: () => number = () => performance.now(),
): SessionCounter {
  let done = 0;
  let failed = 0;
  const startedAt = now();
  let toldAt = startedAt;
  /** Of the last while: when how many were done. */
  const marks: { readonly at: number; readonly done: number }[] = [{ at: startedAt, done: 0 }];
  const isShown = total >= 2 && terminal.errIsTty;
  const pace = (): SessionPace => {
    const tookMs = Math.max(1, now() - startedAt);
    const [first = { at: startedAt, done: 0 }] = marks;
    const lately = (done - first.done) / Math.max(1, now() - first.at);
    const leftMs = done === 0 || lately === 0 ? null : (total - done) / lately;
    return { done, of: total, failed, tookMs, perSecond: done / (tookMs / 1000), leftMs };
  };
  const text = (): string => {
    const { leftMs, tookMs } = pace();
    const [first = { at: startedAt, done: 0 }] = marks;
    const lately = ((done - first.done) / Math.max(1, now() - first.at)) * 1000;
    const isKnown = tookMs >= FIRST_RATE_MS && lately > 0;
    const parts = [
      `${count(done)} of ${plural(total, "session")}`,
      isKnown ? `${perSecond(lately)} a second` : "",
      isKnown && leftMs !== null && leftMs >= 1_000 ? `about ${roughly(leftMs)} left` : "",
      failed > 0 ? `${count(failed)} failed` : "",
    ];
    return parts.filter(Boolean).join(" · ");
  };
  return {
    pace,
    rate: () => {
      const { tookMs, perSecond: rate } = pace();
      if (done < FEWEST_FOR_RATE) return "";
      const bad = failed > 0 ? `, ${count(failed)} failed` : "";
      return `${plural(done, "session")} in ${duration(tookMs)}, ${perSecond(rate)} a second${bad}\n`;
    },
    clear: () => {
      if (isShown) terminal.err("\r\x1b[2K");
    },
    next: (hasFailed = false) => {
      done += 1;
      if (hasFailed) failed += 1;
      const at = now();
      if (at - (marks.at(-1)?.at ?? 0) >= WINDOW_MS / 20) marks.push({ at, done });
      while (marks.length > 1 && at - (marks[0]?.at ?? at) > WINDOW_MS) marks.shift();
      if (isShown) {
        const width = Math.min(20, Math.max(0, terminal.errWidth - 70));
        const filled = Math.round((done / total) * width);
        const bar = width === 0 ? "" : `${"█".repeat(filled)}${"░".repeat(width - filled)} `;
        terminal.err(`\r\x1b[2K${bar}${text()}`);
      } else if (total >= 2 && !terminal.errIsTty && at - toldAt >= TOLD_EVERY_MS && done < total) {
        toldAt = at;
        terminal.err(`${text()}\n`);
      }
    },
  };
}

function perSecond(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : count(Math.round(rate));
}

/** As exact as a guess can be. */
function roughly(ms: number): string {
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`;
  const minutes = Math.round(ms / 60_000);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
