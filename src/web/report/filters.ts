import type { ReportRow } from "../data/report-data.js";
import { type RowIndex, toolName } from "./row-index.js";
import type { Viewport } from "./viewport.js";

/** Which rows are wanted; all that is given has to hold. */
export interface RowFilter {
  /** Those that took as long at least, ms. */
  readonly slowerThan: number | null;
  /** What failed, or what a reader is warned of. */
  readonly failed: boolean;
  readonly tool: string | null;
  readonly model: string | null;
  /** The row of a subagent's loop: what it did, and its own subagents. */
  readonly subagent: number | null;
  /** What the turn's end waited for. */
  readonly onPath: boolean;
  /** What the search has found. */
  readonly found: boolean;
  /** What was at work in the stretch of time that is shown. */
  readonly inSight: boolean;
}

export const EVERYTHING: RowFilter = {
  slowerThan: null,
  failed: false,
  tool: null,
  model: null,
  subagent: null,
  onPath: false,
  found: false,
  inSight: false,
};

export function isFiltering(filter: RowFilter): boolean {
  return Object.values(filter).some((wish) => wish !== null && wish !== false);
}

/** What a filter asks about beside the rows. */
export interface FilterFacts {
  readonly index: RowIndex;
  readonly found: ReadonlySet<number>;
  readonly onPath: ReadonlySet<number>;
  readonly view: Viewport;
}

/** The rows that are wanted, ascending. */
export function wantedRows(rows: readonly ReportRow[], filter: RowFilter, facts: FilterFacts): readonly number[] {
  const { slowerThan, failed, tool, model, subagent, onPath, found, inSight } = filter;
  const { index, view } = facts;
  const last = subagent === null ? 0 : (index.ends[subagent] ?? 0);
  const isWanted = (row: ReportRow, at: number): boolean =>
    (slowerThan === null || row.end - row.start >= slowerThan) &&
    (!failed || row.tone !== "plain") &&
    (tool === null || (row.kind === "tool" && toolName(row.name) === tool)) &&
    (model === null || row.model === model) &&
    (subagent === null || (at >= subagent && at < last)) &&
    (!onPath || facts.onPath.has(at)) &&
    (!found || facts.found.has(at)) &&
    (!inSight || (row.start <= view.to && row.end >= view.from));
  return rows.flatMap((row, at) => (isWanted(row, at) ? [at] : []));
}

/** Wanted rows with all rows above them, ascending: so that a reader sees where they stand. */
export function withAncestors(rows: readonly ReportRow[], wanted: readonly number[]): readonly number[] {
  const shown = new Set<number>();
  for (const row of wanted) {
    for (let at = row; at >= 0 && !shown.has(at); at = rows[at]?.parent ?? -1) shown.add(at);
  }
  return [...shown].sort((a, b) => a - b);
}

/** What is left of some rows when none below a folded one is shown. */
export function withoutFolded(
  shown: readonly number[],
  ends: readonly number[],
  folded: ReadonlySet<number>,
): readonly number[] {
  const left: number[] = [];
  let until = 0;
  for (const row of shown) {
    if (row < until) continue;
    left.push(row);
    if (folded.has(row)) until = ends[row] ?? row + 1;
  }
  return left;
}

/** Of some rows those that took time themselves, the longest first: what steps and loops took is that of their parts. */
export function longestFirst(rows: readonly ReportRow[], wanted: readonly number[]): readonly number[] {
  const took = (at: number): number => (rows[at]?.end ?? 0) - (rows[at]?.start ?? 0);
  return wanted
    .filter((at) => !["loop", "step", "event"].includes(rows[at]?.kind ?? "loop"))
    .sort((a, b) => took(b) - took(a));
}
