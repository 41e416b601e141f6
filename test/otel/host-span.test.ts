import { trace as api, context, TraceFlags } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { activeHostSpan, placeInHost, rememberHostSpan } from "../../src/otel/host-span.js";
import { at, traceOf } from "../support/fixtures.js";
import { traceOf as recordedTraceOf, two } from "../trace/two-recorded-calls.js";
import { named, onTheWire } from "./wire.js";

const SPAN = { traceId: "a".repeat(32), spanId: "b".repeat(16) };

/** A program in which one span is active everywhere. */
function programIn(traceFlags: TraceFlags): void {
  const active = api.setSpanContext(context.active(), { ...SPAN, traceFlags });
  const always = {
    active: () => active,
    with: <Args extends unknown[], Result>(
      _: unknown,
      run: (...args: Args) => Result,
      _this?: unknown,
      ...args: Args
    ) => run(...args),
    bind: <Target>(_: unknown, target: Target) => target,
    enable: () => always,
    disable: () => always,
  };
  context.setGlobalContextManager(always);
  onTestFinished(() => context.disable());
}

test("a turn that was run in a span of its program hangs below that span, in its trace", () => {
  programIn(TraceFlags.SAMPLED);
  const turn = structuredClone(traceOf("plain-answer@1.18.33"));
  rememberHostSpan([turn], activeHostSpan());
  expect(placeInHost(turn)).toEqual({ parent: SPAN });
  for (const { traceId } of describeTrace(turn, placeInHost(turn))) expect(traceId).toBe(SPAN.traceId);
});

test("one whose program does not record its trace keeps its own, and refers to the program's span", () => {
  programIn(TraceFlags.NONE);
  const turn = structuredClone(traceOf("plain-answer@1.18.33"));
  rememberHostSpan([turn], activeHostSpan());
  expect(placeInHost(turn)).toEqual({ links: [SPAN] });
  const { bodies, spans } = onTheWire(turn, placeInHost(turn), {}, "genai");
  expect(named(spans, "invoke_agent build")).toMatchObject({ traceId: turn.traceId, parentSpanId: "" });
  expect(JSON.parse(at(bodies, 0)).resourceSpans[0].scopeSpans[0].spans.at(-1).links).toEqual([
    expect.objectContaining({ traceId: SPAN.traceId, spanId: SPAN.spanId }),
  ]);
});

test("one whose requests carried its own ids keeps them: others' spans hang there", () => {
  programIn(TraceFlags.SAMPLED);
  const turn = recordedTraceOf(
    two.map((one) => ({ ...one, traceparent: `00-${"c".repeat(32)}-${"d".repeat(16)}-01` })),
  );
  rememberHostSpan([turn], activeHostSpan());
  expect(placeInHost(turn)).toEqual({ links: [SPAN] });
});

test("outside of a span a turn hangs below nothing", () => {
  const turn = structuredClone(traceOf("plain-answer@1.18.33"));
  rememberHostSpan([turn], activeHostSpan());
  expect(placeInHost(turn)).toEqual({});
});
