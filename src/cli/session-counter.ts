import { count, duration, plural } from "../text/format.js";
import type { Terminal } from "./terminal.js";

/** Counts sessions on a line of a terminal that is always the last one. */
export interface SessionCounter {
  /** Takes the line away, before anything else is written. */
  readonly clear: () => void;
  /** One more is done. */
  readonly next: () => void;
  /** How many there were and how fast, as a line of its own; empty for fewer than are worth it. */
  readonly rate: () => string;
}

/** Of fewer sessions it is no matter how long they took. */
const FEWEST_FOR_RATE = 100;

/** @param total how many there are; for none or one, and where stderr is no terminal, nothing is said */
export function sessionCounter(
  terminal: Pick<Terminal, "err" | "errIsTty" | "errWidth">,
  total: number,
): SessionCounter {
  let done = 0;
  const startedAt = Date.now();
  const rate = (): string => {
    const tookMs = Math.max(1, Date.now() - startedAt);
    if (done < FEWEST_FOR_RATE) return "";
    return `${plural(done, "session")} in ${duration(tookMs)}, ${perSecond(done / (tookMs / 1000))} a second\n`;
  };
  const isShown = total >= 2 && terminal.errIsTty;
  return {
    rate,
    clear: () => {
      if (isShown) terminal.err("\r\x1b[2K");
    },
    next: () => {
      done += 1;
      if (!isShown) return;
      const width = Math.min(20, Math.max(0, terminal.errWidth - 40));
      const filled = Math.round((done / total) * width);
      const left = ((Date.now() - startedAt) / done) * (total - done);
      const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
      const rest = left >= 1000 ? `, ${Math.round(left / 1000)}s left` : "";
      terminal.err(`${bar} ${count(done)} of ${plural(total, "session")}${rest}`);
    },
  };
}

function perSecond(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : count(Math.round(rate));
}
