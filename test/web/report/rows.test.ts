import { describe, expect, test } from "vitest";
import type { PathPart, ReportRow } from "../../../src/web/data/report-data.js";
import { excerptOf } from "../../../src/web/report/excerpt.js";
import {
  EVERYTHING,
  isFiltering,
  longestFirst,
  type RowFilter,
  wantedRows,
  withAncestors,
  withoutFolded,
} from "../../../src/web/report/filters.js";
import { calledTools, piecesBelow } from "../../../src/web/report/folded-rows.js";
import { firstWithin, rowAt } from "../../../src/web/report/moments.js";
import { gapName, gapsByRow, partName, pathShares, stretchesOf } from "../../../src/web/report/path-marks.js";
import { rowIndex, stepNumber, stepText, subagentText } from "../../../src/web/report/row-index.js";
import { hashOf, placeOfSpan, spanOf } from "../../../src/web/report/span-link.js";

function row(kind: ReportRow["kind"], name: string, parent: number, start: number, end: number, more = {}): ReportRow {
  return {
    ...{ id: name, kind, name, parent, depth: 0, start, end, text: "", tone: "plain", exact: true },
    ...{ firstToken: null, tokens: null, cost: null, chunk: 0, place: 0, ...more },
  };
}

const rows: readonly ReportRow[] = [
  row("loop", "opencode.loop", -1, 0, 1000, { agent: "build" }),
  row("step", "loop.step-0", 0, 100, 600, { step: "0" }),
  row("call", "llm-call-0", 1, 110, 200, { model: "p/one" }),
  row("tool", "tool.task", 1, 200, 580),
  row("loop", "opencode.loop", 3, 210, 570, { agent: "explore" }),
  row("step", "loop.step-0", 4, 220, 560, { step: "0/0/0" }),
  row("call", "llm-call-0", 5, 230, 300, { model: "p/two" }),
  row("tool", "tool.read", 5, 300, 550, { tone: "warning" }),
  row("tool", "tool.read", 5, 300, 310),
  row("step", "loop.step-1", 0, 620, 990, { step: "1" }),
  row("call", "llm-call-1", 9, 640, 980, { model: "p/one", tone: "failed" }),
];
const index = rowIndex(rows);

describe("where rows stand", () => {
  test("their steps, those of subagents with the way to them, and what can be chosen", () => {
    expect(index.steps).toEqual([null, "0", "0", "0", "0", "0/0/0", "0/0/0", "0/0/0", "0/0/0", "1", "1"]);
    expect([stepText(index, 7), stepText(index, 0), stepNumber("5/0/12"), stepNumber("7")]).toEqual([
      "step 0/0/0",
      "",
      "12",
      "7",
    ]);
    expect(index).toMatchObject({ tools: ["read", "task"], models: ["p/one", "p/two"], subagents: [4] });
    expect(subagentText(rows, index, 4)).toBe("1. explore, step 0");
  });

  test("at a moment the innermost, in a stretch the first that begins there", () => {
    expect([0, 150, 305, 400, 610, 2000].map((at) => rowAt(rows, index.ends, at))).toEqual([0, 2, 8, 7, 0, 0]);
    expect(firstWithin(rows, [0, 1, 9, 10], { from: 590, to: 630 })).toBe(9);
    expect(firstWithin(rows, [0, 1], { from: 590, to: 630 })).toBeNull();
  });
});

describe("filters", () => {
  const facts = { index, found: new Set([2]), onPath: new Set([7]), view: { from: 0, to: 210 } };
  const wanted = (wish: Partial<RowFilter>) => wantedRows(rows, { ...EVERYTHING, ...wish }, facts);

  test.each<[Partial<RowFilter>, readonly number[]]>([
    [{}, rows.map((_, at) => at)],
    [{ slowerThan: 350 }, [0, 1, 3, 4, 9]],
    [{ failed: true }, [7, 10]],
    [{ tool: "read" }, [7, 8]],
    [{ model: "p/one" }, [2, 10]],
    [{ subagent: 4 }, [4, 5, 6, 7, 8]],
    [{ onPath: true }, [7]],
    [{ found: true }, [2]],
    [{ inSight: true }, [0, 1, 2, 3, 4]],
    [{ tool: "read", failed: true }, [7]],
    [{ tool: "read", model: "p/one" }, []],
  ])("%j", (wish, expected) => {
    expect(wanted(wish)).toEqual(expected);
    expect(isFiltering({ ...EVERYTHING, ...wish })).toBe(Object.keys(wish).length > 0);
  });

  test("what is wanted stands below what it is in, unless that is folded; the longest first stand alone", () => {
    expect(withAncestors(rows, [7])).toEqual([0, 1, 3, 4, 5, 7]);
    expect(withoutFolded([0, 1, 3, 4, 5, 7, 9], index.ends, new Set([3]))).toEqual([0, 1, 3, 9]);
    expect(longestFirst(rows, wanted({}))).toEqual([3, 10, 7, 2, 6, 8]);
  });
});

describe("folded rows", () => {
  test("a step shows its own tools, how often, and what failed", () => {
    expect(calledTools(rows, 5, 9)).toEqual([{ name: "read", times: 2, failed: 1 }]);
    expect(calledTools(rows, 1, 9)).toEqual([{ name: "task", times: 1, failed: 0 }]);
  });

  test("the bars of all that is innermost; of very many those that cannot be told apart become one", () => {
    expect(piecesBelow(rows, index.ends, 1).map(({ kind, start, end }) => `${kind} ${start}-${end}`)).toEqual([
      "call 110-200",
      "call 230-300",
      "tool 300-550",
      "tool 300-310",
    ]);
    expect(piecesBelow(rows, index.ends, 9)).toMatchObject([{ failed: true }]);
    const many = [
      row("loop", "opencode.loop", -1, 0, 10_000),
      ...Array.from({ length: 1_000 }, (_, at) => row(at % 2 === 0 ? "call" : "tool", "x", 0, at * 10, at * 10 + 9)),
    ];
    const pieces = piecesBelow(many, rowIndex(many).ends, 0);
    expect(pieces.length).toBeLessThan(400);
    expect(Math.max(...pieces.map(({ end }) => end))).toBe(9_999);
  });
});

describe("the critical path in rows", () => {
  const part = (at: number, of: PathPart["of"], start: number, end: number): PathPart => ({ row: at, of, start, end });
  const path = [
    { ...part(0, "opencode", 0, 100), phase: "loading" as const },
    { ...part(1, "opencode", 100, 110), phase: "prompt" as const },
    part(2, "call", 110, 200),
    part(3, "permission", 200, 250),
    part(3, "tool", 250, 580),
    part(1, "opencode", 580, 600),
    part(0, "idle", 600, 640),
    part(10, "call", 640, 980),
    part(9, "opencode", 980, 1000),
  ];

  test("a gap stands before what came after it; the last one with the turn", () => {
    expect([...gapsByRow(path)]).toEqual([
      [2, [{ of: "opencode", phases: ["loading", "prompt"], start: 0, end: 110 }]],
      [10, [{ of: "idle", phases: [], start: 580, end: 640 }]],
      [0, [{ of: "opencode", phases: [], start: 980, end: 1000 }]],
    ]);
    expect([...gapsByRow(path).values()].flat().map(gapName)).toEqual([
      "opencode: loading, prompt",
      "idle, until it was woken",
      "opencode itself",
    ]);
  });

  test("a folded row shows what those below it have of it, as one where they follow each other", () => {
    expect(stretchesOf(path, 1, 9)).toEqual([{ start: 100, end: 600 }]);
    expect(stretchesOf(path, 9, 11)).toEqual([{ start: 640, end: 1000 }]);
  });

  test("its shares add up to it", () => {
    const shares = pathShares(path, rows);
    expect(shares.map(({ name, ms, times }) => `${name} ${ms} ${times}`)).toEqual([
      "the model 430 2",
      "tool.task 330 1",
      "opencode: loading 100 1",
      "permissions 50 1",
      "opencode itself 40 2",
      "idle, until it was woken 40 1",
      "opencode: prompt 10 1",
    ]);
    expect(path.map((one) => partName(one, rows)).slice(2, 5)).toEqual([
      "llm-call-0",
      "permission for tool.task",
      "tool.task",
    ]);
  });
});

test("an address names a span, and nothing else that stands there is one", () => {
  const span = "0123456789abcdef";
  expect(spanOf(hashOf(span))).toBe(span);
  for (const hash of ["", "#", "#span=", "#span=0123456789ABCDEF", `#span=${span}0`, "#span=<script>"]) {
    expect(spanOf(hash)).toBeNull();
  }
  const traces = [{ rows: [{ id: "a" }] }, { rows: [{ id: "b" }, { id: span }] }];
  expect(placeOfSpan(traces, span)).toEqual({ trace: 1, row: 1 });
  expect(placeOfSpan(traces, "ffffffffffffffff")).toBeNull();
  expect(placeOfSpan(traces, null)).toBeNull();
});

test("an excerpt begins shortly before what was searched for, and is one line", () => {
  const long = `${"before ".repeat(20)}\n\tthe Needle ${"after ".repeat(100)}`;
  const excerpt = excerptOf(["nothing", long], "needle") ?? expect.fail();
  expect(excerpt.indexOf("Needle")).toBeLessThan(20);
  expect(excerpt).toMatch(/^…[^\n]* the Needle after [^\n]*…$/);
  expect(excerptOf(["a needle"], "NEEDLE")).toBe("a needle");
  expect(excerptOf(["nothing"], "needle")).toBeNull();
});
