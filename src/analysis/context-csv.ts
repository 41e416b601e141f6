import type { CsvCell } from "../text/csv.js";
import type { BillRow, ContextBill } from "./context-bill.js";

const COLUMNS: readonly (readonly [name: string, cell: (row: BillRow) => CsvCell])[] = [
  ["group", ({ group }) => group],
  ["name", ({ name }) => name],
  ["tokens", ({ tokens }) => tokens],
  ["share", ({ share }) => share],
  ["calls", ({ calls }) => calls],
  ["paidTokens", ({ paidTokens }) => paidTokens],
  ["cachedTokens", ({ cachedTokens }) => cachedTokens],
  ["costUsd", ({ cost }) => cost],
];

/** The head of the table that `contextCsv` fills; what the columns mean says `BillRow`. */
export const CONTEXT_COLUMNS = COLUMNS.map(([name]) => name);

/** A row for each owner or segment. All together are none, since sums over a column would then be wrong. */
export function contextCsv({ rows }: ContextBill): readonly (readonly CsvCell[])[] {
  return rows.map((row) => COLUMNS.map(([, cell]) => cell(row)));
}
