import { searchPattern } from "./segments.js";

/** What is searched: for each row all texts that it and its detail hold. */
export type TextsOf = (row: number) => Iterable<string>;

/**
 * Looks for a text in all rows.
 *
 * @returns a generator that yields, row after row, whether it has matched, so that the caller can rest in between
 */
export function* search(rows: number, textsOf: TextsOf, query: string): Generator<boolean, void> {
  const pattern = searchPattern(query);
  for (let row = 0; row < rows; row += 1) {
    let found = false;
    for (const text of textsOf(row)) {
      pattern.lastIndex = 0;
      if (pattern.test(text)) {
        found = true;
        break;
      }
    }
    yield found;
  }
}

/** All strings in a JSON value, keys of objects excepted. */
export function* stringsIn(value: unknown): Generator<string, void> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) yield* stringsIn(item);
  }
}

/** The match after a row, or before it; from the last it goes on at the first. */
export function nextMatch(matches: readonly number[], from: number, back: boolean): number | null {
  if (matches.length === 0) return null;
  if (back) return matches.findLast((row) => row < from) ?? matches.at(-1) ?? null;
  return matches.find((row) => row > from) ?? matches[0] ?? null;
}
