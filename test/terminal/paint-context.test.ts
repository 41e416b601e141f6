import pc from "picocolors";
import { expect, test } from "vitest";
import { billedSession, contextBill } from "../../src/analysis/context-bill.js";
import { unusedText } from "../../src/analysis/unused-text.js";
import { paintContext } from "../../src/terminal/paint-context.js";
import { columnsOf } from "../../src/text/columns.js";
import type { SegmentOwner } from "../../src/trace/model.js";
import { traceOf } from "../support/fixtures.js";
import { type MadeCall, withMadeWire } from "../support/made-wire.js";

const colors = pc.createColors(false);
const tool = (name: string, server: string | null): SegmentOwner => ({
  kind: "tool-schema",
  tool: name,
  origin: server === null ? "opencode" : "mcp",
  server,
});

const parts: readonly (readonly [SegmentOwner, number])[] = [
  [{ kind: "system", section: "opencode", source: null }, 2428],
  [{ kind: "system", section: "instructions", source: "packages/a/very/long/path/to/AGENTS.md\u001b[2J" }, 512],
  [{ kind: "system", section: "environment", source: null }, 140],
  [tool("bash", null), 1327],
  [tool("task", null), 967],
  ...Array.from({ length: 14 }, (_, index) => [tool(`jira_${index}`, "jira"), 700] as const),
  [{ kind: "prompt" }, 31],
  [{ kind: "tool-result", tool: "bash\u202e", callId: "c", argument: "ls" }, 4210],
];
const segments = parts.map(([owner, tokens]) => ({ owner, tokens, text: JSON.stringify(owner) }));
const usage = (input: number, cacheRead: number) => ({ input, output: 90, reasoning: 0, cacheRead, cacheWrite: 0 });
const calls: readonly MadeCall[] = [
  { segments: segments.slice(0, -1), usage: usage(15_205, 0), cost: 0.0469, tokensError: 0.012 },
  { segments, usage: usage(4_215, 15_200), cost: 0.0185, tokensError: -0.004 },
];
const session = billedSession([withMadeWire(traceOf("multistep@1.18.33"), calls)]);
const by = (what: "owner" | "segment") => {
  const bill = contextBill([session], { by: what });
  if (!bill) throw new Error("no bill");
  return bill;
};

test.each([80, 120, 200])("by owner at %i columns", async (width) => {
  await expect(paintContext(by("owner"), { width, colors })).toMatchFileSnapshot(`snapshots/context-${width}.txt`);
});

test("by segment", async () => {
  await expect(paintContext(by("segment"), { width: 120, colors })).toMatchFileSnapshot(
    "snapshots/context-segments.txt",
  );
});

test("no line is wider than the terminal, and nothing steers it", () => {
  for (const width of [20, 40, 80, 200]) {
    for (const what of ["owner", "segment"] as const) {
      const painted = paintContext(by(what), { width, colors });
      expect(painted.split("\n").filter((line) => columnsOf(line) > width)).toEqual([]);
      expect(painted).not.toMatch(/[\u001b\u202e]/);
    }
  }
});

test("of many segments the smallest are added up", () => {
  const many = Array.from({ length: 60 }, (_, index) => ({
    owner: { kind: "tool-result", tool: "read", callId: `c${index}`, argument: `src/${index}.ts` } as const,
    text: String(index),
    tokens: 100 + index,
  }));
  const one = billedSession([withMadeWire(traceOf("multistep@1.18.33"), [{ segments: many, usage: usage(7770, 0) }])]);
  const bill = contextBill([one], { by: "segment" });
  const painted = bill && paintContext(bill, { width: 100, colors });
  // One call held them all: a sum or the most of their calls would say something else.
  expect(painted).toMatch(/^20 smaller ones +2,190 +28% +2,190/m);
});

test("counts that do not come from the texts are told as such, and a prompt that was not counted has a ~", () => {
  const bill = by("owner");
  const [shown] = bill.shown;
  if (!shown) throw new Error("nothing is shown");
  const painted = (more: Partial<typeof bill>) => paintContext({ ...bill, ...more }, { width: 400, colors });
  expect(painted({ tokensError: { mean: 0.62, most: 3.51 } })).toContain(
    "(before that 62.0% off on average, 351.0% at most: these counts do not fit the texts)",
  );
  expect(painted({})).not.toMatch(/do not fit|~/);
  expect(painted({ shown: [{ ...shown, counted: false }] })).toMatch(
    /^~19,415 tokens.*~ is reckoned alone: the provider did not count this prompt/s,
  );
  expect(painted({ tokensError: null })).toContain("reckoned from the texts: the provider counted no prompt");
});

test("the heading tells which calls are none of a step", () => {
  const bill = { ...by("owner"), calls: 10, otherCalls: { title: 1, compaction: 2 } };
  expect(paintContext(bill, { width: 200, colors })).toContain("\n10 calls with 1 title and 2 compactions, 34,620");
});

test("what was never called is told with what it has cost", () => {
  const [jira] = by("owner").unused;
  expect(jira && unusedText({ ...jira, cost: 0.41 })).toBe(
    "MCP server jira: 14 tools, 9,800 tokens, never called, $0.4100 so far",
  );
});
