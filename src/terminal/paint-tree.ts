import type { Colors } from "picocolors/types.js";
import { type RowNode, rowsOf, treeOf } from "../analysis/tree-rows.js";
import { costDecimals, plural } from "../text/format.js";
import { shortenTo } from "../text/terminal-text.js";
import type { LoopTrace } from "../trace/model.js";
import { hiddenColumnsLine } from "./fit-table.js";
import { inColors, type LabelledLine } from "./labelled-line.js";
import { axisOf } from "./time-bar.js";
import { signLines, totalLines } from "./total-lines.js";
import { headLines, headOf, type TraceHead } from "./trace-head.js";
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

/** What is painted of a trace, at any width: plain data of JSON, which can be kept. */
export interface TreeView {
  readonly head: TraceHead;
  readonly tree: RowNode;
  /** What stands below the tree. */
  readonly totals: readonly LabelledLine[];
}

export function viewOf(trace: LoopTrace): TreeView {
  const tree = withoutSources(treeOf(trace));
  return { head: headOf(trace), tree, totals: totalLines(trace, decimalsOf(tree)) };
}

/** What rows stand for is the whole trace. */
function withoutSources({ facts, below }: RowNode): RowNode {
  return { facts, below: below.map(withoutSources) };
}

/** The trace as a tree of lines with aligned columns, the totals below; no line is wider than the terminal. */
export function paintTree(trace: LoopTrace, options: TreeOptions): string {
  return paintView(viewOf(trace), options);
}

/** The same of what was kept of it. */
export function paintView(view: TreeView, { width, colors, filter = {} }: TreeOptions): string {
  const all = rowsOf(view.tree);
  const { tree, hidden, found } = filterTree(view.tree, filter);
  const rows = hidden === 0 ? all : rowsOf(tree);
  const decimals = decimalsOf(view.tree);
  const { head, lines, ...layout } = treeLines(rows, { width, colors, axis: axisOf(all), decimals });
  const [title, ...facts] = headLines(view.head, width);
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
    ...inColors([...view.totals, ...signLines(signs)], width, colors),
  ].join("\n");
}

/** With how many decimals a tree tells costs. */
function decimalsOf(tree: RowNode): number {
  return costDecimals(rowsOf(tree).flatMap((row) => row.cost ?? []));
}
