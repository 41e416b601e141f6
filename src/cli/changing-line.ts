import { columnsOf } from "../text/columns.js";
import { shortenTo } from "../text/terminal-text.js";
import type { Terminal } from "./terminal.js";

/** One line of stderr on a terminal, which changes as what it tells of goes on. */
export interface ChangingLine {
  /** Writes it anew at once. */
  readonly paint: () => void;
  /** Takes it away, before something else is written; it goes on below that. */
  readonly clear: () => void;
  /** Takes it away for good. */
  readonly stop: () => void;
}

const TICK_MS = 250;

/**
 * @param text what is to stand there; empty for no line. It is asked four times a second: a tool that runs for minutes
 *   sends no event, but its clock goes on
 */
export function changingLine(terminal: Terminal, text: () => string): ChangingLine {
  /** Columns of what stands there. */
  let painted = 0;
  let stopped = false;
  /** A terminal that became narrower has broken the line into several. */
  const clearing = (): string => {
    const rows = Math.ceil(painted / terminal.errWidth);
    return rows > 1 ? `\x1b[${rows - 1}A\r\x1b[J` : "\r\x1b[2K";
  };
  const clear = (): void => {
    if (painted > 0) terminal.err(clearing());
    painted = 0;
  };
  const paint = (): void => {
    const line = shortenTo(text(), terminal.errWidth - 1);
    if (stopped || line === "") {
      clear();
      return;
    }
    terminal.err(`${clearing()}${line}`);
    painted = columnsOf(line);
  };
  const ticking = setInterval(paint, TICK_MS);
  ticking.unref();
  return {
    paint,
    clear,
    stop: () => {
      clearInterval(ticking);
      stopped = true;
      clear();
    },
  };
}
