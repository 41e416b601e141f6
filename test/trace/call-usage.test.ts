import { describe, expect, test } from "vitest";
import type { Call, LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { totalTokens } from "../../src/trace/usage.js";
import { at, onlyOne } from "../support/fixtures.js";
import { reportedTrace } from "../support/reported.js";
import { assistant, exportOf, type Json, stepFinish, stepStart, text, tool, treeOf, user } from "./make-session.js";
import { callsIn, eventsIn } from "./walk-trace.js";

const tokens = (input: unknown, output: unknown, more: Json = {}): Json => ({
  input,
  output,
  reasoning: 0,
  ...more,
  cache: { read: 0, write: 0, ...(more.cache as Json | undefined) },
});

/** A session whose calls say of their tokens what they are given; each but the last asks for a tool. */
function sessionOf(...recorded: readonly Json[]): LoopTrace {
  const messages = recorded.map((finish, index) => {
    const from = 100 + index * 1_000;
    const last = index === recorded.length - 1;
    const own = last ? [] : [tool(from + 50, from + 60, from + 90, { state: { output: `${index}: beta` } })];
    const parts = [stepStart(from + 5), text(from + 6, from + 40, "So."), ...own];
    const info = { finish: last ? "stop" : "tool-calls" };
    return assistant(from, from + 100, [...parts, stepFinish(from + 95, { reason: info.finish, ...finish })], info);
  });
  return onlyOne(traceSession(treeOf(exportOf([user(0, "Look at both."), ...messages]))));
}
const callOf = (finish: Json): Call => onlyOne(callsIn(sessionOf(finish).loop));
const kindsOf = (call: Call) => [call.usageDoubt?.kind ?? null, call.usageDoubt?.unsure ?? []];

describe("an answered call without any tokens", () => {
  test("is unknown, as people met it", () => {
    const { loop } = reportedTrace("zero-usage-with-total");
    const call = onlyOne(callsIn(loop));
    expect(call).toMatchObject({ usage: null, cost: null, contextCauses: [] });
    expect(call.usageDoubt).toMatchObject({ kind: "unknown", total: 0 });
    expect(loop.totals).toMatchObject({ doubtfulCalls: 1, cost: null });
  });

  test.each<[string, Json]>([
    ["zeros with a total of 0", { tokens: tokens(0, 0, { total: 0 }) }],
    ["zeros without a total", { tokens: tokens(0, 0) }],
    ["no tokens at all", { tokens: undefined }],
    ["a total of null", { tokens: tokens(0, 0, { total: null }) }],
    ["nothing but a total", { tokens: tokens(0, 0, { total: 500 }) }],
    ["a cost that stands on nothing", { tokens: tokens(0, 0, { total: 0 }), cost: 0.02 }],
    ["nothing that is a number", { tokens: tokens(null, "many", { total: 0 }) }],
    ["negative ones", { tokens: tokens(-4_000, -3, { total: -4_003 }) }],
    ["absurd ones", { tokens: tokens(1e15, 1e300, { total: 1e300 }) }],
  ])("%s", (_, finish) => {
    const call = callOf(finish);
    expect([call.usage, ...kindsOf(call)]).toEqual([null, "unknown", ["prompt", "output"]]);
    expect(call.cost).toBe(finish.cost ?? null);
    expect(call.cumulative).toMatchObject({ contextTokens: 0, contextGrowth: null, cacheHitRatio: null });
  });

  test("one that failed has nothing to doubt", () => {
    const error = { name: "APIError", data: { message: "no", statusCode: 401, isRetryable: false } };
    const failed = assistant(10, 20, [], { error, tokens: tokens(0, 0), cost: 0 });
    const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), failed]))));
    expect(onlyOne(callsIn(loop))).toMatchObject({ usage: null, usageDoubt: null });
  });
});

describe("a call of whose tokens one half cannot be true", () => {
  test.each<[string, Json, readonly string[], Json]>([
    ["a prompt of 0", tokens(0, 400, { total: 400 }), ["prompt"], { input: 0, output: 400 }],
    ["a prompt of 0 beside the real total", tokens(0, 400, { total: 9_400 }), ["prompt"], { output: 400 }],
    ["a prompt of null", tokens(null, 40), ["prompt"], { output: 40 }],
    ["a prompt that is missing", tokens(undefined, 40), ["prompt"], { output: 40 }],
    ["a negative prompt", tokens(-7_000, 40, { cache: { read: 8_000 } }), ["prompt"], { cacheRead: 8_000 }],
    ["half a token", tokens(100.5, 40), ["prompt"], { output: 40 }],
    ["an absurd cache", tokens(100, 40, { cache: { read: 1e12 } }), ["prompt"], { input: 100, cacheRead: 0 }],
    ["an output of 0", tokens(1_000, 0, { total: 1_000 }), ["output"], { input: 1_000 }],
    ["an output of null", tokens(1_000, null), ["output"], { input: 1_000 }],
    ["text that is no output", tokens(1_000, 0, { reasoning: 30, total: 1_030 }), ["output"], { reasoning: 30 }],
    ["reasoning that is no number", tokens(1_000, 20, { reasoning: null }), ["output"], { output: 20 }],
  ])("%s", (_, of, unsure, recorded) => {
    const call = callOf({ tokens: of, cost: 0.01 });
    expect([call.usage, ...kindsOf(call)]).toEqual([null, "partial", unsure]);
    expect(call.usageDoubt?.recorded).toMatchObject(recorded);
    expect(call.cost).toBe(0.01);
  });

  test("what is known of it counts in the sums, which say so", () => {
    const { loop } = reportedTrace("prompt-tokens-zero");
    expect(totalTokens(loop.totals.usage)).toBe(18_860);
    expect(loop.totals.doubtfulCalls).toBe(1);
    expect(loop.totals.cost).toBeCloseTo(0.00402, 9);
  });
});

describe("a prompt of 0 in the middle of a session", () => {
  test("invents no cause: neither that something went, nor that something came", () => {
    const [first, second, third] = callsIn(reportedTrace("prompt-tokens-zero").loop);
    expect(second?.contextCauses).toEqual([]);
    expect(second?.cumulative).toMatchObject({
      contextTokens: 9_040,
      contextGrowth: null,
      cacheHitRatio: null,
    });
    expect(third?.cumulative).toMatchObject({ contextTokens: 9_420, contextGrowth: 380 });
    const causes = third?.contextCauses ?? [];
    expect(causes.map(({ kind, name }) => [kind, name])).toEqual([
      ["tool-result", "read"],
      ["output", "llm-call-1"],
      ["tool-result", "read"],
      ["output", null],
    ]);
    expect(causes.reduce((sum, { tokens: some }) => sum + some, 0)).toBe(380);
    // The answer of 400 tokens is most of it, not five bytes of a file.
    for (const { kind, tokens: some } of causes) if (kind === "tool-result") expect(some).toBeLessThan(40);
    expect(first?.usageDoubt).toBeNull();
  });

  test("no break of the cache is made of it, before or after", () => {
    const cached = { cache: { read: 8_000 } };
    const { loop } = sessionOf(
      { tokens: tokens(1_000, 40, { total: 9_040, ...cached }) },
      { tokens: tokens(0, 400, { total: 400 }) },
      { tokens: tokens(1_400, 20, { total: 9_420, ...cached }) },
    );
    expect(eventsIn(loop)).toEqual([]);
    const broken = sessionOf(
      { tokens: tokens(1_000, 40, { total: 9_040, ...cached }) },
      { tokens: tokens(0, 400, { total: 400 }) },
      { tokens: tokens(9_400, 20, { total: 9_420 }) },
    );
    expect(eventsIn(broken.loop).map(({ name }) => name)).toEqual(["cache-break"]);
  });

  test("at the start: the next call is the first whose context is known", () => {
    const { loop } = sessionOf(
      { tokens: tokens(0, 40, { total: 40 }) },
      { tokens: tokens(9_000, 20, { total: 9_020 }) },
    );
    const [first, second] = callsIn(loop);
    expect(first?.contextCauses).toEqual([]);
    expect(second?.cumulative).toMatchObject({ contextTokens: 9_020, contextGrowth: null });
    expect(second?.contextCauses.map(({ kind }) => kind)).toEqual([
      "prefix",
      "text",
      "output",
      "tool-result",
      "output",
    ]);
  });

  test("an answer of unknown size is part of what grew after it", () => {
    const { loop } = sessionOf(
      { tokens: tokens(1_000, 0, { total: 1_000 }) },
      { tokens: tokens(1_060, 20, { total: 1_080 }) },
    );
    const [, second] = callsIn(loop);
    expect(second?.cumulative.contextGrowth).toBe(80);
    const own = second?.contextCauses ?? [];
    expect(own.map(({ kind, name }) => [kind, name])).toEqual([
      ["output", "llm-call-0"],
      ["tool-result", "bash"],
      ["output", null],
    ]);
    expect(at(own, 0).tokens).toBeGreaterThan(at(own, 1).tokens);
  });

  test("a summary of unknown size still is what the context shrank by", () => {
    const summary = (from: number, of: Json): ReturnType<typeof assistant> =>
      assistant(
        from,
        from + 50,
        [stepStart(from + 5), text(from + 6, from + 40, "Summed up."), stepFinish(from + 45, { tokens: of })],
        { finish: "stop", summary: true, mode: "compaction" },
      );
    const asked = user(300, [{ type: "compaction", id: "prt_zz", auto: true }]);
    const go = (from: number, of: Json) =>
      assistant(
        from,
        from + 50,
        [stepStart(from + 5), text(from + 6, from + 9, "On."), stepFinish(from + 45, { tokens: of })],
        {
          finish: from > 500 ? "stop" : "tool-calls",
        },
      );
    const { loop } = onlyOne(
      traceSession(
        treeOf(
          exportOf([
            user(0, "Go."),
            go(100, tokens(90_000, 50, { total: 90_050 })),
            asked,
            summary(310, tokens(0, 0, { total: 0 })),
            go(600, tokens(5_000, 50, { total: 5_050 })),
          ]),
        ),
      ),
    );
    const kinds = callsIn(loop)
      .at(-1)
      ?.contextCauses.map(({ kind }) => kind);
    expect(kinds).toContain("compacted");
    expect(kinds).not.toContain("dropped");
  });
});

describe("parts that contradict the total", () => {
  test("both are told, and the contradiction", () => {
    const call = onlyOne(callsIn(reportedTrace("reasoning-outside-completion").loop));
    expect(totalTokens(call.usage ?? expect.fail())).toBe(1_640);
    expect(call.usageDoubt).toMatchObject({ kind: "contradiction", unsure: ["output"], total: 1_060 });
    expect(call.usageDoubt?.reason).toBe("Its parts make 1,640 tokens, opencode's own total says 1,060.");
    expect(call.cumulative).toMatchObject({ contextTokens: 1_000, contextGrowth: null });
  });

  test.each<[string, Json, readonly string[], string]>([
    ["cache outside of the prompt", tokens(0, 20, { total: 1_020, cache: { read: 8_000 } }), ["prompt"], "8,020"],
    ["reasoning outside of the output", tokens(1_000, 0, { total: 1_060, reasoning: 640 }), ["output"], "1,640"],
    ["a total that is larger", tokens(1_000, 20, { total: 9_020 }), ["prompt", "output"], "9,020"],
    ["a total of millions", tokens(600, 20, { total: 12_003_004 }), ["prompt", "output"], "Its parts make 620 tokens"],
    ["the same, with its total", tokens(600, 20, { total: 12_003_004 }), ["prompt", "output"], "says 12,003,004"],
    [
      "a total without the cache",
      tokens(1_000, 20, { total: 1_020, cache: { read: 8_000 } }),
      ["prompt", "output"],
      "leaves out the cache",
    ],
    [
      "a total without the reasoning",
      tokens(1_000, 50, { total: 1_050, reasoning: 30 }),
      ["prompt", "output"],
      "leaves out the reasoning",
    ],
    ["a total of 0", tokens(1_000, 20, { total: 0 }), ["prompt", "output"], "total says 0"],
    ["a total below 0", tokens(1_000, 20, { total: -234 }), ["prompt", "output"], "total says -234."],
    ["a total far below 0", tokens(1_000, 20, { total: -1_234 }), ["prompt", "output"], "total says -1,234."],
    ["an absurd total", tokens(1_000, 20, { total: 1e300 }), ["prompt", "output"], "total says 1e+300."],
  ])("%s", (_, of, unsure, said) => {
    const call = callOf({ tokens: of });
    expect(kindsOf(call)).toEqual(["contradiction", unsure]);
    expect(call.usage).not.toBeNull();
    expect(call.usageDoubt?.reason).toContain(said);
    if (unsure.includes("prompt")) expect(call.contextCauses).toEqual([]);
  });

  test("nothing is said to have gone that nobody knows to have been there", () => {
    // The reasoning of the first call may be in its answer or beside it; it is not sent again.
    const { loop } = sessionOf(
      { tokens: tokens(1_000, 0, { total: 1_060, reasoning: 640 }) },
      { tokens: tokens(1_090, 20, { total: 1_110 }) },
    );
    expect(callsIn(loop)[1]?.contextCauses.map(({ kind }) => kind)).toEqual(["output", "tool-result", "output"]);
    expect(callsIn(loop)[1]?.contextCauses.every(({ tokens: some }) => some >= 0)).toBe(true);
  });

  test("figures that agree are not doubted", () => {
    for (const of of [
      tokens(0, 20, { total: 8_020, cache: { read: 8_000 } }),
      tokens(0, 20, { total: 5_020, cache: { write: 5_000 } }),
      tokens(1_000, 20),
      tokens(1_000, 20, { total: 1_650, reasoning: 630 }),
    ])
      expect(callOf({ tokens: of })).toMatchObject({ usageDoubt: null });
  });
});

describe("usage that stands only on the message", () => {
  test("is used, cost too, as people met it", () => {
    const { loop } = reportedTrace("usage-elsewhere");
    expect(totalTokens(loop.totals.usage)).toBe(18_708);
    expect(loop.totals.cost).toBeCloseTo(0.0072856, 9);
    expect(loop.totals.doubtfulCalls).toBe(0);
    expect(callsIn(loop).map(({ usageDoubt }) => usageDoubt)).toEqual([null, null, null, null]);
  });

  const messageOf = (parts: readonly Json[], info: Json): Call =>
    onlyOne(
      callsIn(
        onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 90, parts, { finish: "stop", ...info })]))))
          .loop,
      ),
    );
  const said = [stepStart(20), text(21, 80, "Done.")];
  const own = { tokens: tokens(500, 20, { total: 520 }), cost: 0.5 };

  test("beside a step-finish that says nothing", () => {
    const zeros = stepFinish(85, { tokens: tokens(0, 0, { total: 0 }), cost: 0 });
    expect(messageOf([...said, zeros], own)).toMatchObject({
      usage: { input: 500, output: 20 },
      usageDoubt: null,
      cost: 0.5,
    });
  });

  test("of an older opencode, without any parts of a step", () => {
    expect(messageOf([text(21, 80, "Done.")], own)).toMatchObject({ usage: { input: 500 }, cost: 0.5 });
  });

  test("of a message that has nothing but tools left", () => {
    const call = messageOf([tool(30, 40, 80)], own);
    expect(call).toMatchObject({ usage: { input: 500, output: 20 }, cost: 0.5 });
  });

  test("one that says something else than the step-finish contradicts it", () => {
    const finish = stepFinish(85, { tokens: tokens(400, 20, { total: 420 }) });
    const call = messageOf([...said, finish], own);
    expect(kindsOf(call)).toEqual(["contradiction", ["prompt", "output"]]);
    expect(call.usageDoubt?.reason).toBe("Its step-finish says 420 tokens, its message 520.");
  });

  test("neither has any", () => {
    expect(messageOf(said, { tokens: tokens(0, 0), cost: 0 }).usageDoubt?.kind).toBe("unknown");
  });
});
