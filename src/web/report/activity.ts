import type { ReportRow } from "../data/report-data.js";

/** What was at work in a trace, in the order in which a column of the overview is stacked from below. */
export const ACTIVITIES = ["waited", "call", "tool", "retry"] as const;
export type Activity = (typeof ACTIVITIES)[number];

/** How much of each column of the overview something was at work, from 0 to 1. */
export type Columns = Readonly<Record<Activity, Float32Array>>;

/**
 * The overview's columns, all as long: for each the share of its time that was spent on each activity. What ran side
 * by side has a part of the column each, so that no column is fuller than full.
 *
 * @param ends for each row the index behind the last row below it: what has rows below is told by them
 * @param many columns
 */
export function activityColumns(
  rows: readonly ReportRow[],
  ends: readonly number[],
  duration: number,
  many: number,
): Columns {
  const columns = Object.fromEntries(ACTIVITIES.map((one) => [one, new Float32Array(many)])) as Record<
    Activity,
    Float32Array
  >;
  const width = Math.max(1, duration) / many;
  const add = (activity: Activity, start: number, end: number): void => {
    const column = columns[activity];
    const last = Math.min(many - 1, Math.floor(end / width));
    for (let at = Math.max(0, Math.floor(start / width)); at <= last; at += 1) {
      const share = (Math.min(end, (at + 1) * width) - Math.max(start, at * width)) / width;
      if (share > 0) column[at] = (column[at] ?? 0) + share;
    }
  };
  for (const [at, { kind, start, end, firstToken }] of rows.entries()) {
    if (kind === "call") {
      const first = firstToken ?? end;
      add("waited", start, first);
      add("call", first, end);
    } else if (kind === "retry") add("retry", start, end);
    else if (kind === "tool" && ends[at] === at + 1) add("tool", start, end);
  }
  for (let at = 0; at < many; at += 1) {
    const sum = ACTIVITIES.reduce((total, one) => total + (columns[one][at] ?? 0), 0);
    if (sum > 1) for (const one of ACTIVITIES) columns[one][at] = (columns[one][at] ?? 0) / sum;
  }
  return columns;
}
