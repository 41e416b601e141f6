import { encodeTrace, type RequestLimits } from "../../src/otel/encode-trace.js";
import type { TraceOptions } from "../../src/otel/options.js";
import type { SpanProfileName } from "../../src/otel/span-profile.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { type ReceivedSpan, readSpans } from "../support/received-spans.js";

export interface Wire {
  readonly bodies: readonly string[];
  /** In the order in which they are sent. */
  readonly spans: readonly ReceivedSpan[];
}

/** A trace as a server reads it. @throws when a real Langfuse would refuse or drop something of it */
export function onTheWire(
  trace: LoopTrace,
  options?: TraceOptions,
  limits?: RequestLimits,
  profile?: SpanProfileName,
): Wire {
  const found: string[] = [];
  const bodies = [...encodeTrace(trace, options, limits, profile)].map(({ body }) => new TextDecoder().decode(body));
  const spans = bodies.flatMap((body) => readSpans(JSON.parse(body), found));
  if (found.length > 0) throw new Error(found.join("\n"));
  return { bodies, spans };
}

/** An attribute that has to be text. */
export function textOf(span: ReceivedSpan, key: string): string {
  const value = span.attributes[key];
  if (typeof value !== "string") throw new Error(`${span.name} has no ${key}`);
  return value;
}

/** An attribute that holds JSON. */
export function jsonOf(span: ReceivedSpan, key: string): unknown {
  return JSON.parse(textOf(span, key));
}

/** All attributes below `langfuse.observation.metadata`, by their names there. */
export function metadataOf(span: ReceivedSpan): Readonly<Record<string, unknown>> {
  const prefix = "langfuse.observation.metadata.";
  return Object.fromEntries(
    Object.entries(span.attributes).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    ),
  );
}

/** The first span of a name. @throws when there is none */
export function named(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const span = spans.find((one) => one.name === name);
  if (!span) throw new Error(`no span ${name} among ${spans.map((one) => one.name).join(", ")}`);
  return span;
}

/** Every string in a value, its keys too; and in strings that hold JSON, the strings in that. */
export function* stringsIn(value: unknown): Generator<string> {
  if (typeof value === "string") {
    yield value;
    if (/^[[{"]/.test(value)) yield* stringsIn(parsed(value));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      yield key;
      yield* stringsIn(item);
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
