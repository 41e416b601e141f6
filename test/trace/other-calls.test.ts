import { describe, expect, test } from "vitest";
import { checkSession } from "../../src/analysis/check-session.js";
import { gapsOf, gapTexts } from "../../src/analysis/gaps.js";
import { sessionFacts } from "../../src/analysis/session-facts.js";
import { rowsOf, treeOf } from "../../src/analysis/tree-rows.js";
import type { CompactionEvent, Session, Spent } from "../../src/opencode/model.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { otherCallsIn, spentOnOthers } from "../../src/trace/other-calls.js";
import { traceModel } from "../../src/trace/trace-session.js";
import { addCost, addUsage, NO_USAGE, totalTokens } from "../../src/trace/usage.js";
import type { WireExchange } from "../../src/wire/model.js";
import { at, onlyOne } from "../support/fixtures.js";
import { answerAt, callAt, endAt, MODEL, recorded, sessionOf, turnOf, USED } from "./make-model.js";
import { T0 } from "./make-session.js";
import { exchange, refused } from "./make-wire.js";

const priced = (from: number, to: number, cost: number) =>
  answerAt(from, to, { call: callAt(from, to - 5, { recorded: recorded(USED, cost) }) });
const COUNTED: Spent = { usage: { ...USED, input: 250, output: 23, reasoning: 4 }, cost: 0.35 };

/** All that the traces of a session tell of as spent there. */
function spentIn(traces: readonly LoopTrace[]): Spent {
  return traces.reduce<Spent>(
    (sum, { loop }) => {
      const others = spentOnOthers(loop.otherCalls ?? []);
      return {
        usage: addUsage(addUsage(sum.usage, loop.totals.usage), others.usage),
        cost: addCost(addCost(sum.cost, loop.totals.cost), others.cost),
      };
    },
    { usage: NO_USAGE, cost: null },
  );
}

function expectCounted(session: Session): void {
  const { usage, cost } = spentIn(traceModel(session));
  expect(usage).toEqual(session.counted?.usage);
  expect(cost).toBeCloseTo(session.counted?.cost ?? 0, 12);
}

test("what opencode counted beyond the answers stands on the first turn, and the sums meet", () => {
  const turns = [turnOf(0, [priced(100, 300, 0.1)]), turnOf(400, [priced(500, 700, 0.1)])];
  const session = sessionOf(turns, { counted: COUNTED });
  const [first, second] = traceModel(session);
  const others = { usage: { ...NO_USAGE, input: 50, output: 3 }, cost: 0.15 };
  expect(first?.loop.otherCalls).toMatchObject([{ kind: "unknown", model: null, ...others, start: T0, end: T0 }]);
  expect(second?.loop.otherCalls).toBeUndefined();
  // The turn's own sums hold its own calls, as they do where nothing is counted.
  expect(first?.loop.totals).toMatchObject({ calls: 1, usage: USED, cost: 0.1 });
  expectCounted(session);
});

test("a compaction with a usage of its own is a call of its own, and not counted again", () => {
  const compaction: CompactionEvent = {
    ...{ kind: "event", name: "compaction", id: "msg_c", at: T0 + 310, auto: true, overflow: false },
    summary: {
      ...{ outcome: "completed", end: T0 + 400, model: MODEL, error: null },
      spent: { usage: { ...NO_USAGE, input: 40, output: 3 }, cost: 0.05 },
    },
  };
  const turn = turnOf(0, [priced(100, 300, 0.1), compaction, priced(500, 700, 0.1)]);
  const session = sessionOf([turn], { counted: COUNTED });
  const { loop } = onlyOne(traceModel(session));
  expect(loop.otherCalls).toMatchObject([
    { kind: "unknown", usage: { input: 10, output: 0 }, cost: 0.1 },
    { kind: "compaction", start: T0 + 310, end: T0 + 400, timing: "exact", model: MODEL, cost: 0.05 },
  ]);
  expectCounted(session);
});

describe("there are none", () => {
  test.each([
    ["where opencode does not say what it counted", null],
    ["where all of it stands in answers", { usage: USED, cost: 0.1 }],
    ["where answers tell of more", { usage: NO_USAGE, cost: 0 }],
    ["where only the order of adding up differs", { usage: USED, cost: 0.1 + 1e-15 }],
  ])("%s", (_, counted) => {
    const { loop } = onlyOne(traceModel(sessionOf([turnOf(0, [priced(100, 300, 0.1)])], { counted })));
    expect("otherCalls" in loop).toBe(false);
  });
});

test("what a fork copied is counted where it was made", () => {
  const turns = [turnOf(0, [priced(100, 300, 0.1)], { copied: true }), turnOf(400, [priced(500, 700, 0.1)])];
  const counted = { usage: { ...USED, input: 130 }, cost: 0.1 };
  const [copy, own] = traceModel(sessionOf(turns, { counted }));
  expect(copy?.loop.otherCalls).toBeUndefined();
  expect(own?.loop.otherCalls).toMatchObject([{ usage: { ...NO_USAGE, input: 30 }, cost: null }]);
});

describe("they are told", () => {
  const trace = onlyOne(
    traceModel(sessionOf([turnOf(0, [priced(100, 300, 0.1)], { end: endAt(310, "succeeded") })], { counted: COUNTED })),
  );

  test("to Langfuse, as a generation with their tokens below the loop", () => {
    const spans = describeTrace(trace);
    const other = onlyOne(spans.filter(({ name }) => name === "other-call"));
    expect(other.parent).toEqual({ spanId: trace.loop.spanId, remote: false });
    expect(other.attributes).toMatchObject({
      "langfuse.observation.type": "generation",
      "langfuse.observation.metadata.kind": "unknown",
      "gen_ai.usage.input_tokens": 150,
    });
    expect(JSON.parse(String(other.attributes["langfuse.observation.usage_details"]))).toMatchObject({ input: 150 });
    expect(JSON.parse(String(other.attributes["langfuse.observation.cost_details"]))).toEqual({ total: 0.25 });
    const root = spans.at(-1)?.attributes["langfuse.observation.metadata.otherCalls"];
    expect(JSON.parse(String(root))).toMatchObject({ calls: 1, cost: 0.25 });
  });

  test("in the tree, and in words below it", () => {
    const row = onlyOne(rowsOf(treeOf(trace)).filter(({ name }) => name === "other-call"));
    expect(row).toMatchObject({ kind: "call", duration: null, cost: 0.25, tokens: { input: 150, output: 13 } });
    expect(gapTexts.otherCalls(gapsOf([trace]))).toEqual([
      "in no sum: other calls with 165 tokens, $0.2500 (not in the session: a title, a compaction, a missing subagent or what a call of unknown usage took)",
    ]);
  });

  test("as what a call can have taken whose own tokens nothing tells, too", () => {
    const untold = answerAt(100, 300, { call: callAt(100, 295, { recorded: recorded(NO_USAGE) }) });
    const told = gapsOf(traceModel(sessionOf([turnOf(0, [untold])], { counted: { usage: USED, cost: null } })));
    expect(told).toMatchObject({ doubts: [{ doubt: { kind: "unknown" } }] });
    expect(onlyOne(gapTexts.otherCalls(told))).toContain("or what a call of unknown usage took");
  });

  test("together with those of subagents", () => {
    const child = sessionOf([turnOf(150, [priced(160, 190, 0.1)])], {
      ...{ id: "ses_child", parentId: trace.session.id, createdAt: T0 + 150 },
      counted: { usage: { ...USED, input: 101 }, cost: 0.1 },
    });
    const parent = sessionOf([turnOf(0, [priced(100, 300, 0.1)])], { children: [child], counted: COUNTED });
    const { loop } = at(traceModel(parent), 0);
    expect(otherCallsIn(loop).map(({ usage }) => usage?.input)).toEqual([150, 1]);
  });
});

describe("a recorded one whose tokens nothing tells", () => {
  const title = (sent: WireExchange, counted: Session["counted"] = null) =>
    onlyOne(
      traceModel(
        sessionOf(
          [
            turnOf(0, [priced(100, 300, 0.1)], {
              end: endAt(310, "succeeded"),
              otherCalls: [
                {
                  ...{ kind: "title", model: MODEL, usage: null, cost: null },
                  ...{ start: T0 + 10, end: T0 + 50, exchange: sent },
                },
              ],
            }),
          ],
          { counted },
        ),
      ),
    );
  const budget = { kind: "tokens", limit: 1_000_000 } as const;
  const status = (trace: LoopTrace) => {
    const { session } = trace;
    return onlyOne(checkSession({ id: session.id, title: "" }, [trace], [budget]).results).status;
  };

  test("is sent without any, with the zeros that keep Langfuse from inventing some", () => {
    const trace = title(exchange(10, 50));
    const { attributes } = onlyOne(describeTrace(trace).filter(({ name }) => name === "other-call"));
    expect(Object.keys(attributes).filter((name) => name.startsWith("gen_ai.usage"))).toEqual([]);
    expect(attributes["langfuse.observation.metadata.usage"]).toBe("unknown");
    const details = JSON.parse(String(attributes["langfuse.observation.usage_details"]));
    expect(details).toEqual({ input: 0, output: 0, total: 0 });
    const root = describeTrace(trace).at(-1)?.attributes["langfuse.observation.metadata.otherCalls"];
    expect(JSON.parse(String(root))).toMatchObject({ calls: 1, withoutUsage: 1, usage: null });
  });

  test("is of unknown usage below the tree, and leaves a budget open", () => {
    const trace = title(exchange(10, 50));
    expect(onlyOne(rowsOf(treeOf(trace)).filter(({ name }) => name === "other-call")).tokens).toBeNull();
    expect(gapTexts.otherCalls(gapsOf([trace]))).toEqual([
      "in no sum: other calls of unknown usage (for the session's title)",
    ]);
    expect(status(trace)).toBe("unknown");
  });

  test("took none where it was refused", () => {
    const trace = title(refused(10, 50, 429));
    expect(status(trace)).toBe("pass");
    const [turn] = sessionFacts([trace])?.turns ?? [];
    expect(turn?.others).toMatchObject([{ usage: NO_USAGE, cost: null }]);
    expect(gapTexts.otherCalls(gapsOf([trace]))).toEqual([
      "in no sum: other calls with 0 tokens (for the session's title)",
    ]);
    const root = describeTrace(trace).at(-1)?.attributes["langfuse.observation.metadata.otherCalls"];
    expect(JSON.parse(String(root))).toEqual({ calls: 1, usage: NO_USAGE, cost: null });
  });

  test("has what opencode counted beyond all that it tells", () => {
    const { otherCalls = [] } = title(exchange(10, 50), COUNTED).loop;
    expect(otherCalls).toMatchObject([{ kind: "title", usage: { ...NO_USAGE, input: 150, output: 13, reasoning: 2 } }]);
    expect(onlyOne(otherCalls).cost).toBeCloseTo(0.25, 12);
  });
});

test("those of unknown cost are told of beside what the others cost", () => {
  const title = (cost: number | null) => ({
    ...{ kind: "title" as const, model: MODEL, usage: USED, cost, start: T0 + 10, end: T0 + 50 },
  });
  const told = (...costs: (number | null)[]) =>
    gapTexts.otherCalls(gapsOf(traceModel(sessionOf([turnOf(0, [], { otherCalls: costs.map(title) })]))));
  const tokens = totalTokens(USED);
  const what = "(for the session's title)";
  expect(told(null)).toEqual([`in no sum: other calls with ${tokens} tokens, cost not known ${what}`]);
  expect(told(0.25)).toEqual([`in no sum: other calls with ${tokens} tokens, $0.2500 ${what}`]);
  expect(told(null, 0.25, null)).toEqual([
    `in no sum: other calls with ${3 * tokens} tokens, $0.2500 (of 2 not known) ${what}`,
  ]);
});

test("they may become more until the turn is over", () => {
  const [trace] = traceModel(sessionOf([turnOf(0, [answerAt(100, null)])], { counted: COUNTED }));
  const [other] = trace?.loop.otherCalls ?? [];
  expect(trace && other && openSpanIds(trace).has(other.spanId)).toBe(true);
});
