import { columnsOf } from "../text/columns.js";
import { padEnd, padStart, shortenMiddle, shortenTo } from "../text/terminal-text.js";
import { type LabelledLine, worded } from "./labelled-line.js";

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
  /** Cells that are cut lose their middle: of paths and names in a series the ends differ. */
  readonly cut?: "middle";
}

/** A table as it fits. */
export interface FittedTable {
  /** The line of headings. */
  readonly head: string;
  /** A line for each row. */
  readonly rows: readonly string[];
  /** What there was no room for: null where all is shown. */
  readonly hidden: HiddenColumns | null;
}

/** Columns that a narrow terminal has no room for. */
export interface HiddenColumns {
  readonly headings: readonly string[];
  /** From how many terminal columns on all of them are shown. */
  readonly width: number;
}

/** A column of this worth never goes. */
export const STAYS = 100;

const GAP = "  ";

/** Says which columns a narrow terminal has no room for, and how to see them; nothing where all are shown. */
export function hiddenColumnsLine(hidden: HiddenColumns | null): readonly LabelledLine[] {
  if (!hidden) return [];
  const { headings, width } = hidden;
  return [worded("narrow", `no room for ${headings.join(", ")}: --width ${width} shows all`, "muted")];
}

/**
 * A table that is no wider than the terminal: texts are cut first, then the columns of least worth go. A column with
 * nothing in it is left out.
 */
export function fitTable(columns: readonly TableColumn[], width: number): FittedTable {
  const all = columns
    .filter(({ cells, worth }) => worth >= STAYS || cells.some((cell) => cell !== ""))
    .map((column) => ({
      ...column,
      width: Math.max(columnsOf(column.heading), ...column.cells.map(columnsOf)),
    }));
  let shown = all;
  const least = (): number =>
    shown.reduce((sum, one) => sum + Math.min(one.width, one.shortest ?? one.width), GAP.length * (shown.length - 1));
  const whole = least();
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
        .map(({ align, width: room, cut }, index) => {
          const cell = (cut === "middle" ? shortenMiddle : shortenTo)(cells[index] ?? "", room);
          return align === "left" ? padEnd(cell, room) : padStart(cell, room);
        })
        .join(GAP)
        .trimEnd(),
      width,
    );
  const rows = columns[0]?.cells.length ?? 0;
  const headings = all.flatMap((one) => (one.heading === "" || shown.includes(one) ? [] : [one.heading]));
  return {
    head: line(shown.map(({ heading }) => heading)),
    rows: Array.from({ length: rows }, (_, row) => line(shown.map(({ cells }) => cells[row] ?? ""))),
    hidden: headings.length === 0 ? null : { headings, width: whole },
  };
}
