import type { ReportRow, TraceData } from "../data/report-data.js";
import { type CalledTool, calledTools, type Piece, piecesBelow } from "./folded-rows.js";
import { type Gap, gapsByRow, partsByRow, type Stretch, stretchesOf } from "./path-marks.js";
import type { RowIndex } from "./row-index.js";

/** What a row shows beside its own fields; the same object each time it is asked for. */
export interface RowExtras {
  readonly tools: readonly CalledTool[];
  readonly pieces: readonly Piece[];
  readonly path: readonly Stretch[];
  readonly gaps: readonly Gap[];
  /** What stands behind the name. */
  readonly text: string;
}

/** Reckons for the rows that are in sight what they show, each once. */
export function rowExtras(
  { rows, path }: TraceData,
  { ends }: RowIndex,
): (row: number, isFolded: boolean) => RowExtras {
  const parts = partsByRow(path);
  const gaps = gapsByRow(path);
  const known = { open: new Map<number, RowExtras>(), folded: new Map<number, RowExtras>() };
  const openRow = (row: number): RowExtras => ({
    tools: NOTHING,
    pieces: NOTHING,
    // Opencode's own time in a step or a loop is told by the gaps.
    path: hasOwnTime(rows[row]?.kind) ? NOTHING : (parts.get(row) ?? NOTHING),
    gaps: gaps.get(row) ?? NOTHING,
    text: rows[row]?.text ?? "",
  });
  const foldedRow = (row: number): RowExtras => {
    const end = ends[row] ?? row + 1;
    const isStep = rows[row]?.kind === "step";
    const said = isStep
      ? rows.slice(row, end).find(({ parent, kind }) => parent === row && kind === "call")
      : undefined;
    return {
      ...openRow(row),
      tools: isStep ? calledTools(rows, row, end) : NOTHING,
      pieces: piecesBelow(rows, ends, row),
      path: stretchesOf(path, row, end),
      text: rows[row]?.text || said?.text || "",
    };
  };
  return (row, isFolded) => {
    const cache = isFolded ? known.folded : known.open;
    const before = cache.get(row);
    if (before) return before;
    const made = isFolded ? foldedRow(row) : openRow(row);
    cache.set(row, made);
    return made;
  };
}

function hasOwnTime(kind: ReportRow["kind"] | undefined): boolean {
  return kind === "step" || kind === "loop";
}

const NOTHING: readonly never[] = [];
