import type { ReportRow } from "../data/report-data.js";
import type { Viewport } from "./viewport.js";

/** The innermost row that was at work at a moment; of several the one that began last. */
export function rowAt(rows: readonly ReportRow[], ends: readonly number[], at: number): number {
  let found = 0;
  for (let row = 0; row < rows.length; ) {
    const { start = 0, end = 0, kind } = rows[row] ?? {};
    const isAtWork = start <= at && at <= end && kind !== "event";
    if (isAtWork) found = row;
    row = isAtWork ? row + 1 : (ends[row] ?? row + 1);
  }
  return found;
}

/** The first of some rows that began in a stretch of time. */
export function firstWithin(rows: readonly ReportRow[], visible: readonly number[], view: Viewport): number | null {
  return visible.find((row) => (rows[row]?.start ?? -1) >= view.from && (rows[row]?.start ?? -1) <= view.to) ?? null;
}
