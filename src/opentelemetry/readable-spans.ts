import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { describeTrace } from "../otel/describe-trace.js";
import { placeInHost } from "../otel/host-span.js";
import type { TraceOptions } from "../otel/options.js";
import { spanMaker } from "../otel/span-maker.js";
import type { SpanProfileName } from "../otel/span-profile.js";
import type { LoopTrace } from "../trace/model.js";

/** How a trace becomes spans of OpenTelemetry's SDK. */
export interface ReadableSpansOptions extends TraceOptions {
  /** For whom; default `genai`, OpenTelemetry's GenAI conventions. `langfuse` is for an exporter that sends to one. */
  readonly profile?: SpanProfileName | undefined;
}

/**
 * A trace as ended spans of OpenTelemetry's SDK, for any `SpanExporter`: the root last. The same trace has the same
 * spans. Secrets are not masked here: traces of `OpenCode` and `readSession` are masked, others `maskFor` masks.
 *
 * @example
 * ```ts
 * import { ConsoleSpanExporter } from "@opentelemetry/sdk-trace-base";
 * import { OpenCode } from "looptrace";
 * import { toReadableSpans } from "looptrace/otel";
 *
 * const { traces } = await new OpenCode().run("Fix the failing test");
 * new ConsoleSpanExporter().export(traces.flatMap((trace) => toReadableSpans(trace)), () => undefined);
 * ```
 */
export function toReadableSpans(
  trace: LoopTrace,
  { profile = "genai", ...options }: ReadableSpansOptions = {},
): ReadableSpan[] {
  const placed = options.parent ? options : { ...options, ...placeInHost(trace) };
  const makeSpan = spanMaker(placed, profile);
  return describeTrace(trace, placed, profile).map((item) => makeSpan(item));
}
