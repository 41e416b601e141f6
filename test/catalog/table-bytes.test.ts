import fc from "fast-check";
import { expect, test } from "vitest";
import {
  OTHER_COLUMNS,
  type Place,
  SPENT_COLUMNS,
  TURN_COLUMNS,
  type TurnTable,
} from "../../src/analysis/stats/turn-table.js";
import { readTable, tableBytes } from "../../src/catalog/table-bytes.js";

const number = fc.oneof(
  fc.constantFrom(0, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Date.parse("2026-11-29"), 0.1, -3, Number.NaN),
  fc.nat(),
);
const numbers = (rows: number) =>
  fc.oneof(
    fc.array(number, { minLength: rows, maxLength: rows }),
    number.map((one) => Array.from({ length: rows }, () => one)),
  );
const columns = <Name extends string>(names: readonly Name[], rows: number) =>
  fc
    .tuple(...names.map(() => numbers(rows)))
    .map((all) =>
      Object.fromEntries(names.map((name, at) => [name, Float64Array.from(all[at] ?? [])])),
    ) as fc.Arbitrary<Readonly<Record<Name, Float64Array>>>;
const place: fc.Arbitrary<Place> = fc.record({
  ...{ project: fc.option(fc.string()), directory: fc.string({ unit: "grapheme" }), git: fc.constant(null) },
  ...{ tags: fc.array(fc.string()), outcome: fc.constant("failed" as const), errorCode: fc.option(fc.string()) },
  ...{ model: fc.constant(null), agent: fc.option(fc.string()) },
});
const table: fc.Arbitrary<TurnTable> = fc.tuple(fc.nat(5), fc.nat(5), fc.nat(2)).chain(([turns, spent, others]) =>
  fc.record({
    places: fc.array(place, { maxLength: 3 }),
    turns: columns(TURN_COLUMNS, turns),
    spent: columns(SPENT_COLUMNS, spent),
    others: columns(OTHER_COLUMNS, others),
  }),
);

test("a table comes back as it was, wherever its bytes lie", () => {
  fc.assert(
    fc.property(table, fc.nat(9), (some, offset) => {
      const bytes = tableBytes(some);
      const moved = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(3)]).subarray(
        offset,
        offset + bytes.length,
      );
      expect(readTable(moved)).toEqual(some);
    }),
    { numRuns: 30 },
  );
});
