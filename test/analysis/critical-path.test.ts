import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { criticalPath } from "../../src/analysis/critical-path.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import type { Loop, LoopTrace, Step } from "../../src/trace/model.js";
import { otherCallsIn } from "../../src/trace/other-calls.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { onlyOne, traceOf } from "../support/fixtures.js";
import { recordedSessions } from "../support/recorded-sessions.js";
import { arbitraryRuns } from "../trace/arbitrary-runs.js";
import { arbitrarySession } from "../trace/arbitrary-session.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
  mint,
  SESSION,
  stepFinish,
  stepStart,
  T0,
  tool,
  treeOf,
  user,
} from "../trace/make-session.js";
import { loopsIn, spansIn, toolsIn } from "../trace/walk-trace.js";

/** The path with what its spans are called, in ms since the turn's start: `tool bash 30-80`. */
function told(trace: LoopTrace): readonly string[] {
  const { loop } = trace;
  const names = new Map<string, string>();
  const name = (text: string, ...spans: readonly { readonly spanId: string }[]): void => {
    for (const { spanId } of spans) names.set(spanId, text);
  };
  for (const one of loopsIn(loop)) {
    const whose = one === loop ? "" : `${one.agent}/`;
    name(one === loop ? "turn" : `${one.agent}`, one, ...one.phases);
    for (const step of one.steps) {
      const { index, call, tools, retries, phases } = step;
      name(`${whose}step-${index}`, step, ...phases);
      if (call) name(`${whose}${call.index}`, call);
      for (const tool of tools) name(tool.callId, tool);
      for (const retry of retries) name(String(retry.attempt), retry);
    }
  }
  // What opencode itself was at has a test of its own.
  const lines: { what: string; start: number; end: number }[] = [];
  for (const { spanId, of, start, end } of criticalPath(trace)) {
    const what = `${of} ${names.get(spanId)}`;
    const last = lines.at(-1);
    if (last?.what === what) last.end = end;
    else lines.push({ what, start, end });
  }
  return lines.map(({ what, start, end }) => `${what} ${start - loop.start}-${end - loop.start}`);
}

function traced(...messages: Parameters<typeof exportOf>[0]): LoopTrace {
  return onlyOne(traceSession(treeOf(exportOf(messages))));
}

/** A step that asks for some tools and is over when the last of them is. */
function working(at: number, to: number, tools: readonly (readonly [name: string, from: number, to: number])[]) {
  const asked = tools.map(([name, from, until]) => tool(from - 5, from, until, { callID: name }));
  return assistant(at, to, [stepStart(at + 1), ...asked, stepFinish(to - 1)], { finish: "tool-calls" });
}

describe("what the end waited for", () => {
  test("of tools side by side the last, before it the call up to where that one began, and none of the others", () => {
    const tools = [
      ["slow", 40, 180],
      ["quick", 30, 90],
    ] as const;
    expect(told(traced(user(0, "Go."), working(10, 200, tools), answer(210, 300)))).toEqual([
      "opencode turn 0-10",
      "call 0 10-40",
      "tool slow 40-180",
      "opencode step-0 180-200",
      "opencode turn 200-210",
      "call 1 210-296",
      "opencode step-1 296-300",
    ]);
  });

  test("a subagent within its tool; the one that was done before it is waited for by nothing", () => {
    const trace = traceOf("parallel-subagents@1.18.33");
    const [last, first] = toolsIn(trace.loop).filter(({ name }) => name === "task");
    const onPath = new Set(criticalPath(trace).map(({ spanId }) => spanId));
    const within = (tool: typeof last) => tool?.loops.flatMap(({ steps }) => steps) ?? expect.fail();
    for (const { call } of within(last)) expect(onPath).toContain(call?.spanId);
    for (const { call } of within(first)) expect(onPath).not.toContain(call?.spanId);
    expect(onPath).not.toContain(first?.spanId);
  });

  const task = (more: Json) =>
    tool(35, 40, 60, {
      tool: "task",
      callID: "task",
      state: { input: { subagent_type: "general", description: "look", prompt: "Look." }, metadata: more },
    });
  const started = assistant(
    10,
    70,
    [stepStart(11), task({ sessionId: "ses_child", background: true }), stepFinish(69)],
    {
      finish: "tool-calls",
    },
  );
  const woken = user(900, [{ type: "text", text: "It is done.", synthetic: true, id: mint("prt", 900) }]);
  const child = exportOf([user(45, "Look."), answer(50, 880)], {
    id: "ses_child",
    parentID: SESSION,
    agent: "general",
    time: { created: T0 + 44 },
  });

  test("a subagent in the background whose end wakes the turn, and what started it", () => {
    const parent = exportOf([user(0, "Go."), started, answer(80, 200), woken, answer(910, 1_000)]);
    expect(told(onlyOne(traceSession(treeOf(parent, child))))).toEqual([
      "opencode turn 0-10",
      "call 0 10-40",
      "tool task 40-45",
      "opencode build 45-50",
      "call build/0 50-876",
      "opencode build/step-0 876-880",
      "opencode turn 880-910",
      "call 2 910-996",
      "opencode step-2 996-1000",
    ]);
  });

  test("nothing that is known, where the session of what woke the turn is not there", () => {
    const path = told(traced(user(0, "Go."), started, answer(80, 200), woken, answer(910, 1_000)));
    expect(path).toContain("idle turn 200-910");
    // A turn that began nothing was idle for no reason of its own.
    const other = told(traced(user(0, "Go."), answer(80, 200), woken, answer(910, 1_000)));
    expect(other).toContain("opencode turn 200-910");
  });

  test("no subagent in the background that the turn went on without", () => {
    const parent = exportOf([user(0, "Go."), started, answer(80, 1_000)]);
    const path = told(onlyOne(traceSession(treeOf(parent, child))));
    expect(path).toEqual([
      "opencode turn 0-10",
      "call 0 10-40",
      "tool task 40-60",
      "opencode step-0 60-70",
      "opencode turn 70-80",
      "call 1 80-996",
      "opencode step-1 996-1000",
    ]);
  });

  test("a permission, within the tool that asked for it", () => {
    const messages = [user(0, "Go."), working(10, 200, [["bash", 40, 180]]), answer(210, 300)];
    const permission = { permission: "bash", patterns: ["*"], answer: "once" as const, by: "other" as const };
    const asked = { ...permission, sessionId: SESSION, callId: "bash", askedAt: T0 + 50, answeredAt: T0 + 150 };
    const run = { streamErrors: [], exit: { kind: "served" as const }, startedAt: T0, endedAt: T0 + 400, stderr: "" };
    const evidence = { runs: [{ ...run, retries: [], permissions: [asked] }] };
    expect(told(onlyOne(traceSession(treeOf(exportOf(messages)), evidence))).slice(1, 6)).toEqual([
      "call 0 10-40",
      "tool bash 40-50",
      "permission bash 50-150",
      "tool bash 150-180",
      "opencode step-0 180-200",
    ]);
  });

  test("dead attempts before the call that was answered", () => {
    const retries = told(traceOf("rate-limited-then-ok@1.18.33")).filter((one) => one.startsWith("retry"));
    expect(retries).toHaveLength(traceOf("rate-limited-then-ok@1.18.33").loop.totals.retries);
    expect(retries.length).toBeGreaterThan(0);
  });

  test("what opencode itself was at, as far as that is known", () => {
    const trace = traceOf("multistep@1.18.33");
    const own = criticalPath(trace).filter(({ of }) => of === "opencode");
    const known = phasesIn(trace.loop).reduce((sum, { start, end }) => sum + end - start, 0);
    expect(known).toBeGreaterThan(0);
    const named = own.filter(({ phase }) => phase !== undefined);
    expect(new Set(named.map(({ spanId, phase }) => `${spanId} ${phase}`))).toEqual(
      new Set(phasesIn(trace.loop).map(({ spanId, kind }) => `${spanId} ${kind}`)),
    );
    expect(named.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(known);
  });

  test("what was at work when all was killed", () => {
    const { loop } = traceOf("killed@1.18.33");
    expect(criticalPath(traceOf("killed@1.18.33")).at(-1)).toMatchObject({
      of: "tool",
      spanId: onlyOne(toolsIn(loop)).spanId,
      end: loop.end,
    });
  });
});

const generated = fc
  .record({ session: arbitrarySession, runs: arbitraryRuns })
  .map(({ session: { exports }, runs }): readonly LoopTrace[] => {
    const tree = onlyOne(assembleSessions(exports.map((one) => exportFromJson(one, "generated"))));
    return traceSession(tree, { runs });
  });

function phasesIn(loop: Loop) {
  return loopsIn(loop).flatMap(({ phases, steps }) => [...phases, ...steps.flatMap((step) => step.phases)]);
}

/** Without one `expect` for each of many segments: what is wrong is told. */
function faultsOf({ loop }: LoopTrace, path: ReturnType<typeof criticalPath>): readonly string[] {
  const spans = new Map(
    [...spansIn(loop), ...otherCallsIn(loop), ...phasesIn(loop)].map(
      (span): [string, { start: number; end: number }] => [span.spanId, span],
    ),
  );
  const ends = [loop.start, ...path.map(({ end }) => end)];
  return path.flatMap(({ spanId, of, start, end, phase }, index) => {
    const span = spans.get(spanId);
    const isOwn = (of === "opencode" && !phase) || of === "idle" || of === "permission";
    return [
      ...(start === ends[index] && end > start ? [] : [`segment ${index} does not follow the one before it`]),
      ...(span && (isOwn || (span.start <= start && end <= span.end)) ? [] : [`segment ${index} is not in its span`]),
      ...(index < path.length - 1 || end === loop.end ? [] : ["the path does not reach the end"]),
    ];
  });
}

/** The same turn as if nothing had run that is not on the path, but for tools that began a subagent. */
function pruned(loop: Loop, onPath: ReadonlySet<string>): Loop {
  const isOn = (one: Loop): boolean => [...spansIn(one), ...otherCallsIn(one)].some(({ spanId }) => onPath.has(spanId));
  const within = (loops: readonly Loop[]): readonly Loop[] => loops.map((one) => pruned(one, onPath));
  const step = (one: Step): Step => ({
    ...one,
    tools: one.tools
      .filter(({ spanId, loops, childSessionId }) => onPath.has(spanId) || loops.length > 0 || childSessionId !== null)
      .map((tool) => ({ ...tool, loops: within(tool.loops) })),
    retries: one.retries.filter(({ spanId }) => onPath.has(spanId)),
    loops: within(one.loops.filter(isOn)),
  });
  return { ...loop, steps: loop.steps.map(step), loops: within(loop.loops.filter(isOn)) };
}

test("any path reaches from begin to end without a gap, and is the same when nothing else had run", () => {
  const hold = (trace: LoopTrace): void => {
    const path = criticalPath(trace);
    const faults = faultsOf(trace, path);
    if (faults.length > 0) expect(faults).toEqual([]);
    const alone = pruned(trace.loop, new Set(path.map(({ spanId }) => spanId)));
    const again = criticalPath({ ...trace, loop: alone });
    if (!isDeepStrictEqual(again, path)) expect(again).toEqual(path);
  };
  for (const { traces } of recordedSessions()) traces.forEach(hold);
  fc.assert(
    fc.property(generated, (traces) => traces.forEach(hold)),
    { numRuns: 25 },
  );
});
