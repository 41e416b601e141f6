import type { ToolStatsRow } from "../analysis/stats/tool-stats.js";
import { count, duration } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { STAYS, type TableColumn } from "./fit-table.js";

/** The columns of the table of tools behind what says which row they belong to. */
export function toolColumns(rows: readonly ToolStatsRow[]): readonly TableColumn[] {
  const column = (heading: string, worth: number, cell: (row: ToolStatsRow) => string): TableColumn => ({
    heading,
    worth,
    align: "right",
    cells: rows.map(cell),
  });
  const time = (ms: number | null): string => (ms === null ? "" : duration(ms));
  return [
    { ...column("tool", STAYS, ({ tool }) => oneLine(tool)), align: "left", shortest: 16, cut: "middle" },
    column("calls", 95, ({ calls }) => count(calls)),
    column("failed", 90, ({ failed }) => (failed === 0 ? "" : count(failed))),
    column("p50", 80, ({ p50Ms }) => time(p50Ms)),
    column("p90", 85, ({ p90Ms }) => time(p90Ms)),
    column("max", 60, ({ maxMs }) => time(maxMs)),
    column("total", 70, ({ totalMs, maxMs }) => (maxMs === null ? "" : duration(totalMs))),
  ];
}
