import type { Colors } from "picocolors/types.js";
import { rowsOf, treeOf } from "../analysis/tree-rows.js";
import { costDecimals, plural } from "../text/format.js";
import { shortenTo } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { hiddenColumnsLine } from "./fit-table.js";
import { inColors } from "./labelled-line.js";
import { axisOf } from "./time-bar.js";
import { totalLines } from "./total-lines.js";
import { traceHead } from "./trace-head.js";
import { filterTree, type RowFilter } from "./tree-filter.js";
import { treeLines } from "./tree-lines.js";

export interface PaintOptions {
  /** Columns of the terminal, at least 20. */
  readonly width: number;
  readonly colors: Colors;
}

export interface TreeOptions extends PaintOptions {
  /** Which rows are shown; the totals are always those of the whole turn. */
  readonly filter?: RowFilter;
}

/** The trace as a tree of lines with aligned columns, the totals below; no line is wider than the terminal. */
export function paintTree(trace: LoopTrace, { width, colors, filter = {} }: TreeOptions): string {
  const whole = treeOf(trace);
  const all = rowsOf(whole);
  const { tree, hidden, found } = filterTree(whole, filter);
  const rows = hidden === 0 ? all : rowsOf(tree);
  const decimals = costDecimals(all.flatMap((row) => row.cost ?? []));
  const { head, lines, ...layout } = treeLines(rows, { width, colors, axis: axisOf(all), decimals });
  const [title, ...facts] = traceHead(trace, width);
  const signs = {
    estimated: rows.some((row) => row.duration !== null && !row.exact),
    marked: layout.marked,
    bars: layout.bars ? rows : [],
  };
  return [
    colors.bold(shortenTo(title ?? "", width)),
    ...facts.map((line) => colors.dim(shortenTo(line, width))),
    head,
    ...lines,
    ...inColors(hiddenColumnsLine(layout.hidden), width, colors),
    ...(hidden > 0
      ? [colors.dim(shortenTo(`${plural(hidden, "row")} not shown${found ? "" : ": nothing matches"}`, width))]
      : []),
    "",
    ...inColors(totalLines(trace, decimals, signs), width, colors),
  ].join("\n");
}
