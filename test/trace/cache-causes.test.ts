import { expect, test } from "vitest";
import type { LoopTrace, StepEvent } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import type { WireExchange } from "../../src/wire/model.js";
import { at, onlyOne } from "../support/fixtures.js";
import { assistant, exportOf, stepFinish, stepStart, text, treeOf, user } from "./make-session.js";
import { exchange, wireOf } from "./make-wire.js";
import { bodyOf } from "./two-recorded-calls.js";

const MINUTE = 60_000;
const PRICES = { input: 3e-6, output: 15e-6, read: 0.3e-6 };
const LATE = ["bash", "jira_search", "wiki_find"].map((name) => ({
  type: "function",
  function: { name, parameters: {} },
}));

/** A turn's only call: what of its prompt came from the cache, and what not. */
interface Asked {
  readonly at: number;
  readonly input: number;
  readonly read: number;
  readonly body: ReturnType<typeof bodyOf>;
}

function body(date: string, turn: number, tools?: typeof LATE) {
  const content = `You are opencode, a coding agent.\n<env>\n  Today's date: ${date}\n</env>\n`;
  const said = Array.from({ length: turn + 1 }, (_, index) => [
    { role: "user", content: `Question ${index}` },
    ...(index < turn ? [{ role: "assistant", content: `Answer ${index}` }] : []),
  ]);
  return bodyOf([{ role: "system", content }, ...said.flat()], tools);
}

/** A session of one call a turn. */
function traced(asked: readonly Asked[], change: (one: WireExchange) => WireExchange | null = (one) => one) {
  const messages = asked.flatMap((call) => {
    const tokens = { total: call.input + call.read + 10, input: call.input, output: 10, reasoning: 0 };
    const cost = call.input * PRICES.input + 10 * PRICES.output + call.read * PRICES.read;
    const finish = stepFinish(call.at + 900, { tokens: { ...tokens, cache: { read: call.read, write: 0 } }, cost });
    const parts = [stepStart(call.at + 100), text(call.at + 110, call.at + 800, "Yes."), finish];
    return [user(call.at - 10, "Go on."), assistant(call.at, call.at + 950, parts, { finish: "stop" })];
  });
  const exchanges = asked.map((call) => exchange(call.at + 5, call.at + 890, { body: call.body }));
  const wire = wireOf(exchanges.flatMap((one) => change(one) ?? []));
  return traceSession(treeOf(exportOf(messages)), { wire, mcpServers: ["jira", "wiki"] });
}

function breaksIn(traces: readonly LoopTrace[]): readonly StepEvent[] {
  return traces.flatMap(({ loop }) => loop.steps.flatMap(({ events }) => events));
}

const SUNDAY: readonly Asked[] = [
  { at: 100, input: 2_000, read: 0, body: body("Sun", 0) },
  { at: 2_000, input: 100, read: 2_000, body: body("Sun", 1) },
  { at: 4_000, input: 90, read: 2_100, body: body("Sun", 2) },
];

test("a break tells its cause, its owner and what it cost, from one turn to the next too", () => {
  const anew: Asked = { at: 9_000, input: 2_300, read: 0, body: body("Mon", 3) };
  const event = onlyOne(breaksIn(traced([...SUNDAY, anew])));
  expect(event).toMatchObject({
    name: "cache-break",
    attributes: {
      cachedBefore: 2_100,
      cachedNow: 0,
      tokensReadAnew: 2_100,
      cause: "the date in the system prompt changed from Sun to Mon",
      causeKind: "system-changed",
      owner: JSON.stringify({ kind: "system", section: "environment", source: null }),
      before: "<env>\n  Today's date: Sun\n</env>\n",
      after: "<env>\n  Today's date: Mon\n</env>\n",
    },
  });
  expect(event.attributes.costUsd).toBeCloseTo(2_100 * (PRICES.input - PRICES.read), 9);
});

test("a server that came late, a pause and the provider's own loss are told apart", () => {
  const causeOf = (when: number, tools?: typeof LATE): unknown => {
    const anew: Asked = { at: when, input: 2_300, read: 0, body: body("Sun", 3, tools) };
    return onlyOne(breaksIn(traced([...SUNDAY, anew]))).attributes.causeKind;
  };
  expect(causeOf(9_000, LATE)).toBe("tools-added");
  expect(causeOf(4_000 + 6 * MINUTE)).toBe("expired-or-lost");
  expect(causeOf(4_000 + 61 * MINUTE)).toBe("expired");
  expect(causeOf(9_000)).toBe("lost");
});

test("no price is made up where the calls' costs do not settle one", () => {
  const [first] = SUNDAY;
  const second: Asked = { at: 2_000, input: 200, read: 2_000, body: body("Sun", 1) };
  const third: Asked = { at: 4_000, input: 2_400, read: 0, body: body("Mon", 2) };
  const event = onlyOne(breaksIn(traced(first ? [{ ...first, read: 1_000, input: 1_000 }, second, third] : [])));
  // Three calls, three kinds of tokens: enough; with two kinds always alike it is not.
  expect(event.attributes.costUsd).toBeTypeOf("number");
  const alike = [2_000, 4_000].map(
    (when, index): Asked => ({
      ...{ at: when, input: 1_000 - index, read: 1_000 - index * 500 },
      body: body(index === 0 ? "Sun" : "Mon", index),
    }),
  );
  const unknown = onlyOne(breaksIn(traced(alike.map((one, index) => ({ ...one, input: 1_000 + index * 500 })))));
  expect(unknown.attributes.cause).toBeTypeOf("string");
  expect(unknown.attributes.costUsd).toBeUndefined();
});

test("without recorded bodies the trace has the breaks that it had without the wire", () => {
  const anew: Asked = { at: 9_000, input: 2_300, read: 0, body: body("Mon", 3) };
  const bare = traced([...SUNDAY, anew], (one) => ({ ...one, body: { ...one.body, text: null } }));
  expect(breaksIn(bare)).toEqual([]);
  expect(breaksIn(traced([...SUNDAY, anew], () => null))).toEqual([]);
  expect(at(bare, 3).loop.steps).toHaveLength(1);
});
