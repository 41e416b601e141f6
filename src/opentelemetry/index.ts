/**
 * looptrace's doors to OpenTelemetry's SDK, `looptrace/otel`: traces as spans for any exporter, and the outbox for any
 * program's spans.
 *
 * @packageDocumentation
 */
export { OutboxSpanExporter, type OutboxSpanExporterOptions } from "./outbox-span-exporter.js";
export { type ReadableSpansOptions, toReadableSpans } from "./readable-spans.js";
