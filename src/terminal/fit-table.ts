import { columnsOf } from "../text/columns.js";
import { shortenMiddle, shortenTo } from "../text/terminal-text.js";
import { type LabelledLine, worded } from "./labelled-line.js";

/** A column that makes room for others. */
export interface ColumnShape {
  readonly heading: string;
  /** The lowest gives way first where the terminal is narrow; of `STAYS` on it stays. */
  readonly worth: number;
  /** Texts from the left, numbers from the right. */
  readonly align: "left" | "right";
  /** To how many columns its cells may be cut before another column goes; without it they are never cut. */
  readonly shortest?: number;
  /** Columns worth less than `LESSER` go before its cells are cut to less than this; default `shortest`. */
  readonly comfort?: number;
  /** Cells that are cut lose their middle: of paths and names in a series the ends differ. */
  readonly cut?: "middle";
  /** Colours a cell, or makes a link of it: what takes no room. */
  readonly paint?: (cell: string, row: number) => string;
}

/** A column of a table that is known as a whole. */
export interface TableColumn extends ColumnShape {
  /** One for each row; clean, on one line. */
  readonly cells: readonly string[];
}

/** A column of a table whose rows come one after the other. */
export interface WideColumn extends ColumnShape {
  /** What its cells take at most; a longer one is cut. */
  readonly width: number;
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

/** Which columns fit, and how wide they are. */
export interface TableLayout {
  /** The line of headings. */
  readonly head: string;
  /**
   * A line.
   *
   * @param cells one for each column that was given, those without room among them; clean, on one line
   * @param row its number, for what paints cells
   */
  readonly line: (cells: readonly string[], row: number) => string;
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
/** A column worth less than this goes before texts are cut so far that they tell little. */
const LESSER = 50;

const GAP = "  ";
/** Where what stays does not fit either, its texts are cut to this. */
const LEAST_TEXT = 8;

/**
 * Says which columns a narrow terminal has no room for, and how to see them; nothing where all are shown.
 *
 * @param how says by what so many columns can be had
 */
export function hiddenColumnsLine(
  hidden: HiddenColumns | null,
  how = (columns: number): string => `--width ${columns} shows all`,
): readonly LabelledLine[] {
  if (!hidden) return [];
  const { headings, width } = hidden;
  return [worded("narrow", `no room for ${headings.join(", ")}: ${how(width)}`, "muted")];
}

/** How much room columns take where nothing of them is cut. */
export function roomOf(columns: readonly TableColumn[]): number {
  const widths = columns.map(({ heading, cells }) => Math.max(columnsOf(heading), ...cells.map(columnsOf)));
  return widths.reduce((sum, one) => sum + one, GAP.length * Math.max(0, widths.length - 1));
}

/**
 * A table that is no wider than the terminal: texts are cut first, then the columns of least worth go. A column with
 * nothing in it is left out.
 */
export function fitTable(columns: readonly TableColumn[], width: number): FittedTable {
  const all = columns
    .filter(({ cells, worth }) => worth >= STAYS || cells.some((cell) => cell !== ""))
    .map((column) => ({ ...column, width: Math.max(0, ...column.cells.map(columnsOf)) }));
  const { head, line, hidden } = layTable(all, width);
  const rows = Array.from({ length: columns[0]?.cells.length ?? 0 }, (_, row) => {
    return line(
      all.map(({ cells }) => cells[row] ?? ""),
      row,
    );
  });
  return { head, rows, hidden };
}

/** The same where rows come one after the other: how wide the columns are is said before. */
export function layTable(columns: readonly WideColumn[], width: number): TableLayout {
  const all = columns.map((column, at): Laid => {
    return { ...column, at, width: Math.max(columnsOf(column.heading), column.width) };
  });
  const eased = without(all, { below: LESSER, while: (some) => leastOf(some, "comfort") > width });
  const shown = without(eased, { below: STAYS, while: (some) => leastOf(some, "shortest") > width });
  const headings = all.flatMap((one) => (one.heading === "" || shown.includes(one) ? [] : [one.heading]));
  const laid = shrunk(shrunk(shrunk(shown, width, "comfort"), width, "shortest"), width, "least");
  return {
    head: lineOf(
      laid.map((column) => ({ ...column, paint: undefined, cell: column.heading })),
      { width, row: 0 },
    ),
    line: (cells, row) =>
      lineOf(
        laid.map((column) => ({ ...column, cell: cells[column.at] ?? "" })),
        { width, row },
      ),
    hidden: headings.length === 0 ? null : { headings, width: leastOf(all, "comfort") },
  };
}

interface Laid extends WideColumn {
  /** Which of the columns that were given it is. */
  readonly at: number;
}

/** Takes the columns of least worth away, one worth after the other, as long as there is no room for them. */
function without(
  columns: readonly Laid[],
  { below, while: isTooWide }: { readonly below: number; readonly while: (columns: readonly Laid[]) => boolean },
): readonly Laid[] {
  let shown = columns;
  while (isTooWide(shown)) {
    const worth = Math.min(...shown.map((one) => one.worth));
    if (worth >= below) break;
    shown = shown.filter((one) => one.worth !== worth);
  }
  return shown;
}

/** How far texts are cut: as is comfortable, to their shortest, or where that is too much too. */
type Cut = "comfort" | "shortest" | "least";

/** To how many columns a column's cells may be cut. */
function cutTo({ width, heading, shortest, comfort = 0 }: Laid, cut: Cut): number {
  if (shortest === undefined) return width;
  const to = { comfort: Math.max(comfort, shortest), shortest, least: Math.min(shortest, LEAST_TEXT) };
  return Math.min(width, Math.max(to[cut], columnsOf(heading)));
}

function leastOf(columns: readonly Laid[], cut: Cut): number {
  return columns.reduce((sum, one) => sum + cutTo(one, cut), gapsOf(columns));
}

function gapsOf({ length }: readonly Laid[]): number {
  return GAP.length * Math.max(0, length - 1);
}

/** Texts give what is too much, in proportion to what they can give. */
function shrunk(columns: readonly Laid[], width: number, cut: Cut): readonly Laid[] {
  const spareOf = (one: Laid): number => (one.shortest === undefined ? 0 : one.width - cutTo(one, cut));
  const spare = columns.reduce((sum, one) => sum + spareOf(one), 0);
  const over = Math.min(spare, columns.reduce((sum, one) => sum + one.width, gapsOf(columns)) - width);
  let left = over;
  return columns.map((one) => {
    const given = over <= 0 ? 0 : Math.min(left, Math.ceil((over * spareOf(one)) / spare));
    left -= given;
    return { ...one, width: one.width - given };
  });
}

function lineOf(
  cells: readonly (Omit<Laid, "paint"> & {
    readonly cell: string;
    readonly paint?: ColumnShape["paint"] | undefined;
  })[],
  { width, row }: { readonly width: number; readonly row: number },
): string {
  // What stands behind the last text takes no blanks.
  const last = cells.findLastIndex(({ cell }) => cell !== "");
  let line = "";
  let taken = 0;
  for (const { cell, align, cut, paint, width: own } of cells.slice(0, last + 1)) {
    const gap = taken === 0 ? "" : GAP;
    const room = Math.min(own, width - taken - gap.length);
    if (room <= 0) break;
    const text = (cut === "middle" ? shortenMiddle : shortenTo)(cell, room);
    const blanks = " ".repeat(Math.max(0, room - columnsOf(text)));
    const shown = text === "" || !paint ? text : paint(text, row);
    line += gap + (align === "left" ? shown + blanks : blanks + shown);
    taken += gap.length + room;
  }
  return line.trimEnd();
}
