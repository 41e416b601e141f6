import { encodeTrace } from "../otel/encode-trace.js";
import type { TraceOptions } from "../otel/options.js";
import type { LoopTrace } from "../trace/model.js";

/**
 * A trace as a collector's file of OTLP/JSON has it: a request a line, by OpenTelemetry's GenAI conventions. Secrets are
 * not masked here.
 */
export function* otlpLines(trace: LoopTrace, options: TraceOptions = {}): Generator<string> {
  const decoder = new TextDecoder();
  for (const { body } of encodeTrace(trace, options, {}, "genai")) yield decoder.decode(body);
}
