import { columnsOf } from "../text/columns.js";
import { padEnd, padStart, shortenTo } from "../text/terminal-text.js";

/** A column of a table that makes room for others. */
export interface TableColumn {
  readonly heading: string;
  /** One for each row; clean, on one line. */
  readonly cells: readonly string[];
  /** The lowest gives way first where the terminal is narrow; of `STAYS` on it stays. */
  readonly worth: number;
  /** Texts from the left, numbers from the right. */
  readonly align: "left" | "right";
  /** To how many columns its cells may be cut before another column goes; without it they are never cut. */
  readonly shortest?: number;
}

/** A column of this worth never goes. */
export const STAYS = 100;

const GAP = "  ";

/**
 * A table that is no wider than the terminal: texts are cut first, then the columns of least worth go. A column with
 * nothing in it is left out.
 *
 * @returns the line of headings, then one for each row
 */
export function fitTable(columns: readonly TableColumn[], width: number): readonly [string, ...string[]] {
  let shown = columns
    .filter(({ cells, worth }) => worth >= STAYS || cells.some((cell) => cell !== ""))
    .map((column) => ({
      ...column,
      width: Math.max(columnsOf(column.heading), ...column.cells.map(columnsOf)),
    }));
  const least = (): number =>
    shown.reduce((sum, one) => sum + Math.min(one.width, one.shortest ?? one.width), GAP.length * (shown.length - 1));
  while (least() > width) {
    const worth = Math.min(...shown.map((one) => one.worth));
    if (worth >= STAYS) break;
    shown = shown.filter((one) => one.worth !== worth);
  }
  let over = shown.reduce((sum, one) => sum + one.width, GAP.length * (shown.length - 1)) - width;
  // The widest text gives most, and none more than it can.
  for (const one of shown.toSorted((a, b) => b.width - a.width)) {
    if (one.shortest === undefined || over <= 0) continue;
    const given = Math.min(over, Math.max(0, one.width - Math.max(one.shortest, columnsOf(one.heading))));
    one.width -= given;
    over -= given;
  }
  const line = (cells: readonly string[]): string =>
    shortenTo(
      shown
        .map(({ align, width: room }, index) => {
          const cell = shortenTo(cells[index] ?? "", room);
          return align === "left" ? padEnd(cell, room) : padStart(cell, room);
        })
        .join(GAP)
        .trimEnd(),
      width,
    );
  const rows = columns[0]?.cells.length ?? 0;
  return [
    line(shown.map(({ heading }) => heading)),
    ...Array.from({ length: rows }, (_, row) => line(shown.map(({ cells }) => cells[row] ?? ""))),
  ];
}
