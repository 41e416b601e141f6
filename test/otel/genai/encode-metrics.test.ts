import { describe, expect, test } from "vitest";
import { metricAttributeNames, metrics, names } from "../../../src/otel/genai/conventions.js";
import { encodeMetrics } from "../../../src/otel/genai/encode-metrics.js";
import type { LoopTrace } from "../../../src/trace/model.js";
import { otherCallsIn } from "../../../src/trace/other-calls.js";
import { recordedUsage } from "../../../src/trace/usage.js";
import { fixtureNames, loadFixture, traceOf, tracesOf } from "../../support/fixtures.js";
import { type ReceivedPoint, readPoints, totalOf } from "../../support/received-metrics.js";
import { refused } from "../../trace/make-wire.js";
import { bodyOf, traceOf as recordedTraceOf, SYSTEM, two } from "../../trace/two-recorded-calls.js";
import { callsIn, loopsIn, retriesIn, toolsIn } from "../../trace/walk-trace.js";
import { onTheWire } from "../wire.js";

const TITLE = refused(51, 52, 429, { purpose: "title", body: bodyOf([SYSTEM], []) });

function pointsOf(trace: LoopTrace): readonly ReceivedPoint[] {
  return readPoints({ resourceMetrics: encodeMetrics(trace).resourceMetrics });
}

function countOf(points: readonly ReceivedPoint[], metric: string): number {
  return points.filter((point) => point.metric === metric).reduce((sum, { count }) => sum + count, 0);
}

/** As the spans have it, to the microsecond. */
function secondsIn(spans: readonly { readonly start: number; readonly end: number }[]): number {
  return spans.reduce((sum, { start, end }) => sum + (end - start) / 1000, 0);
}

const everyTrace = [
  ...fixtureNames.flatMap((name) => tracesOf(loadFixture(name), "log")),
  recordedTraceOf([TITLE, ...two]),
];

describe.each(everyTrace.map((trace) => [`${trace.session.title} ${trace.traceId}`, trace] as const))(
  "%s",
  (_, trace) => {
    const points = pointsOf(trace);
    const { loop } = trace;

    test("its tokens and its cost are those of its sums", () => {
      const { usage, cost } = loop.totalsWithSubagents;
      const tokens = (kind: string) =>
        totalOf(points, "looptrace.tokens", { "looptrace.token.kind": kind, "looptrace.call": "step" });
      expect({
        input: tokens("input"),
        output: tokens("output"),
        reasoning: tokens("reasoning"),
        cacheRead: tokens("cache_read"),
        cacheWrite: tokens("cache_write"),
      }).toEqual(usage);
      expect(totalOf(points, "looptrace.cost", { "looptrace.call": "step" })).toBeCloseTo(cost ?? 0, 9);
    });

    test("by the conventions' names they are what the spans of its calls say", () => {
      const { spans } = onTheWire(trace, {}, {}, "genai");
      const said = (name: string) => spans.reduce((sum, { attributes }) => sum + (Number(attributes[name]) || 0), 0);
      const used = (type: string) =>
        totalOf(points, metrics.tokenUsage.name, { [metricAttributeNames.tokenType]: type });
      expect([used("input"), used("output")]).toEqual([said(names.inputTokens), said(names.outputTokens)]);
    });

    test("every call, attempt, tool and agent is in it once, for as long as its span", () => {
      const others = otherCallsIn(loop).filter(({ wire }) => wire);
      const chats = [...callsIn(loop), ...retriesIn(loop), ...others];
      const expected = { chatDuration: chats, toolDuration: toolsIn(loop), agentDuration: loopsIn(loop) } as const;
      for (const [name, spans] of Object.entries(expected)) {
        const metric = metrics[name as keyof typeof expected].name;
        expect(countOf(points, metric), metric).toBe(spans.length);
        expect(totalOf(points, metric), metric).toBeCloseTo(secondsIn(spans), 6);
      }
      const streamed = callsIn(loop).filter(({ wire, firstTokenAt }) => (wire?.firstByteAt ?? firstTokenAt) !== null);
      expect(countOf(points, metrics.timeToFirstChunk.name)).toBe(streamed.length);
    });
  },
);

test("it is delta, from the turn's start to its end, of an instance of its own, and the same each time", () => {
  const trace = traceOf("subagent@1.18.33");
  const points = pointsOf(trace);
  const { loop, traceId } = trace;
  for (const { start, end, resource, scope } of points) {
    expect([start, end]).toEqual([`${loop.start}000000`, `${loop.end}000000`]);
    expect(resource["service.instance.id"]?.replaceAll("-", "")).toBe(traceId);
    expect(scope.name).toBe("looptrace");
  }
  expect(JSON.stringify(encodeMetrics(trace))).toBe(JSON.stringify(encodeMetrics(structuredClone(trace))));
  expect(encodeMetrics(trace)).toMatchObject({ traceId, id: loop.spanId });
});

test("what the caller says of the resource wins, an instance too; below another's span it is of that trace", () => {
  const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const options = { resourceAttributes: { "service.instance.id": "ci-7" }, serviceName: "nightly", environment: "ci" };
  const { traceId, resourceMetrics } = encodeMetrics(traceOf("plain-answer@1.18.33"), { ...options, parent });
  expect(traceId).toBe(parent.traceId);
  expect(readPoints({ resourceMetrics })[0]?.resource).toMatchObject({
    "service.instance.id": "ci-7",
    "service.name": "nightly",
    "deployment.environment.name": "ci",
  });
});

test("every metric and attribute is of the table", () => {
  const listed = new Set<string>(Object.values(metrics).map(({ name }) => name));
  const known = new Set<string>([...Object.values(names), ...Object.values(metricAttributeNames)]);
  for (const { metric, attributes } of everyTrace.flatMap(pointsOf)) {
    expect(listed.has(metric), metric).toBe(true);
    for (const name of Object.keys(attributes))
      expect(known.has(name) || name.startsWith("looptrace."), name).toBe(true);
  }
});

test("what failed has the class of its error; what a fork copied is not in it", () => {
  const retried = pointsOf(traceOf("rate-limited-then-ok@1.18.33"));
  const failed = retried.filter(({ attributes }) => attributes[names.errorType] === "rate_limit");
  expect(failed.map(({ metric }) => metric)).toEqual([metrics.chatDuration.name]);
  const trace = traceOf("multistep@1.18.33");
  expect(pointsOf({ ...trace, loop: { ...trace.loop, copied: true } })).toEqual([]);
});

test("tokens in doubt are in the sums as recorded, and by the conventions' names only where they are sure", () => {
  const trace = traceOf("plain-answer@1.18.33");
  const recorded = { input: 7, output: 0, reasoning: 0, cacheRead: 3, cacheWrite: 0 };
  const usageDoubt = { kind: "partial", reason: "", unsure: ["output"], recorded, total: null } as const;
  const steps = trace.loop.steps.map((step) => ({
    ...step,
    call: step.call && { ...step.call, usage: null, usageDoubt },
  }));
  const points = pointsOf({ ...trace, loop: { ...trace.loop, steps } });
  expect(recordedUsage({ usage: null, usageDoubt })).toEqual(recorded);
  expect(totalOf(points, "looptrace.tokens")).toBe(10);
  expect(points.filter(({ metric }) => metric === metrics.tokenUsage.name)).toMatchObject([
    { sum: 10, attributes: { [metricAttributeNames.tokenType]: "input" } },
  ]);
});
