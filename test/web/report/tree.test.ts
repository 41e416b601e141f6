import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ancestorsOf,
  childrenOf,
  initialFolds,
  revealed,
  subagentTools,
  subtreeEnds,
  toggled,
  visibleRows,
} from "../../../src/web/report/folding.js";
import { keyAction } from "../../../src/web/report/keys.js";

/**
 * 0 loop
 *   1 step
 *     2 call
 *     3 tool
 *       4 loop
 *         5 step
 *   6 step
 */
const rows = [
  { parent: -1, kind: "loop" },
  { parent: 0, kind: "step" },
  { parent: 1, kind: "call" },
  { parent: 1, kind: "tool" },
  { parent: 3, kind: "loop" },
  { parent: 4, kind: "step" },
  { parent: 0, kind: "step" },
];
const ends = subtreeEnds(rows);

test("a row's subtree ends behind its last descendant", () => {
  expect(ends).toEqual([7, 6, 3, 6, 6, 6, 7]);
});

test("below a folded row nothing is shown", () => {
  expect(visibleRows(ends, new Set())).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(visibleRows(ends, new Set([3]))).toEqual([0, 1, 2, 3, 6]);
  expect(visibleRows(ends, new Set([1, 3]))).toEqual([0, 1, 6]);
  expect(visibleRows(ends, new Set([0]))).toEqual([0]);
});

test("any tree: exactly those rows are shown that have no folded row above them", () => {
  const tree = fc.array(fc.tuple(fc.nat(), fc.boolean()), { minLength: 1, maxLength: 40 }).map((picks) => {
    // Each row hangs below the last one or one above that, as in a list of a tree's rows.
    const made: { parent: number; kind: string }[] = [];
    for (const [pick] of picks) {
      const line = made.length === 0 ? [] : [made.length - 1, ...ancestorsOf(made, made.length - 1)];
      made.push({ parent: line[pick % line.length] ?? -1, kind: "step" });
    }
    const folded = new Set(picks.flatMap(([, fold], index) => (fold ? [index] : [])));
    return { made, folded };
  });
  fc.assert(
    fc.property(tree, ({ made, folded }) => {
      const expected = made.flatMap((_, index) =>
        ancestorsOf(made, index).some((one) => folded.has(one)) ? [] : [index],
      );
      expect(visibleRows(subtreeEnds(made), folded)).toEqual(expected);
      for (const index of made.keys()) {
        expect(visibleRows(subtreeEnds(made), revealed(folded, made, index))).toContain(index);
      }
    }),
  );
});

test("folds: subagents, one row, what hides a row; a long trace begins with its steps and subagents folded", () => {
  expect([...subagentTools(rows)]).toEqual([3]);
  expect([...toggled(new Set([3]), 3)]).toEqual([]);
  expect([...toggled(new Set([3]), 1)]).toEqual([3, 1]);
  expect([...revealed(new Set([3, 6]), rows, 5)]).toEqual([6]);
  const folds = new Set([6]);
  expect(revealed(folds, rows, 5)).toBe(folds);
  expect(initialFolds(rows).size).toBe(0);
  const long = [...rows, ...Array.from({ length: 400 }, () => ({ parent: 6, kind: "call" }))];
  expect([...initialFolds(long)]).toEqual([3, 1, 5, 6]);
  expect(childrenOf(rows, ends, 1)).toEqual([2, 3]);
  expect(childrenOf(rows, ends, 2)).toEqual([]);
});

describe("keys", () => {
  const press = (key: string, selected: number, folded: readonly number[] = [], shift = false) => {
    const folds = new Set(folded);
    const visible = visibleRows(ends, folds);
    return keyAction(key, shift, { rows, ends, visible, folded: folds, selected, page: 3 });
  };

  test.each<[string, number, readonly number[], number]>([
    ["ArrowDown", 0, [], 1],
    ["ArrowDown", 3, [3], 6],
    ["ArrowDown", 6, [], 6],
    ["ArrowUp", 6, [3], 3],
    ["ArrowUp", 0, [], 0],
    ["PageDown", 1, [], 4],
    ["PageUp", 5, [], 2],
    ["Home", 5, [], 0],
    ["End", 1, [], 6],
    ["ArrowRight", 3, [], 4],
    ["ArrowLeft", 2, [], 1],
    ["ArrowLeft", 3, [3], 1],
  ])("%s on row %i with %j folded goes to %i", (key, selected, folded, row) => {
    expect(press(key, selected, folded)).toEqual({ do: "select", row });
  });

  test("right unfolds, left folds, at a leaf or the root they do nothing", () => {
    expect(press("ArrowRight", 3, [3])).toEqual({ do: "unfold", row: 3 });
    expect(press("ArrowLeft", 3)).toEqual({ do: "fold", row: 3 });
    expect(press("ArrowRight", 2)).toBeNull();
    expect(press("ArrowLeft", 0, [0])).toBeNull();
  });

  test("a list has nothing to go into", () => {
    const visible = [5, 3, 1];
    const list = { rows, ends, visible, folded: new Set<number>(), selected: 3, page: 3, longestFirst: true };
    expect(keyAction("ArrowRight", false, list)).toBeNull();
    expect(keyAction("ArrowLeft", false, list)).toBeNull();
    expect(keyAction("ArrowDown", false, list)).toEqual({ do: "select", row: 1 });
  });

  test("the others open, zoom and pan", () => {
    expect(press("Enter", 2)).toEqual({ do: "open" });
    expect(press("+", 2)).toEqual({ do: "zoom", factor: 0.5 });
    expect(press("-", 2)).toEqual({ do: "zoom", factor: 2 });
    expect(press("0", 2)).toEqual({ do: "whole" });
    expect(press("z", 2)).toEqual({ do: "fit" });
    expect(press("f", 2)).toEqual({ do: "fit-rows" });
    expect(press("ArrowLeft", 2, [], true)).toEqual({ do: "pan", share: -0.25 });
    expect(press("Tab", 2)).toBeNull();
  });
});
