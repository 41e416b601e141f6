import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Budget } from "../../src/analysis/budgets.js";
import { type BudgetResult, checkSession, type SessionCheck } from "../../src/analysis/check-session.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import { sumOfTokens } from "../../src/opencode/schema/tokens.js";
import type { LoopTrace, OtherCall, StepEvent } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import { loadOpencode2 } from "../support/opencode2-fixtures.js";
import { reportedTraces } from "../support/reported.js";
import { tries } from "../support/tries.js";
import { arbitrarySession } from "../trace/arbitrary-session.js";
import { answer, exportOf, mint, treeOf, user } from "../trace/make-session.js";
import { toolsIn } from "../trace/walk-trace.js";

const SESSION = { id: "ses_1", title: "title" };

function check(traces: readonly LoopTrace[], ...budgets: readonly Budget[]): SessionCheck {
  return checkSession(SESSION, traces, budgets);
}

function checkFixture(name: string, ...budgets: readonly Budget[]): SessionCheck {
  return check(tracesOf(loadFixture(`${name}@1.18.33`), "log"), ...budgets);
}

function resultOf(name: string, budget: Budget): BudgetResult {
  return onlyOne(checkFixture(name, budget).results);
}

const NONE = (["errors", "tool-errors", "doom-loops"] as const).map((kind) => ({ kind, limit: 0 as const }));

describe("what is held against a budget", () => {
  test("sums with subagents", () => {
    const { results, passed, warnings } = checkFixture(
      "subagent",
      { kind: "steps", limit: 4 },
      { kind: "tokens", limit: 12_059 },
      { kind: "cost", limit: 1 },
    );
    expect(results.map(({ budget, status, value, over }) => [budget, status, value, over])).toEqual([
      ["max-steps", "pass", 4, null],
      ["max-tokens", "fail", 12_060, 1],
      ["max-cost", "pass", 0.007036, null],
    ]);
    expect([passed, warnings]).toEqual([false, []]);
  });

  test("sums of all turns, and their time without the time between them", () => {
    const { results, turns, duration } = checkFixture(
      "two-turns",
      { kind: "steps", limit: 4 },
      { kind: "duration", limit: 1 },
    );
    const [first, second] = tracesOf(loadFixture("two-turns@1.18.33"), "log").map(({ loop }) => loop);
    const sum = (first?.account.duration ?? 0) + (second?.account.duration ?? 0);
    expect(results.map(({ value }) => value)).toEqual([4, sum]);
    expect((second?.end ?? 0) - (first?.start ?? 0)).toBeGreaterThan(sum);
    expect([turns, duration]).toEqual([2, sum]);
  });

  test("the durations of tools, also of subagents' tools", () => {
    const tools = ["max", "sum", "p50", "p1"] as const;
    const values = tools.map((stat) => resultOf("multistep", { kind: "tool", tool: null, stat, limit: 1 }).value);
    expect(values).toEqual([799, 799 + 462 + 164 + 20 + 19, 164, 19]);
    expect(resultOf("multistep", { kind: "tool", tool: "bash", stat: "p50", limit: 18 })).toEqual({
      budget: "max-tool bash:p50",
      unit: "ms",
      status: "fail",
      value: 19,
      limit: 18,
      over: 1,
      note: "2 calls, the slowest: bash sleep 0.3; grep -n port settings.txt",
    });
    expect(resultOf("subagent", { kind: "tool", tool: "bash", stat: "max", limit: 1 }).value).toBe(282);
  });

  describe("of which only bounds are known", () => {
    const traces = reportedTraces(["tool-start-restamped/session.json"]);
    const status = (stat: "max" | "sum" | "p50", limit: number) =>
      at(check(traces, { kind: "tool", tool: "bash", stat, limit }).results, 0);

    test.each(["max", "sum", "p50"] as const)(
      "%s: holds where the upper bound does, fails where the lower one does",
      (stat) => {
        expect(status(stat, 7_000)).toMatchObject({ status: "pass", over: null });
        expect(status(stat, 4_000)).toMatchObject({
          status: "unknown",
          over: null,
          note: expect.stringMatching(/^between 65ms and 5\.\d+s, as far as opencode's times tell; 1 call/),
        });
        expect(status(stat, 64)).toMatchObject({ status: "fail", over: 1 });
      },
    );

    test("is no pass of the session's", () => {
      expect(check(traces, { kind: "tool", tool: null, stat: "max", limit: 1_000 }).passed).toBe(false);
    });
  });

  test("a tool that was not called takes no time, and that is said", () => {
    const result = resultOf("multistep", { kind: "tool", tool: "grep", stat: "p90", limit: 1 });
    expect([result.status, result.value, result.note]).toEqual(["pass", null, "not called"]);
  });

  test("each break of a cache counts, with its step and its cause", () => {
    const trace = traceOf("multistep@1.18.33");
    const broken = (cause: string): StepEvent => ({
      ...{ spanId: "00", name: "cache-break", at: 0, attributes: { cause, tokensReadAnew: 900 } },
    });
    const steps = trace.loop.steps.map((step) =>
      step.index > 0 ? { ...step, events: [broken(`tools changed ${step.index}`)] } : step,
    );
    const { results } = check([{ ...trace, loop: { ...trace.loop, steps } }], { kind: "cache-breaks", limit: 0 });
    expect(results).toMatchObject([
      {
        ...{ budget: "no-cache-breaks", status: "fail", value: 3 },
        note: [1, 2, 3].map((n) => `step ${n}: 900 tokens read anew: tools changed ${n}`).join("; "),
      },
    ]);
    expect(checkFixture("multistep", { kind: "cache-breaks", limit: 0 }).passed).toBe(true);
  });

  test.each([
    ["multistep", [0, 0, 0], [null, null, null]],
    ["provider-401", [1, 0, 0], ["authentication_failed", null, null]],
    ["rate-limited-then-ok", [0, 0, 0], [null, null, null]],
    ["doom-loop", [0, 5, 1], [null, "read failed (5 times)", "read 5 times"]],
    [
      "failing-tool",
      [0, 5, 0],
      [
        null,
        "read failed, bash nonzero_exit, read invalid_arguments, frobnicate unknown_tool, bash invalid_arguments",
        null,
      ],
    ],
  ])("what failed in %s", (name, values, notes) => {
    const { results, passed } = checkFixture(name, ...NONE);
    expect(results.map(({ value }) => value)).toEqual(values);
    expect(results.map(({ note }) => note)).toEqual(notes);
    expect(passed).toBe(values.every((value) => value === 0));
  });
});

describe("what is not known", () => {
  test("a cost without a price does not hold", () => {
    const traces = traceSession(treeOf(exportOf([user(0, "Go."), answer(10, 900)])));
    expect(check(traces, { kind: "cost", limit: 1000 })).toMatchObject({
      passed: false,
      results: [{ status: "unknown", value: null, over: null, note: "opencode knows no price of 1 of 1 call" }],
    });
  });

  test("a cost that is known in part may be too much already, and else is not known to hold", () => {
    const [trace] = tracesOf(loadFixture("multistep@1.18.33"), "log");
    if (!trace) throw new Error("no trace");
    const steps = trace.loop.steps.map((step) =>
      step.index === 3 && step.call ? { ...step, call: { ...step.call, cost: null } } : step,
    );
    const traces = [{ ...trace, loop: { ...trace.loop, steps } }];
    const note = "opencode knows no price of 1 of 4 calls";
    const of = (limit: number): BudgetResult => onlyOne(check(traces, { kind: "cost", limit }).results);
    expect(of(1)).toMatchObject({ status: "unknown", value: 0.0072856, over: null, note });
    expect(of(0.007)).toMatchObject({ status: "fail", value: 0.0072856, over: 0.0002856, note });
  });

  test("what a title cost: it is left out, and that is said; a summary is no small thing", () => {
    const trace = traceOf("multistep@1.18.33");
    const usage = { input: 200, output: 9, reasoning: 0, cacheRead: 0, cacheWrite: 0 };
    const about = { spanId: "1".repeat(16), start: 0, end: 1, timing: "exact" } as const;
    const model = { providerId: "p", modelId: "small", variant: null };
    const of = (limit: number, cost: number | null, kind: OtherCall["kind"] = "title"): BudgetResult => {
      const otherCalls = [{ ...about, kind, model, usage, cost }];
      return onlyOne(check([{ ...trace, loop: { ...trace.loop, otherCalls } }], { kind: "cost", limit }).results);
    };
    const note =
      "without 1 call beside the steps, whose cost is not known; `prices` in looptrace.config.json can say it";
    expect(of(1, null)).toMatchObject({ status: "pass", value: 0.0072856, over: null, note });
    expect(of(0.007, null)).toMatchObject({ status: "fail", value: 0.0072856, over: 0.0002856, note });
    expect(of(1, null, "compaction")).toMatchObject({ status: "unknown", value: 0.0072856, over: null, note });
    expect(of(1, null, "unknown")).toMatchObject({ status: "pass", note });
    expect(of(1, 0.001)).toMatchObject({ status: "pass", value: 0.0082856, note: null });
    expect(of(1, 0)).toMatchObject({ status: "pass", value: 0.0072856 });
  });

  test("a turn without any usage: neither tokens nor cost are known to hold", () => {
    const { results, warnings } = checkFixture("killed", { kind: "tokens", limit: 9 }, { kind: "cost", limit: 9 });
    expect(results.map(({ status, value }) => [status, value])).toEqual([
      ["unknown", null],
      ["unknown", null],
    ]);
    expect(warnings).toEqual(["1 turn without an end: counted as far as the session tells"]);
  });

  test("a tool without an end counts up to the last known moment", () => {
    const { results, warnings } = checkFixture("killed", {
      kind: "tool",
      tool: "bash",
      stat: "max",
      limit: 30,
    });
    expect(results).toMatchObject([{ status: "pass", value: 24 }]);
    expect(warnings).toContain("1 tool call without an end: counted up to the last known moment");
  });

  test("calls of unknown usage beside others are told", () => {
    const [trace] = tracesOf(loadFixture("multistep@1.18.33"), "log");
    if (!trace) throw new Error("no trace");
    const steps = trace.loop.steps.map((step) =>
      step.index === 0 && step.call ? { ...step, call: { ...step.call, usage: null, cost: null } } : step,
    );
    const traces = [{ ...trace, loop: { ...trace.loop, steps } }];
    const { passed, warnings } = check(traces, { kind: "tokens", limit: 1e6 });
    expect([passed, warnings]).toEqual([true, ["tokens and cost lack 1 call of unknown usage"]]);
    expect(check(traces, { kind: "steps", limit: 9 }).warnings).toEqual([]);
  });

  test("subagents' sessions that are missing are told", () => {
    const { session } = loadFixture("parallel-subagents@1.18.33");
    const { passed, warnings } = check(traceSession({ session, children: [] }), { kind: "steps", limit: 9 });
    expect(passed).toBe(true);
    expect(warnings).toEqual(["2 subagent sessions not in the input: what they took is in no sum"]);
  });
});

test("a turn that a fork copied counts zero, and one that came to no call keeps no budget", () => {
  const copiedAt = 86_400_000;
  const messages = [
    user(0, "Go.", { id: mint("msg", copiedAt) }),
    answer(10, 900, "Done.", { id: mint("msg", copiedAt + 1) }),
    user(2000, "And now?"),
  ];
  const traces = traceSession(treeOf(exportOf(messages)));
  expect(traces.map(({ loop }) => [loop.copied, loop.totals.calls])).toEqual([
    [true, 1],
    [false, 0],
  ]);
  const limits = (["cost", "tokens", "duration", "steps"] as const).map((kind) => ({ kind, limit: 1 }));
  const { results, warnings } = check(traces, ...limits);
  expect(results.map(({ value, status }) => [value, status])).toEqual(Array(4).fill([0, "unknown"]));
  expect(new Set(results.map(({ note }) => note))).toEqual(
    new Set(["no model was asked: there is nothing that a budget could be held against"]),
  );
  expect(warnings).toEqual([
    "1 turn without an end: counted as far as the session tells",
    "1 turn that a fork copied: counted as zero",
  ]);
});

test("fractions of a cent that binary numbers add are not over the limit", () => {
  const [trace] = tracesOf(loadFixture("plain-answer@1.18.33"), "log");
  if (!trace) throw new Error("no trace");
  const { loop } = trace;
  const cost = 0.1 + 0.2;
  const traces = [{ ...trace, loop: { ...loop, totalsWithSubagents: { ...loop.totalsWithSubagents, cost } } }];
  expect(cost).toBeGreaterThan(0.3);
  expect(check(traces, { kind: "cost", limit: 0.3 }).passed).toBe(true);
  expect(check(traces, { kind: "cost", limit: 0.299999999 }).passed).toBe(false);
});

/** Every budget that has a limit, at the session's own value and just below it. */
function expectSharpLimits(traces: readonly LoopTrace[]): void {
  const most = Number.MAX_SAFE_INTEGER;
  const budgets: readonly Exclude<Budget, { readonly limit: 0 }>[] = [
    ...(["cost", "tokens", "duration", "steps"] as const).map((kind) => ({ kind, limit: most })),
    ...(["max", "sum", "p50", "p90"] as const).map((stat) => ({
      kind: "tool" as const,
      tool: null,
      stat,
      limit: most,
    })),
  ];
  for (const budget of budgets) {
    const { value, status } = at(check(traces, budget).results, 0);
    if (value === null) continue;
    const less = budget.kind === "cost" ? 1e-6 : 1;
    const below = check(traces, { ...budget, limit: value - less });
    expect(below).toMatchObject({ passed: false, results: [{ value }] });
    // Of a time that is only bounded nobody knows that it is too long, nor always that it is not.
    const isBounded = traces.some(({ loop }) => toolsIn(loop).some(({ timing }) => timing === "bounded"));
    if (budget.kind === "tool" && isBounded) continue;
    const equal = check(traces, { ...budget, limit: value });
    expect(equal.results).toMatchObject([{ status, value, over: null }]);
    expect(below.results).toMatchObject([{ status: "fail" }]);
    expect(below.results[0]?.over).toBeCloseTo(less, 8);
  }
}

describe("a budget that is equal to the value holds, one just below does not", () => {
  test.each(fixtureNames)("%s", (name) => {
    expectSharpLimits(tracesOf(loadFixture(name), "log"));
  });

  test("any session", () => {
    fc.assert(
      fc.property(arbitrarySession, ({ exports }) => {
        const trees = assembleSessions(exports.map((one) => exportFromJson(one, "generated")));
        expectSharpLimits(trees.flatMap((tree) => traceSession(tree)));
      }),
      { numRuns: tries(30) },
    );
  });
});

describe("what was not the agent's", () => {
  test("a command that a person ran counts for no budget, and that is said", () => {
    const traces = reportedTraces(["user-shell-command/session.json"]);
    const { passed, results, warnings } = check(
      traces,
      ...NONE,
      { kind: "steps", limit: 1 },
      { kind: "tool", tool: "bash", stat: "max", limit: 1 },
    );
    expect([passed, results.map(({ value }) => value)]).toEqual([true, [0, 0, 0, 1, null]]);
    expect(warnings).toEqual(["1 command that a person ran: not counted"]);
  });

  test("what became of a last message without an answer is not known", () => {
    const exported = exportOf([user(0, "Go."), answer(10, 90), user(9_000, "context")]);
    const { results, passed } = check(traceSession(treeOf(exported)), { kind: "errors", limit: 0 });
    expect([passed, onlyOne(results).status, onlyOne(results).value]).toEqual([false, "unknown", 0]);
  });
});

describe("calls beside the steps, as opencode 2 tells of them", () => {
  const { tree, session } = loadOpencode2("multistep");
  const traces = traceSession(tree);
  const { id, title, tokens, cost } = session.info;
  const recordedTokens = tokens ? sumOfTokens(tokens) : 0;
  const checked = (...budgets: readonly Budget[]) =>
    checkSession({ id, title, recordedTokens }, traces, budgets).results;

  test("count in tokens and cost, so that both are what opencode has counted", () => {
    expect(checked({ kind: "tokens", limit: recordedTokens }, { kind: "cost", limit: 1 })).toMatchObject([
      { status: "pass", value: 3_670 },
      { status: "pass", value: expect.closeTo(cost, 12), note: null },
    ]);
    expect(checked({ kind: "tokens", limit: recordedTokens - 1 })).toMatchObject([{ status: "fail", over: 1 }]);
  });
});
