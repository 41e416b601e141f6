import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { expect, onTestFinished, test } from "vitest";
import { resolveDestinations } from "../../../src/deliver/destinations/resolve-destinations.js";
import { protobufBody } from "../../../src/deliver/http/protobuf-body.js";
import { protobufMetrics } from "../../../src/deliver/http/protobuf-metrics.js";
import { send } from "../../../src/deliver/http/send.js";
import { describeTrace } from "../../../src/otel/describe-trace.js";
import { encodeTrace } from "../../../src/otel/encode-trace.js";
import { encodeMetrics } from "../../../src/otel/genai/encode-metrics.js";
import { spanMaker } from "../../../src/otel/span-maker.js";
import { fixtureNames, loadFixture, traceOf, tracesOf } from "../../support/fixtures.js";
import { jsonFaults, metricsOfProtobuf } from "../../support/otlp-protobuf.js";
import { otlpRequest } from "../../support/otlp-requests.js";
import { readPoints } from "../../support/received-metrics.js";
import { type ReceiverBehaviour, startReceiver } from "../../support/receiver.js";

async function receive(behaviour: ReceiverBehaviour = {}) {
  const receiver = await startReceiver({ dialect: "otlp", ...behaviour });
  onTestFinished(() => receiver.close());
  const to = (protocol: string) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
    const [destination] = resolveDestinations({ env });
    if (destination === undefined) throw new Error("no destination");
    return destination;
  };
  return { receiver, to };
}

const FIXTURES = [
  "multistep@1.18.33",
  "subagent@1.18.33",
  "retry-in-stream@1.18.33",
  "unicode@1.18.33",
  "killed@1.18.33",
];

test.each(FIXTURES)("%s: what arrives is the same in both forms, and on every try", async (fixture) => {
  const { receiver, to } = await receive();
  const requests = tracesOf(loadFixture(fixture), "log").flatMap((trace) => [...encodeTrace(trace)]);
  expect(requests.length).toBeGreaterThan(0);
  for (const { body } of requests) {
    expect(await send(to("http/json"), body)).toEqual({ kind: "acknowledged" });
    expect(await send(to("http/protobuf"), body)).toEqual({ kind: "acknowledged" });
    expect(await send(to("http/protobuf"), body)).toEqual({ kind: "acknowledged" });
    const [json, first, second] = receiver.requests.slice(-3);
    expect(first?.headers["content-type"]).toBe("application/x-protobuf");
    expect(first?.spans).toEqual(json?.spans);
    expect(second?.body).toBe(first?.body);
  }
  expect(receiver.violations).toEqual([]);
});

test("every fixture's JSON is as OTLP maps the protocol to JSON", () => {
  const traces = fixtureNames.flatMap((name) => tracesOf(loadFixture(name), "log"));
  const requests = traces.flatMap((trace) => [...encodeTrace(trace, {}, {}, "genai"), ...encodeTrace(trace)]);
  expect(requests.length).toBeGreaterThan(40);
  expect(requests.flatMap(({ body }) => jsonFaults("Request", JSON.parse(new TextDecoder().decode(body))))).toEqual([]);
  const metrics = traces.map((trace) => ({ resourceMetrics: encodeMetrics(trace).resourceMetrics }));
  expect(metrics.flatMap((request) => jsonFaults("MetricsRequest", request))).toEqual([]);
  const wrong = {
    resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: "AAAA", kind: "SPAN_KIND_CLIENT", startTimeUnixNano: 1 }] }] }],
  };
  expect(jsonFaults("Request", { ...wrong, resource_spans: [] })).toHaveLength(4);
});

test("it is what OpenTelemetry's own serialiser makes of the spans", async () => {
  const trace = traceOf("multistep@1.18.33");
  const makeSpan = spanMaker({});
  const spans: ReadableSpan[] = describeTrace(trace, {}).map((item) => makeSpan(item));
  const [request] = [...encodeTrace(trace)];
  if (request === undefined) throw new Error("no request");
  const own = ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
  expect(Buffer.from(await protobufBody(request.body)).equals(Buffer.from(own))).toBe(true);
});

test("gzip goes around it", async () => {
  const { receiver, to } = await receive();
  const { body } = otlpRequest(3, { padding: 5000 });
  await send({ ...to("http/protobuf"), compression: "gzip" }, body);
  expect(receiver.requests[0]?.headers["content-encoding"]).toBe("gzip");
  expect(receiver.spans()).toHaveLength(3);
});

test("partial success is read from protobuf, and from JSON that a receiver answers to it", async () => {
  const { to } = await receive({ always: { kind: "partial", rejectedSpans: 2, errorMessage: "too old" } });
  expect(await send(to("http/protobuf"), otlpRequest(3).body)).toMatchObject({
    kind: "partial",
    rejectedSpans: 2,
    message: expect.stringContaining("too old"),
  });
  const body = '{"partialSuccess":{"rejectedSpans":1}}';
  const json = await receive({ always: { kind: "status", status: 200, body } });
  expect(await send(json.to("http/protobuf"), otlpRequest(3).body)).toMatchObject({ kind: "partial" });
});

test("protobuf that is none is no answer, nor is a page", async () => {
  const answered = async (body: string, type: string) => {
    const headers = { "content-type": type };
    const { to } = await receive({ always: { kind: "status", status: 200, body, headers } });
    return (await send(to("http/protobuf"), otlpRequest(1).body)).kind;
  };
  expect(await answered("<html>log in</html>", "application/x-protobuf")).toBe("misdirected");
  expect(await answered("<html>log in</html>", "text/html")).toBe("misdirected");
  expect(await answered("", "application/x-protobuf")).toBe("acknowledged");
});

test("what looptrace itself never writes is refused, so that the spans beside it still go", async () => {
  const { receiver, to } = await receive();
  const value = { kvlistValue: { values: [] } };
  const span = {
    ...JSON.parse(new TextDecoder().decode(otlpRequest(1).body)).resourceSpans[0].scopeSpans[0].spans[0],
    attributes: [{ key: "a", value }],
  };
  const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
  expect(await send(to("http/protobuf"), body)).toMatchObject({ kind: "rejected" });
  expect(receiver.requests).toEqual([]);
});

test("metrics as protobuf are those that are written as JSON, of several turns one after the other", async () => {
  const [first, second] = [traceOf("multistep@1.18.33"), traceOf("subagent@1.18.33")].map((trace) => {
    return encodeMetrics(trace).resourceMetrics;
  });
  const json = { resourceMetrics: [...(first ?? []), ...(second ?? [])] };
  const bytes = await protobufMetrics(new TextEncoder().encode(JSON.stringify(json)));
  expect(readPoints(metricsOfProtobuf(bytes))).toEqual(readPoints(json));
  expect(readPoints(json).length).toBeGreaterThan(20);
  const cumulative = JSON.stringify(json).replaceAll('"aggregationTemporality":1', '"aggregationTemporality":2');
  await expect(protobufMetrics(new TextEncoder().encode(cumulative))).rejects.toThrow();
});
