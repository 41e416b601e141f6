import type { Colors } from "picocolors/types.js";
import { isTrouble, type TreeRow } from "../analysis/tree-rows.js";
import { columnsOf } from "../text/columns.js";
import { cost, costDecimals, count, duration } from "../text/format.js";
import { padEnd, padStart, shortenTo } from "../text/terminal-text.js";
import type { HiddenColumns } from "./fit-table.js";
import { axisOf, type TimeAxis, timeBar } from "./time-bar.js";
import { inTone, ofKind } from "./tones.js";
import {
  GAP,
  HEADINGS,
  type NumberColumn,
  numberWidths,
  type TreeLayout,
  type TreeWidths,
  treeLayout,
} from "./tree-layout.js";

export interface TreeLinesOptions {
  /** Columns of the terminal, at least 20. */
  readonly width: number;
  readonly colors: Colors;
  /** The stretch that the bars stand on; that of the rows when not given. */
  readonly axis?: TimeAxis;
  /** With how many decimals costs are told; as many as the rows' need when not given. */
  readonly decimals?: number;
}

/** Rows as aligned lines, none wider than the terminal. */
export interface TreeLines {
  /** The headings of their columns. */
  readonly head: string;
  /** A line for each row. */
  readonly lines: readonly string[];
  /** Columns that there was no room for; null where there was for all. */
  readonly hidden: HiddenColumns | null;
  /** Whether bars are drawn, and whether some row is marked for what it has no room to say. */
  readonly bars: boolean;
  readonly marked: boolean;
}

type Cells = Readonly<Record<NumberColumn, string>>;

/** The rows of a tree, of a turn that is over as of one that goes on. */
export function treeLines(rows: readonly TreeRow[], options: TreeLinesOptions): TreeLines {
  const {
    width,
    colors,
    axis = axisOf(rows),
    decimals = costDecimals(rows.flatMap((row) => row.cost ?? [])),
  } = options;
  const cells = rows.map((row) => cellsOf(row, decimals));
  const detailWidth = ({ aside, detail }: TreeRow): number => columnsOf(aside) + columnsOf(" · ") + columnsOf(detail);
  const nameWidth = (row: TreeRow): number => branchOf(row).length + columnsOf(row.name);
  const markedWidth = (row: TreeRow): number => nameWidth(row) + (isTrouble(row) ? MARK.length : 0);
  const widths = {
    name: widest(rows, nameWidth, width),
    detail: widest(rows, detailWidth, width),
    numbers: numberWidths(cells),
  };
  const roomy = treeLayout(widths, width);
  const layout = roomy.detail > 0 ? roomy : treeLayout({ ...widths, name: widest(rows, markedWidth, width) }, width);
  const head = partsOf("", HEADINGS, barHeading(axis, layout.bar), "", layout);
  return {
    head: colors.dim(shortenTo(head.join("").trimEnd(), width)),
    lines: rows.map((row, index) => {
      const name = nameIn(row, layout.name, isMarked(row, layout) ? MARK : "");
      const bar = layout.bar > 0 ? timeBar(row, axis, layout.bar) : "";
      const parts = partsOf(name, cells[index] ?? HEADINGS, bar, detailOf(row, layout), layout);
      return inColors(parts, row, width, colors);
    }),
    hidden: hiddenNumbers(widths, layout, width),
    bars: layout.bar > 0,
    marked: rows.some((row) => isMarked(row, layout)),
  };
}

/** What went wrong has its colour all along the line; else name and bar have that of their kind. */
function inColors(parts: LineParts, row: TreeRow, width: number, colors: Colors): string {
  const line = parts.join("").trimEnd();
  const isCut = columnsOf(line) > width;
  if (row.tone !== "plain" || isCut) return inTone(shortenTo(line, width), row.tone, colors);
  const [name, numbers, bar, detail] = parts;
  const rest = [numbers, ofKind(bar, row.kind, "bar", colors), detail].join("");
  const branch = branchOf(row);
  const start = name.startsWith(branch) ? branch : "";
  return `${start}${ofKind(name.slice(start.length), row.kind, "name", colors)}${rest}`.trimEnd();
}

/** The columns of numbers that there is no room for, and from where on there is. */
function hiddenNumbers(widths: TreeWidths, { numbers }: TreeLayout, width: number): HiddenColumns | null {
  const gone = [...widths.numbers.keys()].filter((column) => !numbers.has(column));
  if (gone.length === 0) return null;
  let wide = width + 1;
  while (wide < WIDEST && treeLayout(widths, wide).numbers.size < widths.numbers.size) wide += 1;
  return { headings: gone.map((column) => HEADINGS[column]), width: wide };
}

/** No terminal is wider. */
const WIDEST = 500;

/** @param enough what is wider need not be measured: it has to be cut anyway */
function widest(rows: readonly TreeRow[], widthOf: (row: TreeRow) => number, enough: number): number {
  let most = 0;
  for (const row of rows) {
    if (most >= enough) return most;
    most = Math.max(most, widthOf(row));
  }
  return most;
}

/** What a line is made of, each padded to its columns. */
type LineParts = readonly [name: string, numbers: string, bar: string, detail: string];

function partsOf(name: string, cells: Cells, bar: string, detail: string, layout: TreeLayout): LineParts {
  const numbers = [...layout.numbers].map(
    ([column, columns]) => `${" ".repeat(GAP)}${padStart(cells[column], columns)}`,
  );
  const bars = layout.bar > 0 ? `${" ".repeat(GAP)}${padEnd(bar, layout.bar)}` : "";
  const text = layout.detail > 0 ? `${" ".repeat(GAP)}${detail}` : "";
  return [padEnd(name, layout.name), numbers.join(""), bars, text];
}

/** Where the axis begins, and how long it is. */
function barHeading({ start, end }: TimeAxis, columns: number): string {
  return `0${padStart(duration(end - start), columns - 1)}`;
}

/** An aside must leave the detail as much room as it takes itself. */
function detailOf({ kind, tone, aside, detail }: TreeRow, layout: TreeLayout): string {
  if (kind === "tool" && tone === "warning" && aside === "") return withExitCode(detail, layout.detail);
  if (aside === "" || layout.detail < columnsOf(aside) * 2) return shortenTo(detail, layout.detail);
  return shortenTo(detail === "" ? aside : `${aside} · ${detail}`, layout.detail);
}

/** A command that failed, cut so that its exit code stays: `npm run te…: exit 1`. */
function withExitCode(detail: string, columns: number): string {
  const [exit = ""] = /: exit \d+$/.exec(detail) ?? [];
  return columnsOf(detail) <= columns
    ? detail
    : `${shortenTo(detail.slice(0, -exit.length || undefined), columns - exit.length)}${exit}`;
}

/** Without colours only the text on the right tells what went wrong; where there is no room for it, a sign must do. */
const MARK = " !";

function isMarked(row: TreeRow, layout: TreeLayout): boolean {
  return layout.detail === 0 && isTrouble(row);
}

function cellsOf(row: TreeRow, decimals: number): Cells {
  const some = (value: number | null | undefined): string => (value ? count(value) : "");
  const known = (value: number | null | undefined): string =>
    value === undefined ? "" : value === null ? "?" : count(value);
  return {
    duration: row.duration === null ? "" : `${row.exact ? "" : "~"}${duration(row.duration)}`,
    input: known(row.tokens?.input),
    cached: some(row.tokens?.cached),
    output: known(row.tokens?.output),
    reasoning: some(row.tokens?.reasoning),
    cost: row.cost === null ? "" : cost(row.cost, decimals),
  };
}

/** Each of its characters takes one column. */
function branchOf({ more }: TreeRow): string {
  return more
    .map((follows, level) => (level === more.length - 1 ? (follows ? "├─ " : "└─ ") : follows ? "│  " : "   "))
    .join("");
}

/** Of a row that stands too deep for its column the outer branches are left out, so that the name can be read. */
function nameIn(row: TreeRow, columns: number, mark: string): string {
  const branch = branchOf(row);
  const wanted = Math.min(columnsOf(row.name) + mark.length, Math.ceil(columns / 2));
  const room = Math.max(columns - branch.length, wanted);
  const left = columns - room;
  const shown = branch.length <= left ? branch : left > 0 ? `…${branch.slice(branch.length - left + 1)}` : "";
  return `${shown}${shortenTo(row.name, columns - shown.length - mark.length)}${mark}`;
}
