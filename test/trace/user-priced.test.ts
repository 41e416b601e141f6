import { describe, expect, test } from "vitest";
import { runWatch } from "../../src/agent/run-watch.js";
import { checkSession } from "../../src/analysis/check-session.js";
import type { Halt } from "../../src/opencode/evidence.js";
import { isLike, type UserPrice } from "../../src/opencode/model.js";
import { initialProgress } from "../../src/opencode/request/progress.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { traceLine } from "../../src/terminal/trace-line.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { pricesOf } from "../../src/trace/token-prices.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { NO_USAGE } from "../../src/trace/usage.js";
import { withUserPrices } from "../../src/trace/user-priced.js";
import { onlyOne } from "../support/fixtures.js";
import { assistant, exportOf, stepFinish, stepStart, text, treeOf, user } from "./make-session.js";

const PER_MILLION = { input: 10, output: 20, reasoning: 30, cacheRead: 1, cacheWrite: 12 };
const price = (more: Partial<UserPrice> = {}): readonly UserPrice[] => [
  { model: "scripted/*", perMillion: PER_MILLION, override: false, ...more },
];

type Tokens = readonly [input: number, output: number, read: number, write: number];

/** A turn of two calls, of which the second one breaks the cache. @param cost of each */
function turn(cost: number): LoopTrace {
  const step = (at: number, [input, output, read, write]: Tokens, reason: string) => {
    const tokens = { total: input + output + read + write, input, output, reasoning: 0, cache: { read, write } };
    const parts = [stepStart(at), text(at + 10, at + 80, "Yes."), stepFinish(at + 90, { tokens, cost, reason })];
    return assistant(at, at + 100, parts, { finish: reason });
  };
  const messages = [
    user(0, "Go."),
    step(100, [1000, 100, 4000, 0], "tool-calls"),
    step(300, [5200, 50, 0, 3000], "stop"),
  ];
  return onlyOne(traceSession(treeOf(exportOf(messages))));
}

const FIRST = (1000 * 10 + 100 * 20 + 4000 * 1) / 1e6;
const SECOND = (5200 * 10 + 50 * 20 + 3000 * 12) / 1e6;

describe("the user's prices", () => {
  test("price what opencode did not, call by call and added up", () => {
    const { loop } = onlyOne(withUserPrices([turn(0)], price()));
    expect(loop.steps.map(({ call }) => [call?.cost, call?.costFrom, call?.cumulative.cost])).toEqual([
      [FIRST, "user", FIRST],
      [SECOND, "user", expect.closeTo(FIRST + SECOND, 12)],
    ]);
    expect(loop.totals.cost).toBeCloseTo(FIRST + SECOND, 12);
    expect(loop.totalsWithSubagents.cost).toBeCloseTo(FIRST + SECOND, 12);
    const broken = loop.steps[1]?.events.find(({ name }) => name === "cache-break");
    expect(broken?.attributes.costUsd).toBeCloseTo((1000 * 10 + 3000 * 12 - 4000 * 1) / 1e6, 12);
  });

  test("leave alone what opencode has priced, unless they are to count there too", () => {
    const trace = turn(0.5);
    expect(onlyOne(withUserPrices([trace], price()))).toBe(trace);
    const { loop } = onlyOne(withUserPrices([trace], price({ override: true })));
    expect(loop.totals.cost).toBeCloseTo(FIRST + SECOND, 12);
  });

  test("are none of other models, and none are no change", () => {
    const trace = turn(0);
    expect(onlyOne(withUserPrices([trace], price({ model: "other/*" })))).toBe(trace);
    expect(onlyOne(withUserPrices([trace], []))).toBe(trace);
    expect(onlyOne(withUserPrices([trace], undefined))).toBe(trace);
  });

  test("can be nothing: a free model costs 0, and not nobody knows what", () => {
    const { loop } = onlyOne(withUserPrices([turn(0)], price({ perMillion: NO_USAGE })));
    expect(loop.totals.cost).toBe(0);
  });

  test("are said to be the user's", () => {
    const [priced, free] = [price(), price({ perMillion: NO_USAGE })].map((own) =>
      onlyOne(withUserPrices([turn(0)], own)),
    );
    expect(priced && traceLine(priced)).toContain("$0.1050  by your prices");
    expect(free && traceLine(free)).toContain("$0  by your prices");
    const check = checkSession({ id: "ses_1", title: "t" }, priced ? [priced] : [], [{ kind: "cost", limit: 0.1 }]);
    expect(check.results).toMatchObject([{ status: "fail", value: expect.closeTo(0.105, 9) }]);
    expect(check.warnings).toEqual(["$0.1050 of the cost is by your prices"]);
  });

  test("go to Langfuse as what calls cost", () => {
    const spans = describeTrace(turn(0), { prices: price() });
    const costs = spans.flatMap(({ attributes }) => attributes["langfuse.observation.cost_details"] ?? []);
    expect(costs).toEqual([JSON.stringify({ total: FIRST }), JSON.stringify({ total: SECOND })]);
    const without = describeTrace(turn(0)).flatMap(
      ({ attributes }) => attributes["langfuse.observation.cost_details"] ?? [],
    );
    expect(without).toEqual([]);
  });

  test("are what a model's tokens cost where its calls were priced by them", () => {
    const { loop } = onlyOne(withUserPrices([turn(0)], price()));
    const calls = loop.steps.flatMap(({ call }) => call ?? []);
    const prices = pricesOf(calls, price())(calls[0]?.model ?? null);
    expect(prices.perToken).toEqual({ input: 10e-6, output: 20e-6, cacheRead: 1e-6, cacheWrite: 12e-6 });
    expect(prices.settled({ ...NO_USAGE, reasoning: 1000 })).toBe(0.03);
  });

  test("count against the limit of a run", () => {
    const halts: Halt[] = [];
    const usage = { ...NO_USAGE, input: 100_000 };
    const progress = { ...initialProgress, tokens: usage };
    const [own] = price();
    for (const limits of [{ maxCost: 0.5 }, { maxCost: 0.5, price: own }, { maxCost: 1.5, price: own }])
      runWatch(limits, (halt) => halts.push(halt)).onProgress(progress);
    expect(halts).toEqual([{ by: "limit", of: "cost", allowed: 0.5, reached: 1 }]);
  });
});

test.each<[text: string, pattern: string, fits: boolean]>([
  ["ollama/qwen3", "ollama/*", true],
  ["ollama/qwen3", "OLLAMA/qwen3", true],
  ["ollama/qwen3", "ollama", false],
  ["ollama/qwen3", "*", true],
  ["acme/large-2", "*/large-*", true],
  ["acme/large", "*/large-*", false],
  ["aXa", "aX*Xa", false],
  ["a.b", "a?b", false],
  ["abcbd", "a*b*d", true],
  ["abd", "a*bb*d", false],
  ["", "", true],
])("%j fits %j: %s", (name, pattern, fits) => {
  expect(isLike(name, pattern)).toBe(fits);
});
