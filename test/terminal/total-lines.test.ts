import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rowsOf, treeOf } from "../../src/analysis/tree-rows.js";
import { folded } from "../../src/terminal/labelled-line.js";
import { type Signs, signLines, totalLines } from "../../src/terminal/total-lines.js";
import { columnsOf } from "../../src/text/columns.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { loadFixture, onlyOne, traceOf } from "../support/fixtures.js";
import { reportedTraces } from "../support/reported.js";

const NO_SIGNS: Signs = { estimated: false, marked: false, bars: [] };

function linesOf(trace: LoopTrace, label: string, signs = NO_SIGNS): readonly string[] {
  return [...totalLines(trace, 5), ...signLines(signs)]
    .filter((line) => line.label === label)
    .map(({ parts }) => parts.join(" "));
}

describe("what stands below the tree", () => {
  test("tokens in the words of the columns, whose sums they are", () => {
    expect(linesOf(traceOf("anthropic@1.18.33"), "tokens")).toEqual([
      "10,400 = in 10,260 (cached 4,600, cache write 5,100) + out 140",
    ]);
    expect(linesOf(traceOf("length@1.18.33"), "tokens")).toEqual(["3,064 = in 3,000 + out 58 + think 6"]);
  });

  test("tools' time that counts for the model, or once only, is told beside the sum", () => {
    const trace = traceOf("multistep@1.18.33");
    const withTimes = (tools: number, toolsSummed: number): readonly string[] => {
      const account = { ...trace.loop.account, tools, toolsSummed };
      return linesOf({ ...trace, loop: { ...trace.loop, account } }, "tools");
    };
    expect(withTimes(1_590, 1_750)).toEqual(["1.75s added up; 160ms of it while the model answered or side by side"]);
    expect(withTimes(1_750, 1_750)).toEqual([]);
    expect(withTimes(1_700, 1_750)).toEqual([]);
    expect(withTimes(0, 99)).toEqual([]);
  });

  test("what no call told is unknown, not 0", () => {
    expect(linesOf(traceOf("provider-401@1.18.33"), "tokens")).toEqual(["– (opencode recorded none)"]);
    expect(linesOf(traceOf("provider-401@1.18.33"), "total")).toEqual(["1 step, 1 call, 0 tools, cost –"]);
    expect(linesOf(traceOf("parallel-subagents@1.18.33"), "tokens")).toEqual([
      "12,172 = in 12,000 (cached 5,888) + out 164 + think 8 – without 1 call of unknown usage",
    ]);
  });

  test("of a turn without calls there is no usage to tell, and no cost to know", () => {
    const [command, model] = reportedTraces(["user-shell-command/session.json"]);
    const told = [command, model].map((trace) =>
      trace ? ["tokens", "total"].flatMap((label) => linesOf(trace, label)) : [],
    );
    expect(told).toEqual([
      ["1 step, 0 calls, 1 tool, cost –"],
      ["1,212 = in 1,200 + out 12", "1 step, 1 call, 0 tools, cost $0.00122"],
    ]);
  });

  test("how the turn failed, in full", () => {
    expect(linesOf(traceOf("provider-401@1.18.33"), "error")).toEqual([
      "authentication_failed: Incorrect API key provided: scripted.",
    ]);
    expect(linesOf(traceOf("multistep@1.18.33"), "error")).toEqual([]);
  });

  test("the totals say which subagents they are without", () => {
    const { session, subagents, tree } = loadFixture("parallel-subagents@1.18.33");
    const [first, second] = subagents.map(({ info }) => info.id);
    const lacking = (children: typeof tree.children): readonly string[] =>
      linesOf(onlyOne(traceSession({ session, children })), "note");
    expect(lacking([])).toEqual([`totals without 2 subagent sessions not in the input: ${first}, ${second}`]);
    expect(lacking(tree.children.slice(0, 1))).toEqual([
      `totals without 1 subagent session not in the input: ${second}`,
    ]);
    expect(lacking(tree.children)).toEqual([]);
  });

  test("what this version does not read is said", () => {
    const trace = traceOf("plain-answer@1.18.33");
    const session = { ...trace.session, unread: { "part hologram": 2, "role oracle": 1 } };
    expect(linesOf({ ...trace, session }, "note")).toEqual([
      "the export holds what this version does not read: part hologram (2), role oracle (1)",
    ]);
  });

  test("signs are explained where they stand, and only there", () => {
    const trace = traceOf("plain-answer@1.18.33");
    expect(linesOf(trace, "~")).toEqual([]);
    expect(linesOf(trace, "!")).toEqual([]);
    expect(linesOf(trace, "~", { ...NO_SIGNS, estimated: true })).toHaveLength(1);
    expect(linesOf(trace, "!", { ...NO_SIGNS, marked: true })).toHaveLength(1);
    expect(linesOf(trace, "bar")).toEqual([]);
    const bars = (name: string): readonly string[] =>
      linesOf(trace, "bar", { ...NO_SIGNS, bars: rowsOf(treeOf(traceOf(name))) });
    expect(bars("plain-answer@1.18.33")).toEqual(["█ model, ─ loop or step, ▒ opencode itself"]);
    expect(bars("doom-loop@1.18.33")).toEqual([
      "█ model, ▓ tool, ─ loop or step, ▒ opencode itself, · event, ! something went wrong",
    ]);
  });

  test("opencode's own time is told by what it was at, in parts that add up to it", () => {
    expect(linesOf(traceOf("multistep@1.18.33"), "opencode")).toEqual([
      "1.59s = loading 1.45s + prompt 0.10s + saving 0.04s (within the turn)",
    ]);
    // Without a log most of it has no name.
    expect(linesOf(traceOf("multistep@1.18.33", "export"), "opencode")).toEqual([
      "1.23s = other 1.18s + saving 0.04s + prompt 0.01s (within the turn)",
    ]);
  });

  test("a doom loop is told in full, with the step where it began", () => {
    const doom = traceOf("doom-loop@1.18.33");
    const told = 'read failed 5 times with the same arguments: {"filePath":"/home/dev/project/missing.txt"}';
    expect(linesOf(doom, "warning")).toEqual([`doom loop in step 2: ${told}`]);
    const parent = traceOf("subagent@1.18.33");
    const steps = parent.loop.steps.map((step) => ({
      ...step,
      tools: step.tools.map((tool) => ({ ...tool, loops: [...tool.loops, doom.loop] })),
    }));
    expect(linesOf({ ...parent, loop: { ...parent.loop, steps } }, "warning")).toEqual([
      `doom loop in step 0/1/2: ${told}`,
    ]);
    expect(linesOf(parent, "warning")).toEqual([]);
  });
});

describe("folding", () => {
  const line = (...parts: string[]) => ({ label: "time", parts, tone: "plain" as const });

  test("goes between parts, and between words where a part is too long", () => {
    expect(folded(line("1.05s", "= model 0.44s (42%)", "+ opencode 0.61s (58%)"), 34)).toEqual([
      "time     1.05s = model 0.44s (42%)",
      "         + opencode 0.61s (58%)",
    ]);
    expect(folded(line("one two three four"), 20)).toEqual(["time     one two", "         three four"]);
  });

  test("a word too long for the indented lines stands alone from the left, one too long for all is cut", () => {
    const id = "a".repeat(32);
    expect(folded(line("see", id, "now"), 36)).toEqual(["time     see", id, "         now"]);
    expect(folded(line(id), 36)).toEqual(["time", id]);
    expect(folded(line(id), 30)).toEqual([`time     ${"a".repeat(20)}…`]);
  });

  test("no line is wider than the width, no word is lost where each fits", () => {
    const word = fc.oneof(
      fc.constantFrom("漢字漢字", "👩‍👩‍👧", "e\u0301e\u0301", "ｗｉｄｅ", "🇩🇪🇫🇷", "a".repeat(50)),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).map((text) => text.replace(/\s/gu, "_")),
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 20, max: 80 }), (words, width) => {
        const lines = folded(line(...words), width);
        expect(lines.filter((text) => columnsOf(text) > width)).toEqual([]);
        if (words.every((one) => columnsOf(one) <= width - 9)) {
          const told = lines.join(" ").slice("time".length).split(/ +/).filter(Boolean);
          expect(told).toEqual(words.flatMap((one) => one.split(" ")).filter(Boolean));
        }
      }),
    );
  });
});
