import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { encodeTrace } from "../../src/otel/encode-trace.js";
import { spanMaker } from "../../src/otel/span-maker.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import type { ReceivedSpan } from "../support/received-spans.js";
import { tries } from "../support/tries.js";
import { arbitraryRuns } from "../trace/arbitrary-runs.js";
import { arbitrarySession } from "../trace/arbitrary-session.js";
import { answer, assistant, exportOf, stepFinish, stepStart, tool, treeOf, user } from "../trace/make-session.js";
import { callsIn, eventsIn, loopsIn, spansIn, stepsIn, toolsIn } from "../trace/walk-trace.js";
import { jsonOf, metadataOf, named, onTheWire, stringsIn, textOf } from "./wire.js";

const TYPE = "langfuse.observation.type";
const USAGE = "langfuse.observation.usage_details";
const COST = "langfuse.observation.cost_details";
const SHARED = ["langfuse.trace.name", "session.id", "langfuse.trace.tags", "langfuse.version"];

const generations = (spans: readonly ReceivedSpan[]) =>
  spans.filter(({ attributes }) => attributes[TYPE] === "generation");

test("What a request says stays as it is, whatever is encoded after it", () => {
  const traces = fixtureNames.slice(0, 3).flatMap((name) => tracesOf(loadFixture(name), "log"));
  const made: { readonly body: Uint8Array; readonly copy: Uint8Array; readonly size: number }[] = [];
  for (const trace of traces)
    for (const { body } of encodeTrace(trace, {}, { spans: 2 }))
      made.push({ body, copy: Uint8Array.from(body), size: body.buffer.byteLength });
  expect(made.length).toBeGreaterThan(8);
  for (const { body, copy, size } of made) {
    expect(Buffer.from(body).equals(copy)).toBe(true);
    // Nothing else stands in its memory.
    expect(size).toBe(body.byteLength);
  }
});

describe.each(fixtureNames)("%s on the wire", (name) => {
  const traces = tracesOf(loadFixture(name), "log");
  /** Each with what a server reads of it. */
  let sent: readonly { readonly trace: LoopTrace; readonly spans: readonly ReceivedSpan[] }[] = [];

  beforeAll(() => {
    sent = traces.map((trace) => ({ trace, spans: onTheWire(trace).spans }));
  });

  test("is every span of the trace once, below its parent, the root last", () => {
    for (const { trace, spans } of sent) {
      const ids = [...spansIn(trace.loop), ...eventsIn(trace.loop)].map(({ spanId }) => spanId);
      expect(spans.map(({ spanId }) => spanId).sort()).toEqual(ids.sort());
      expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([trace.traceId]));
      expect(at(spans, -1)).toMatchObject({ spanId: trace.loop.spanId, parentSpanId: "" });
      expect(parents(spans)).toEqual(wantedParents(trace));
    }
  });

  test("is byte for byte what OpenTelemetry's SDK and serialiser make of the same spans", () => {
    for (const { trace } of sent)
      for (const profile of ["langfuse", "genai"] as const) {
        const options = { phases: true, tags: ["é"], links: [{ traceId: "a".repeat(32), spanId: "b".repeat(16) }] };
        const makeSpan = spanMaker(options, profile);
        const made = new Map(describeTrace(trace, options, profile).map((item) => [item.spanId, makeSpan(item)]));
        for (const { body, spanIds } of encodeTrace(trace, options, { spans: 40 }, profile)) {
          const wanted = JsonTraceSerializer.serializeRequest(spanIds.flatMap((id) => made.get(id) ?? []));
          expect(Buffer.from(body).equals(wanted ?? new Uint8Array())).toBe(true);
        }
      }
  });

  test("has names and types as the trace has them", () => {
    for (const { trace, spans } of sent) {
      const seen = spans.map(({ name: own, attributes }) => [own, attributes[TYPE]]);
      expect(seen.sort()).toEqual(wantedNames(trace).sort());
    }
  });

  test("says on every span what belongs to the trace", () => {
    for (const trace of traces) {
      const options = { userId: "u1", environment: "staging", release: "r7", tags: ["nightly"] };
      for (const span of onTheWire(trace, options).spans) {
        expect(span.attributes).toMatchObject({
          "langfuse.trace.name": trace.session.title,
          "session.id": trace.session.id,
          "user.id": "u1",
          "langfuse.environment": "staging",
          "langfuse.release": "r7",
          "langfuse.version": trace.session.opencodeVersion,
          "gen_ai.conversation.id": trace.session.id,
          "langfuse.trace.tags": expect.arrayContaining(["nightly"]),
        });
        expect(span.scope.name).toMatch(/^langfuse-sdk/);
        expect(span.resource).toMatchObject({ "service.name": "looptrace" });
        expect(span.resource).not.toHaveProperty("service.version");
      }
    }
  });

  test("has nothing that Langfuse takes otherwise than it is meant", () => {
    for (const span of sent.flatMap(({ spans }) => spans)) {
      expect(["agent", "span", "generation", "tool", "event"]).toContain(span.attributes[TYPE]);
      expect(span.attributes).not.toHaveProperty("gen_ai.tool.name");
      for (const key of SHARED) expect(span.attributes).toHaveProperty([key]);
      // Langfuse drops model, usage and cost of an agent's invocation.
      if (span.attributes["gen_ai.operation.name"] === "invoke_agent") {
        expect(span.attributes).not.toHaveProperty([USAGE]);
        expect(span.attributes).not.toHaveProperty(["langfuse.observation.model.name"]);
      }
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
      expect(illFormedIn([span.name, span.attributes, span.events, span.status, span.resource])).toEqual([]);
    }
  });

  test("has exactly the trace's times", () => {
    for (const { trace, spans } of sent) {
      const byId = new Map(spans.map((span) => [span.spanId, span]));
      for (const { spanId, start, end } of spansIn(trace.loop)) {
        expect(byId.get(spanId)).toMatchObject({
          startTimeUnixNano: `${start}000000`,
          endTimeUnixNano: `${end}000000`,
        });
      }
    }
  });

  test("has a usage on every generation, and a cost where opencode knows a price", () => {
    for (const { trace, spans } of sent) {
      const byId = new Map(spans.map((span) => [span.spanId, span]));
      for (const call of callsIn(trace.loop)) {
        const span = byId.get(call.spanId);
        if (!span) throw new Error("the call is on the wire");
        const { usage } = call;
        const sum = usage ? usage.input + usage.output + usage.reasoning + usage.cacheRead + usage.cacheWrite : 0;
        expect(jsonOf(span, USAGE)).toEqual(
          usage
            ? {
                input: usage.input,
                output: usage.output,
                output_reasoning_tokens: usage.reasoning,
                input_cached_tokens: usage.cacheRead,
                input_cache_creation: usage.cacheWrite,
                total: sum,
              }
            : { input: 0, output: 0, total: 0 },
        );
        expect(metadataOf(span).usage).toBe(usage ? undefined : "unknown");
        if (call.cost === null) expect(span.attributes).not.toHaveProperty([COST]);
        else expect(jsonOf(span, COST)).toEqual({ total: call.cost });
        expect(textOf(span, "langfuse.observation.model.name")).toBe(call.model?.modelId);
        if (call.firstTokenAt !== null) {
          const since = jsonOf(span, "langfuse.observation.completion_start_time");
          expect(since).toBe(new Date(call.firstTokenAt).toISOString());
        }
        if (usage) {
          expect(span.attributes).toMatchObject({
            "gen_ai.usage.input_tokens": usage.input + usage.cacheRead + usage.cacheWrite,
            "gen_ai.usage.output_tokens": usage.output + usage.reasoning,
          });
        }
      }
      expect(generations(spans)).toHaveLength(callsIn(trace.loop).length);
    }
  });

  test("says of each failing span that it failed, in every language", () => {
    for (const span of sent.flatMap(({ spans }) => spans)) {
      const level = span.attributes["langfuse.observation.level"];
      const failed = span.status.code === 2;
      expect(level === "ERROR").toBe(failed);
      expect(["DEFAULT", "WARNING", "ERROR"]).toContain(level);
      if (!failed) {
        expect(span.events).toEqual([]);
        continue;
      }
      const type = textOf(span, "error.type");
      const message = span.status.message;
      expect(message).not.toMatch(/\n/);
      expect(span.attributes["langfuse.observation.status_message"]).toBe(message);
      expect(onlyOne(span.events)).toMatchObject({
        name: "exception",
        timeUnixNano: span.endTimeUnixNano,
        attributes: { "exception.type": type, "exception.message": message },
      });
      expect(jsonOf(span, "langfuse.observation.metadata.error")).toMatchObject({ code: type });
    }
  });

  test("is the same bytes again, whatever the environment says about other people's spans", () => {
    vi.stubEnv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1");
    vi.stubEnv("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3");
    vi.stubEnv("OTEL_SPAN_EVENT_COUNT_LIMIT", "0");
    vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "service.name=somebody-else");
    vi.stubEnv("OTEL_TRACES_SAMPLER", "always_off");
    const strange = traces.map((trace) => onTheWire(trace).bodies);
    vi.unstubAllEnvs();
    expect(tracesOf(loadFixture(name), "log").map((trace) => onTheWire(trace).bodies)).toEqual(strange);
  });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function illFormedIn(value: unknown): readonly string[] {
  return [...stringsIn(value)].filter((found) => !found.isWellFormed());
}

function parents(spans: readonly ReceivedSpan[]): Readonly<Record<string, string>> {
  return Object.fromEntries(spans.map(({ spanId, parentSpanId }) => [spanId, parentSpanId]));
}

function wantedParents({ loop }: LoopTrace): Readonly<Record<string, string>> {
  return Object.fromEntries([
    [loop.spanId, ""],
    ...loopsIn(loop).flatMap(({ spanId, steps, loops }) => [...steps, ...loops].map((below) => [below.spanId, spanId])),
    ...stepsIn(loop).flatMap(({ spanId, call, retries, tools, loops, events }) =>
      [...(call ? [call] : []), ...retries, ...tools, ...loops, ...events].map((below) => [below.spanId, spanId]),
    ),
    ...toolsIn(loop).flatMap(({ spanId, loops, innerCalls }) =>
      [...loops, ...innerCalls].map((below) => [below.spanId, spanId]),
    ),
  ]);
}

function wantedNames({ loop }: LoopTrace): [string, string][] {
  return [
    ...loopsIn(loop).map((one): [string, string] => [
      one === loop ? "opencode.loop" : `opencode.loop ${one.agent}`,
      "agent",
    ]),
    ...stepsIn(loop).flatMap(({ index, call, retries, tools, events }): [string, string][] => [
      [`loop.step-${index}`, "span"],
      ...(call ? [[`llm-call-${call.index}`, "generation"] as [string, string]] : []),
      ...retries.map((): [string, string] => ["retry", "span"]),
      ...tools.map((one): [string, string] => [`tool.${one.name}`, "tool"]),
      ...events.map((one): [string, string] => [one.name, "event"]),
    ]),
  ];
}

describe("requests", () => {
  const trace = traceOf("multistep@1.18.33");
  const whole = onTheWire(trace).spans.map(({ spanId }) => spanId);

  test("hold at most as many spans as they may", () => {
    const requests = [...encodeTrace(trace, {}, { spans: 4 })];
    expect(requests.map(({ spanIds }) => spanIds.length)).toEqual([4, 4, 4, 2]);
    expect(requests.flatMap(({ spanIds }) => spanIds)).toEqual(whole);
    for (const { body, spanIds } of requests) {
      const json = JSON.parse(new TextDecoder().decode(body));
      expect(json.resourceSpans[0].scopeSpans[0].spans.map((span: { spanId: string }) => span.spanId)).toEqual(spanIds);
    }
  });

  test("are about as large as they may be; what is larger goes alone", () => {
    const requests = [...encodeTrace(trace, {}, { bytes: 12_000 })];
    expect(requests.length).toBeGreaterThan(2);
    for (const { body, spanIds } of requests) {
      if (spanIds.length > 1) expect(body.byteLength).toBeLessThan(14_000);
    }
    expect(requests.flatMap(({ spanIds }) => spanIds)).toEqual(whole);
    expect([...encodeTrace(trace, {}, { bytes: 1 })].map(({ spanIds }) => spanIds.length)).toEqual(Array(14).fill(1));
  });
});

test("any ms since the epoch is on the wire to the ns", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 18_446_743_000_000 }), fc.nat(100_000), (start, lasts) => {
      const answered = answer(0, 10);
      const time = { created: start, completed: start + lasts };
      const message = { ...answered, info: { ...answered.info, time }, parts: [] };
      const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go.", { time: { created: start } }), message]))));
      expect(named(onTheWire(trace).spans, "loop.step-0")).toMatchObject({
        startTimeUnixNano: String(BigInt(start) * 1_000_000n),
        endTimeUnixNano: String(BigInt(start + lasts) * 1_000_000n),
      });
    }),
    { numRuns: tries(25) },
  );
});

test("any session that the border lets in can be sent", () => {
  fc.assert(
    fc.property(arbitrarySession, arbitraryRuns, fc.constantFrom(10, 1_000_000), ({ exports }, runs, textLimit) => {
      const tree = onlyOne(assembleSessions(exports.map((one) => exportFromJson(one, "generated"))));
      for (const trace of traceSession(tree, { runs })) {
        const { spans } = onTheWire(trace, { textLimit }, { spans: 3 });
        expect(parents(spans)).toEqual(wantedParents(trace));
        for (const span of spans) {
          expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
          expect(illFormedIn(span.attributes)).toEqual([]);
        }
      }
    }),
    { numRuns: tries(20) },
  );
});

test("what is described is what is sent", () => {
  const trace = traceOf("failing-tool@1.18.33");
  const described = describeTrace(trace, {});
  expect(onTheWire(trace).spans.map(({ spanId, name }) => ({ spanId, name }))).toEqual(
    described.map(({ spanId, name }) => ({ spanId, name })),
  );
});

const toldTo = z.array(z.object({ content: z.string() }));

test("a span that is too large as a whole is shortened, each of its texts with head and tail; the others are not", () => {
  const tools = Array.from({ length: 12 }, (_, index) => ({
    ...tool(20, 30, 90, { state: { output: `head ${index} ${"👩‍👩‍👧 x".repeat(90_000)} tail ${index}` } }),
    callID: `call_${index}`,
  }));
  const asked = assistant(10, 95, [stepStart(15), ...tools, stepFinish(94, { reason: "tool-calls" })]);
  const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), asked, answer(100, 200)]))));
  const { spans } = onTheWire(trace);
  const sizes = spans.map((span) => Buffer.byteLength(JSON.stringify(span)));
  expect(Math.max(...sizes)).toBeLessThan(8.5 * 1024 * 1024);
  const input = toldTo.parse(jsonOf(named(spans, "llm-call-1"), "langfuse.observation.input"));
  expect(input).toHaveLength(12);
  for (const [index, { content }] of input.entries()) {
    expect(content.startsWith(`head ${index} `)).toBe(true);
    expect(content.endsWith(` tail ${index}`)).toBe(true);
    expect(content).toMatch(/\[\d+ of \d+ characters left out\]/);
    expect(content.isWellFormed()).toBe(true);
  }
  expect(textOf(named(spans, "tool.bash"), "langfuse.observation.output").length).toBeGreaterThan(700_000);
});
