import { trace as api, ROOT_CONTEXT, SpanStatusCode } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { expect, onTestFinished, test } from "vitest";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { OutboxSpanExporter, type OutboxSpanExporterOptions } from "../../src/opentelemetry/outbox-span-exporter.js";
import { langfuseAt, otlpAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { at } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

const TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

/** Two traces of a program: one of a parent with a child that failed, one of a span alone. */
function programSpans(): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      "service.name": "tickets",
      "process.command_args": ["node", `--token=${TOKEN}`],
    }),
    spanProcessors: [new SimpleSpanProcessor(memory)],
  });
  const tracer = provider.getTracer("tickets", "1.2.3");
  const parent = tracer.startSpan("GET /tickets", {
    attributes: { "http.request.method": "GET", "some.half": "\ud800" },
  });
  const child = tracer.startSpan("query", { attributes: { token: TOKEN } }, api.setSpan(ROOT_CONTEXT, parent));
  child.recordException(new Error(`no access with ${TOKEN}`));
  child.setStatus({ code: SpanStatusCode.ERROR, message: `refused ${TOKEN}` });
  child.end();
  parent.end();
  tracer.startSpan("alone").end();
  return memory.getFinishedSpans();
}

const spans = programSpans();

async function exportTo(exporter: OutboxSpanExporter, some = spans): Promise<ExportResult> {
  return new Promise((resolve) => exporter.export(some, resolve));
}

async function setup(options: Partial<OutboxSpanExporterOptions> = {}) {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const paths = await temporaryStore();
  const clock = fakeClock(Date.now());
  const destinations = [langfuseAt(receiver.url)];
  return { receiver, paths, clock, make: () => new OutboxSpanExporter({ destinations, paths, clock, ...options }) };
}

test("a program's spans arrive as they are, once, with their secrets masked", async () => {
  const { receiver, make } = await setup();
  expect(await exportTo(make())).toEqual({ code: ExportResultCode.SUCCESS });
  expect(await exportTo(make())).toEqual({ code: ExportResultCode.SUCCESS });
  const arrived = receiver.spans();
  expect(arrived.map(({ name }) => name).toSorted()).toEqual(["GET /tickets", "alone", "query"]);
  const query = at(
    arrived.filter(({ name }) => name === "query"),
    0,
  );
  const own = at(spans, 0);
  expect(query).toMatchObject({
    traceId: own.spanContext().traceId,
    spanId: own.spanContext().spanId,
    parentSpanId: own.parentSpanContext?.spanId,
    resource: { "service.name": "tickets" },
    scope: { name: "tickets", version: "1.2.3" },
    status: { code: SpanStatusCode.ERROR },
  });
  expect(JSON.stringify(receiver.requests)).not.toContain(TOKEN);
  expect(JSON.stringify(query)).toContain("no access with");
  expect(receiver.violations).toEqual([]);
});

test("what a backend that is down did not get is safe, and a later process sends it", async () => {
  const { receiver, paths, clock, make } = await setup({ budgetMs: 1 });
  receiver.behave({ always: { kind: "status", status: 503 } });
  const down = make();
  // The outbox has them: a processor need not keep them.
  expect(await exportTo(down)).toEqual({ code: ExportResultCode.SUCCESS });
  await down.shutdown();
  expect(receiver.spans()).toEqual([]);
  expect(await outboxStatus(paths)).toMatchObject([{ spans: spans.length }]);
  receiver.behave({});
  await clock.sleep(60_000, undefined);
  const later = make();
  await later.forceFlush();
  expect(receiver.spans()).toHaveLength(spans.length);
  expect(await outboxStatus(paths)).toMatchObject([{ spans: 0 }]);
});

test("the first export that goes through takes along what earlier processes left", async () => {
  const { receiver, clock, make } = await setup({ budgetMs: 1 });
  receiver.behave({ always: { kind: "reset" } });
  await exportTo(make(), spans.slice(0, 2));
  receiver.behave({});
  await clock.sleep(60_000, undefined);
  const exporter = make();
  await exportTo(exporter, spans.slice(2));
  await exporter.shutdown();
  expect(receiver.spans()).toHaveLength(spans.length);
});

test("what is refused for good is a failure that says why; after the end nothing is taken", async () => {
  const { receiver, make } = await setup();
  receiver.behave({ refuseSpanIds: [at(spans, 0).spanContext().spanId] });
  const exporter = make();
  expect(await exportTo(exporter)).toMatchObject({ code: ExportResultCode.FAILED, error: { message: /127\.0\.0\.1/ } });
  expect(receiver.spans()).toHaveLength(spans.length - 1);
  await exporter.shutdown();
  expect(await exportTo(exporter)).toMatchObject({ code: ExportResultCode.FAILED });
  expect(await exportTo(new OutboxSpanExporter({ destinations: [] }))).toEqual({ code: ExportResultCode.SUCCESS });
  expect(otlpAt(receiver.url).kind).toBe("otlp");
});
