import { expect, test } from "vitest";
import { wireRequests } from "../../src/analysis/wire-requests.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { at, traceOf } from "../support/fixtures.js";
import { madeExchange, madeRetry, withMadeWire } from "../support/made-wire.js";

const [title, first, dead, second] = [
  madeExchange(0, '{"model":"small","messages":["a title"]}', { purpose: "title" }),
  madeExchange(1, '{"model":"large","messages":["äß","one"]}'),
  madeExchange(2, '{"model":"large","messages":["äß","one","twö"]}', {
    response: null,
    end: { how: "failed", at: null, error: "ECONNRESET" },
  }),
  madeExchange(3, '{"model":"large","messages":["äß","one","twö"]}'),
];

function withRetry(trace: LoopTrace): LoopTrace {
  const steps = trace.loop.steps.map((step) => (step.index === 1 ? { ...step, retries: [madeRetry(dead)] } : step));
  return { ...trace, loop: { ...trace.loop, steps } };
}

const trace = withRetry(
  withMadeWire(traceOf("multistep@1.18.33"), [
    { segments: [], exchange: first },
    { segments: [], exchange: second },
  ]),
);
const requests = wireRequests([title, first, dead, second], [trace]);

test("each request is told by what it was for, in the order in which they were sent", () => {
  expect(requests.map(({ number, kind, name, step }) => [number, kind, name, step])).toEqual([
    [0, "title", "title", null],
    [1, "call", "llm-call-0", "0"],
    [2, "retry", "retry 0 of step 1", "1"],
    [3, "call", "llm-call-1", "1"],
  ]);
});

test("what the session counted stands beside it; a dead attempt has no tokens of its own", () => {
  const { usage } = at(trace.loop.steps, 1).call ?? {};
  expect(at(requests, 3)).toMatchObject({
    promptTokens: (usage?.input ?? 0) + (usage?.cacheRead ?? 0) + (usage?.cacheWrite ?? 0),
    cachedTokens: usage?.cacheRead,
  });
  expect(at(requests, 2)).toMatchObject({ promptTokens: null, cost: null, status: null, error: "ECONNRESET" });
});

test("new bytes are counted against the request to the same model before, in UTF-8", () => {
  expect(requests.map(({ newBytes }) => newBytes)).toEqual([
    title.body.bytes,
    first.body.bytes,
    Buffer.byteLength(',"twö"'),
    0,
  ]);
});

test("times count from the request on, also those of one without an end", () => {
  expect(requests.map(({ firstByteMs, durationMs }) => [firstByteMs, durationMs])).toEqual([
    [50, 200],
    [50, 200],
    [null, null],
    [50, 200],
  ]);
});

test("a request that nothing in the session tells of has its model from its body", () => {
  expect(wireRequests([madeExchange(0, '{"x":1,"model":"a/b"}')], [])).toMatchObject([
    { kind: "unknown", name: "unknown", model: "a/b", turn: null },
  ]);
});

test("without content there is nothing to compare", () => {
  const silent = { ...first, body: { ...first.body, text: null } };
  expect(wireRequests([silent], [])).toMatchObject([{ newBytes: null, requestBytes: first.body.bytes, model: null }]);
});

test("a step that sums up is told as a compaction, by its call's name", () => {
  const sent = Array.from({ length: 3 }, (_, n) => madeExchange(n, `{"model":"m","n":${n}}`));
  const summed = withMadeWire(
    traceOf("compaction@1.18.33"),
    sent.map((exchange) => ({ segments: [], exchange })),
  );
  expect(wireRequests(sent, [summed]).map(({ kind, name }) => [kind, name])).toEqual([
    ["call", "llm-call-0"],
    ["compaction", "llm-call-1"],
    ["call", "llm-call-2"],
  ]);
});
