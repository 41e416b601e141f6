import { columnsOf } from "../text/columns.js";
import { shortenTo } from "../text/terminal-text.js";
import type { Terminal } from "./terminal.js";

/** Lines of stderr on a terminal that change as what they tell of goes on. */
export interface ChangingLines {
  /** Writes them anew at once. */
  readonly paint: () => void;
  /** Takes them away, before something else is written; they go on below that. */
  readonly clear: () => void;
  /** Takes them away for good. */
  readonly stop: () => void;
}

const TICK_MS = 250;

/** One line, see {@link changingLines}; it is cut where the terminal ends. */
export function changingLine(terminal: Terminal, text: () => string): ChangingLines {
  return changingLines(terminal, (columns) => {
    const line = shortenTo(text(), columns);
    return line === "" ? [] : [line];
  });
}

/**
 * @param linesFor what is to stand there, in at most so many columns and rows; empty for nothing. It is asked four times
 *   a second: a tool that runs for minutes sends no event, but its clock goes on
 */
export function changingLines(
  terminal: Terminal,
  linesFor: (columns: number, rows: number) => readonly string[],
): ChangingLines {
  /** Columns of each line that stands there, and their text. */
  let painted: readonly number[] = [];
  let shown = "";
  let stopped = false;
  /** A terminal that became narrower has broken lines into several. */
  const clearing = (): string => {
    const rows = painted.reduce((sum, columns) => sum + Math.max(1, Math.ceil(columns / terminal.errWidth)), 0);
    return rows > 1 ? `\x1b[${rows - 1}A\r\x1b[J` : "\r\x1b[2K";
  };
  const clear = (): void => {
    if (painted.length > 0) terminal.err(clearing());
    painted = [];
    shown = "";
  };
  const paint = (): void => {
    const lines = stopped ? [] : linesFor(terminal.errWidth - 1, terminal.errHeight - 1);
    if (lines.length === 0) {
      clear();
      return;
    }
    const text = lines.join("\n");
    if (text === shown && painted.every((columns) => columns <= terminal.errWidth)) return;
    terminal.err(`${painted.length > 0 ? clearing() : "\r\x1b[2K"}${text}`);
    painted = lines.map(columnsOf);
    shown = text;
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
