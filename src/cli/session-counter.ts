import { count, plural } from "../text/format.js";
import type { Terminal } from "./terminal.js";

/** Counts sessions on a line of a terminal that is always the last one. */
export interface SessionCounter {
  /** Takes the line away, before anything else is written. */
  readonly clear: () => void;
  /** One more is done. */
  readonly next: () => void;
}

/** @param total how many there are; for none or one, and where stderr is no terminal, nothing is said */
export function sessionCounter(terminal: Terminal, total: number): SessionCounter {
  if (total < 2 || !terminal.errIsTty) return { clear: () => undefined, next: () => undefined };
  let done = 0;
  const startedAt = Date.now();
  return {
    clear: () => terminal.err("\r\x1b[2K"),
    next: () => {
      done += 1;
      const width = Math.min(20, Math.max(0, terminal.errWidth - 40));
      const filled = Math.round((done / total) * width);
      const left = ((Date.now() - startedAt) / done) * (total - done);
      const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
      const rest = left >= 1000 ? `, ${Math.round(left / 1000)}s left` : "";
      terminal.err(`${bar} ${count(done)} of ${plural(total, "session")}${rest}`);
    },
  };
}
