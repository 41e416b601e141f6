import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace-base";
import { expect, test } from "vitest";
import { toReadableSpans } from "../../src/opentelemetry/readable-spans.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { at, traceOf } from "../support/fixtures.js";

const trace = traceOf("failing-tool@1.18.33");

test("any exporter takes a trace: ids, times and the tree are those that looptrace sends, the root is last", () => {
  const memory = new InMemorySpanExporter();
  memory.export(toReadableSpans(trace, { serviceName: "nightly" }), () => undefined);
  const spans = memory.getFinishedSpans();
  const told = describeTrace(trace, {}, "genai");
  expect(spans.map((span) => [span.spanContext().spanId, span.parentSpanContext?.spanId ?? null, span.name])).toEqual(
    told.map(({ spanId, parent, name }) => [spanId, parent?.spanId ?? null, name]),
  );
  const root = at(spans, spans.length - 1);
  expect(root).toMatchObject({ name: "invoke_agent build", kind: SpanKind.INTERNAL, ended: true });
  expect(root.resource.attributes["service.name"]).toBe("nightly");
  const failed = spans.filter(({ status }) => status.code === SpanStatusCode.ERROR);
  expect(failed.map(({ name }) => name)).toContain("execute_tool read");
});

test("for an exporter to Langfuse it has what Langfuse reads", () => {
  const spans = toReadableSpans(trace, { profile: "langfuse" });
  expect(spans.map(({ name }) => name)).toContain("llm-call-0");
  expect(at(spans, 0).attributes).toHaveProperty(["langfuse.observation.type"]);
});
