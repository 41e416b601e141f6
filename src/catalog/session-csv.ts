import type { CsvCell } from "../text/csv.js";
import type { CatalogSession } from "./catalog.js";

/** The head of the table that `sessionCsv` fills; what the columns mean says `SessionRow`. */
export const SESSION_COLUMNS = [
  ...["id", "title", "outcome", "errors", "directory", "project", "began", "at", "storedAt", "models", "turns"],
  ...["steps", "tokens", "cost", "durationMs", "slowestTool", "slowestToolMs", "toolFailures", "missingSubagents"],
  ...["doubtfulCalls", "tags"],
];

/** A row for each session; of one that cannot be read its outcome says so, and the title why. */
export function sessionCsv(sessions: readonly CatalogSession[]): readonly (readonly CsvCell[])[] {
  return sessions.map((session): readonly CsvCell[] => {
    const { id, storedAt } = session;
    const kept = Math.round(storedAt);
    if (session.kind === "unreadable") {
      const known = new Map<string, CsvCell>([
        ["id", id],
        ["title", session.reason],
        ["outcome", "unreadable"],
      ]);
      return SESSION_COLUMNS.map((column) => (column === "storedAt" ? kept : (known.get(column) ?? null)));
    }
    const { row } = session;
    return [
      ...[id, row.title, row.outcome, row.errors.join(" "), row.directory, row.project, row.began, row.at, kept],
      ...[row.models.join(" "), row.turns, row.steps, row.tokens, row.cost, row.duration],
      ...[row.slowestTool?.name ?? null, row.slowestTool?.ms ?? null, row.toolFailures, row.missingSubagents],
      ...[row.doubtfulCalls, row.tags.join(" ")],
    ];
  });
}
