import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect } from "vitest";
import type { Fields } from "../../src/text/json-fields.js";
import { changedRow } from "./changed-row.js";

/** A row that opencode, or looptrace itself, has written. */
export interface ToldRow {
  readonly row: Fields;
  /** What is told of it by hand; undefined where that is left to the schema. */
  readonly whole: (row: Fields) => unknown;
  /** What the schema makes of it; throws, or is undefined, where it refuses it. */
  readonly parsed: (row: Fields) => unknown;
}

/** Values that a row hardly ever has. */
const ODD: readonly unknown[] = [
  ...[null, undefined, true, false, 0, -1, 1.5, 1e20, Number.POSITIVE_INFINITY, "", "x", "error", "completed"],
  ...[
    [],
    {},
    [null],
    [{}],
    [[1, 2, 3]],
    { id: "a" },
    { type: "x", message: "y" },
    { start: 1 },
    { toString: 1 },
    { created: 1, ran: -1 },
  ],
  ...[
    -0,
    "a".repeat(301),
    "session.idle",
    "session.created",
    "request",
    { created: null },
    { id: null, providerID: "x" },
  ],
  ...[{ directory: "/" }, { type: "text", text: "a" }, { status: "running" }, { read: 1, write: null }],
  JSON.parse('{"__proto__": {"a": 1}, "b": null}'),
];
const KEYS = [
  "error",
  "state",
  "time",
  "metadata",
  "content",
  "files",
  "location",
  "retry",
  "executed",
  "created",
  "parentID",
  "type",
  "__proto__",
  "z",
];

/** @returns how many of the rows are told by hand, of each as its schema has it */
export function toldAsParsed(rows: readonly ToldRow[]): number {
  const told = rows.filter(({ row, whole, parsed }) => {
    const own = whole(row);
    if (own !== undefined && !isDeepStrictEqual(own, parsed(row))) expect(own).toEqual(parsed(row));
    return own !== undefined;
  });
  return told.length;
}

/** Holds what is told by hand against the schema, with other values in some places of the rows. */
export function changedAsParsed(rows: readonly ToldRow[], numRuns: number): void {
  const change = fc.record({
    at: fc.nat(),
    value: fc.constantFrom(...ODD),
    isNew: fc.constantFrom(false, false, false, true),
    key: fc.constantFrom(...KEYS),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...rows),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      ({ row: given, whole, parsed }, changes) => {
        const row = changes.reduce<Fields>((before, { key, ...each }) => changedRow(before, each, key), given);
        const own = whole(row);
        if (own === undefined) return;
        const made = outcome(() => parsed(row));
        if (!isDeepStrictEqual(own, made)) expect(own).toEqual(made);
      },
    ),
    { numRuns },
  );
}

function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
