import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { findStep, type PlacedStep, placedSteps } from "../../src/analysis/step-path.js";
import { paintStep } from "../../src/terminal/paint-step.js";
import { columnsOf } from "../../src/text/columns.js";
import { severalLines } from "../../src/text/terminal-text.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import { factsOf, madeExchange, madeRetry, withMadeWire } from "../support/made-wire.js";
import { answer, assistant, exportOf, type Json, stepStart, tool, treeOf, user } from "../trace/make-session.js";

const plain = pc.createColors(false);

function placedAt({ loop }: LoopTrace, path: string): PlacedStep {
  const placed = findStep(loop, path);
  if (typeof placed === "string") throw new Error(placed);
  return placed;
}

function paint(trace: LoopTrace, path: string, width = 100, colors = plain): string {
  return paintStep(trace, placedAt(trace, path), { width, colors });
}

test.each([
  ["multistep", "1"],
  ["parallel-subagents", "0"],
  ["parallel-subagents", "0/1/0"],
  ["rate-limited-then-ok", "0"],
  ["doom-loop", "2"],
  ["killed", "0"],
  ["unicode", "0"],
])("%s, step %s, in three widths", async (name, path) => {
  for (const width of [80, 120, 200]) {
    const file = `snapshots/step-${name}-${path.replaceAll("/", ".")}-${width}.txt`;
    await expect(`${paint(traceOf(`${name}@1.18.33`), path, width)}\n`).toMatchFileSnapshot(file);
  }
});

test.each(fixtureNames)("%s: nothing of a step is lost, no line is wider than the terminal", (name) => {
  const solid = (text: string): string => severalLines(text).replace(/\s+/gu, "");
  for (const trace of tracesOf(loadFixture(name), "log")) {
    for (const placed of placedSteps(trace.loop)) {
      for (const width of [20, 80, 120, 200]) {
        const text = paintStep(trace, placed, { width, colors: plain });
        expect(text.split("\n").filter((line) => columnsOf(line) > width)).toEqual([]);
        const { call, tools } = placed.step;
        const whole = [call?.output.thinking, call?.output.text, ...tools.map(({ output }) => output)];
        for (const one of whole) expect(solid(text)).toContain(solid(one ?? ""));
      }
    }
  }
});

describe("a step says", () => {
  test("what became of its request where that was recorded, and of a dead attempt", () => {
    const [dead, sent] = [madeExchange(0, "{}"), madeExchange(1, "x".repeat(31_000))];
    const trace = withMadeWire(traceOf("multistep@1.18.33"), [{ segments: [], exchange: sent }]);
    const refused = { ...madeRetry(dead), wire: { ...factsOf(dead), status: 429 } };
    const steps = trace.loop.steps.map((step) => (step.index === 0 ? { ...step, retries: [refused] } : step));
    const text = paint({ ...trace, loop: { ...trace.loop, steps } }, "0");
    expect(text).toContain("request  HTTP 200, id req_1, 31 kB sent, first byte after 50ms\n");
    expect(text).toContain("  HTTP 429, id req_0, 2 bytes sent, first byte after 50ms\n");
    expect(paint(trace, "1")).not.toContain("HTTP");
  });

  test("how to open the steps of the subagents that it started", () => {
    const text = paint(traceOf("parallel-subagents@1.18.33"), "0");
    expect(text).toMatch(/subagent 0\/0\n.*\n +2 steps, 842ms, \$0\.00217\. --step 0\/0\/0 … 0\/0\/1 opens them\./);
    expect(text).toMatch(/subagent 0\/1\n.*\n +1 step, 277ms\. --step 0\/1\/0 opens it\./);
    expect(paint(traceOf("parallel-subagents@1.18.33"), "0/0/1")).toMatch(/^Step 0\/0\/1 · subagent 0\/0 \(worker\)$/m);
  });

  test("whose session is not in the input", () => {
    const { session, subagents } = loadFixture("subagent@1.18.33");
    const text = paint(onlyOne(traceSession({ session, children: [] })), "0", 200);
    expect(text).toContain(`Not in the input: subagent ${subagents[0]?.info.id}`);
    expect(text).not.toMatch(/^ +subagent \d/m);
  });

  test("what is known of its failure", () => {
    const text = paint(traceOf("provider-401@1.18.33"), "0", 200);
    expect(text).toMatch(/^error {4}authentication_failed: Incorrect API key provided: scripted\.$/m);
    expect(text).toMatch(/^ {9}HTTP 401, .*trying again does not help$/m);
  });

  test("what its failed attempts were about", () => {
    const text = paint(traceOf("rate-limited-then-ok@1.18.33"), "0");
    expect(text).toMatch(/^note .*the turn got over it\.$/m);
    expect(text).toMatch(/^retry 0 · ~778ms from .* on\n {2}rate_limit: Rate limit reached for m1\n/m);
  });

  test("all of a tool's call: arguments of several lines, none, no JSON, an empty result, none yet", () => {
    const input = (at: number, state: Json): Json => tool(at, at, at + 5, { callID: `c${at}`, state });
    const parts = [
      stepStart(10),
      input(20, { input: { path: "a.txt", body: "one\n\ttwo", deep: { list: [1, "x"] } } }),
      input(30, { input: {}, output: "  \n" }),
      input(40, { input: '{"cut": ' }),
      tool(50, 50, null, { callID: "c50" }),
    ];
    const tree = treeOf(exportOf([user(0, "Go."), assistant(5, 90, parts), answer(100, 120)]));
    const text = paint(onlyOne(traceSession(tree)), "0");
    expect(text).toContain('    path: a.txt\n    body:\n      one\n          two\n    deep: {"list":[1,"x"]}\n');
    expect(text).toMatch(/c30\n {2}arguments\n {4}\(none\)\n {2}result\n {4}\(empty\)\n/);
    expect(text).toMatch(/c40\n {2}arguments\n {4}\{"cut":\n/);
    expect(text).toMatch(/running · c50\n {2}aborted: .*\n.*\n.*\n {2}result\n {4}\(none\)/);
  });
});

test("colours: red the step's failure, yellow a tool's, bold yellow a doom loop's heading", () => {
  const colors = pc.createColors(true);
  expect(paint(traceOf("provider-401@1.18.33"), "0", 80, colors)).toMatch(/^\u001b\[31merror /m);
  const doom = paint(traceOf("doom-loop@1.18.33"), "2", 80, colors);
  expect(doom).toMatch(/^\u001b\[33m.*tool\.read/m);
  expect(doom).toMatch(/^\u001b\[1m\u001b\[33m.*doom-loop/m);
});
