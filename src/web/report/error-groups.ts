import type { ErrorEntry } from "../data/report-data.js";

/** Errors that say the same. */
export interface ErrorGroup {
  /** The first of them. */
  readonly error: ErrorEntry;
  readonly rows: readonly number[];
}

/** Puts equal errors together: opencode before 1.18 asks a provider that fails in vain hundreds of times. */
export function errorGroups(errors: readonly ErrorEntry[]): readonly ErrorGroup[] {
  const groups = new Map<string, { readonly error: ErrorEntry; readonly rows: number[] }>();
  for (const error of errors) {
    const { row, ...said } = error;
    const key = JSON.stringify(said);
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { error, rows: [row] });
  }
  return [...groups.values()];
}
