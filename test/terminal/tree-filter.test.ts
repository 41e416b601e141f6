import fc from "fast-check";
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { isTrouble, type RowFacts, type RowNode, rowsOf, treeOf } from "../../src/analysis/tree-rows.js";
import { paintTree } from "../../src/terminal/paint-tree.js";
import { filterTree, type RowFilter } from "../../src/terminal/tree-filter.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { traceOf } from "../support/fixtures.js";
import { tries } from "../support/tries.js";
import { arbitrarySession } from "../trace/arbitrary-session.js";
import { treeOf as sessionTreeOf } from "../trace/make-session.js";

const plain = pc.createColors(false);

function namesIn(fixture: string, filter: RowFilter): readonly string[] {
  return rowsOf(filterTree(treeOf(traceOf(fixture)), filter).tree).map(({ name }) => name);
}

function factsIn(tree: RowNode): readonly RowFacts[] {
  return [tree.facts, ...tree.below.flatMap(factsIn)];
}

describe("a filter", () => {
  test("by depth counts levels below the turn's loop", () => {
    const names = (depth: number): readonly string[] => namesIn("subagent@1.18.33", { depth });
    expect(names(1)).toEqual(["opencode.loop", "loading", "loop.step-0", "loop.step-1"]);
    expect(names(2)).toContain("tool.task");
    expect(names(2)).not.toContain("tool.bash");
    expect(names(3).filter((name) => name === "opencode.loop")).toHaveLength(2);
    expect(names(4).filter((name) => name === "loop.step-0")).toHaveLength(2);
    expect(names(5)).toContain("tool.bash");
  });

  test("by errors leaves what went wrong and the way to it", () => {
    expect(namesIn("doom-loop@1.18.33", { errors: true })).toEqual([
      "opencode.loop",
      ...["loop.step-0", "tool.read", "loop.step-1", "tool.read", "loop.step-2", "tool.read", "doom-loop"],
      ...["loop.step-3", "tool.read", "loop.step-4", "tool.read"],
    ]);
    expect(namesIn("rate-limited-then-ok@1.18.33", { errors: true })).toEqual([
      ...["opencode.loop", "loop.step-0", "retry"],
    ]);
  });

  test("by time leaves calls, tools and retries that took so long, not the loops and steps around shorter ones", () => {
    expect(namesIn("subagent@1.18.33", { slowMs: 282 })).toEqual([
      ...["opencode.loop", "loading", "loop.step-0", "llm-call-0", "tool.task"],
      ...["opencode.loop", "loop.step-0", "tool.bash"],
    ]);
    expect(namesIn("subagent@1.18.33", { slowMs: 794 })).toEqual(["opencode.loop"]);
  });

  test("of retries that are summed up counts the longest, not all of them together", () => {
    const trace = traceOf("quota-exhausted@1.18.33");
    const steps = trace.loop.steps.map((step) => {
      const { start = 0 } = step.retries[0] ?? {};
      const retries = step.retries.slice(0, 1).flatMap((retry) =>
        Array.from({ length: 50 }, (_, index) => {
          const at = start + index * 100;
          return { ...retry, start: at, end: at + (index === 20 ? 90 : 10) };
        }),
      );
      return { ...step, retries };
    });
    const tree = treeOf({ ...trace, loop: { ...trace.loop, steps } });
    const retries = (slowMs: number): readonly string[] =>
      rowsOf(filterTree(tree, { slowMs }).tree)
        .filter(({ kind }) => kind === "retry")
        .map(({ name }) => name);
    expect(retries(90)).toEqual(["47 retries"]);
    expect(retries(91)).toEqual([]);
  });

  test("that nothing matches leaves the turn, and says so", () => {
    const filtered = filterTree(treeOf(traceOf("multistep@1.18.33")), { errors: true });
    expect(filtered).toMatchObject({ hidden: 15, found: false, tree: { below: [] } });
    const text = paintTree(traceOf("multistep@1.18.33"), {
      width: 80,
      colors: plain,
      filter: { errors: true },
    });
    expect(text).toContain("\n15 rows not shown: nothing matches\n\ntime ");
  });
});

test("no filter hides anything, whatever the session", () => {
  const text = (filter?: RowFilter): string =>
    paintTree(traceOf("subagent@1.18.33"), { width: 80, colors: plain, ...(filter ? { filter } : {}) });
  expect(text({})).toBe(text());
  expect(text({ depth: 9 })).toBe(text());
  expect(text()).not.toContain("not shown");
});

test("what is shown matches or leads to what matches, in the old order, and what is not is counted", () => {
  const filters = fc.record(
    {
      depth: fc.integer({ min: 1, max: 6 }),
      errors: fc.boolean(),
      slowMs: fc.integer({ min: 1, max: 4_000 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(arbitrarySession, filters, ({ exports }, filter) => {
      for (const trace of traceSession(sessionTreeOf(...exports))) {
        const whole = treeOf(trace);
        const all = rowsOf(whole);
        const { tree, hidden } = filterTree(whole, filter);
        const shown = factsIn(tree);
        const isShown = new Set(shown);
        expect(shown.length + hidden).toBe(all.length);
        const kept = factsIn(whole).filter((facts) => isShown.has(facts));
        expect(kept.length).toBe(shown.length);
        expect(kept.findIndex((facts, index) => facts !== shown[index])).toBe(-1);
        const wanted = (facts: RowFacts): boolean =>
          (!filter.errors || isTrouble(facts)) &&
          (filter.slowMs === undefined || (facts.longest ?? -1) >= filter.slowMs);
        const wrong: RowFacts[] = [];
        const check = (node: RowNode, depth: number): void => {
          const leads = factsIn(node).some(wanted);
          if (depth > 0 && isShown.has(node.facts) !== (leads && depth <= (filter.depth ?? Infinity)))
            wrong.push(node.facts);
          for (const below of node.below) check(below, depth + 1);
        };
        check(whole, 0);
        expect(wrong).toEqual([]);
        expect(shown[0]).toBe(whole.facts);
      }
    }),
    { numRuns: tries(40) },
  );
});

test.each([80, 120, 200])("filtered at %i columns", async (width) => {
  const doom = paintTree(traceOf("doom-loop@1.18.33"), { width, colors: plain, filter: { errors: true } });
  await expect(`${doom}\n`).toMatchFileSnapshot(`snapshots/doom-loop-errors-${width}.txt`);
  const trace = traceOf("parallel-subagents@1.18.33");
  const slow = paintTree(trace, { width, colors: plain, filter: { slowMs: 300, depth: 4 } });
  await expect(`${slow}\n`).toMatchFileSnapshot(`snapshots/parallel-subagents-slow-${width}.txt`);
});
