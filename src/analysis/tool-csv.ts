import type { CsvCell } from "../text/csv.js";
import type { ToolReport } from "./tool-table.js";

/** The head of the table that `toolCsv` fills; what the columns mean says `ToolFigures`. */
export const TOOL_COLUMNS = [
  ...["name", "server", "calls", "errors", "unfinished", "boundedCalls", "subagentCalls"],
  ...["p50Ms", "p90Ms", "p99Ms", "maxMs", "totalMs", "busyMs", "share", "permissionWaitMs", "withoutTime"],
] as const;

/**
 * A row for each tool or server, and for each of opencode's own phases. All together are none, since sums over the
 * column would then be wrong.
 */
export function toolCsv({ tools, own }: ToolReport): readonly (readonly CsvCell[])[] {
  return [...tools, ...own].map((row) => TOOL_COLUMNS.map((column) => row[column]));
}
