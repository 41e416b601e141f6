import { isTrouble, type RowFacts } from "../analysis/tree-rows.js";

/** The stretch of time that all bars of a tree stand on, ms since the epoch. */
export interface TimeAxis {
  readonly start: number;
  readonly end: number;
}

/** From the first to the last moment of the rows: a subagent can begin before its tool, or end after the turn. */
export function axisOf(rows: readonly TimeAxis[]): TimeAxis {
  return rows.reduce((axis, { start, end }) => ({ start: Math.min(axis.start, start), end: Math.max(axis.end, end) }), {
    start: rows[0]?.start ?? 0,
    end: rows[0]?.end ?? 0,
  });
}

/** What bars are made of: they can be told apart without colours. */
export const BAR_SIGNS = { call: "█", tool: "▓", retry: "░", step: "─", loop: "─", event: "·", phase: "▒" } as const;

/** Stands at the end of the bar of what went wrong. */
export const TROUBLE_SIGN = "!";

/**
 * When a row began and how long it took, as a bar on the axis; whatever was short has still one column.
 *
 * @param columns how many the whole axis takes, at least 1
 * @returns at most that many columns, without blanks behind the bar
 */
export function timeBar(row: RowFacts, axis: TimeAxis, columns: number): string {
  const { start, end, kind } = row;
  const scale = axis.end > axis.start ? columns / (axis.end - axis.start) : 0;
  const from = Math.min(Math.floor((start - axis.start) * scale), columns - 1);
  const to = Math.min(Math.max(Math.round((end - axis.start) * scale), from + 1), columns);
  const bar = BAR_SIGNS[kind].repeat(to - from);
  return `${" ".repeat(from)}${isTrouble(row) ? `${bar.slice(0, -1)}${TROUBLE_SIGN}` : bar}`;
}
