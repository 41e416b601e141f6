import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import type { Usage } from "../provider/scenario.js";
import type { ReceivedSpan } from "../support/received-spans.js";
import type { Receiver } from "../support/receiver.js";

/** A span as Langfuse would understand it. */
export interface Arrived {
  readonly span: ReceivedSpan;
  readonly name: string;
  readonly type: unknown;
  /** The parent's name; null for a root. */
  readonly parent: string | null;
  readonly input: unknown;
  readonly output: unknown;
  readonly level: unknown;
  readonly usage: unknown;
  readonly cost: unknown;
  /** ms since the epoch. */
  readonly start: number;
  readonly end: number;
}

/**
 * All accepted spans, in the order of a tree that is read from top to bottom. On a busy machine opencode notes a moment
 * later that a tool has begun than when that tool's subagent did: none stands before what it is below.
 */
export function arrived(receiver: Receiver): readonly Arrived[] {
  const spans = receiver.spans();
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans
    .map((span): Arrived => {
      const { attributes } = span;
      return {
        span,
        name: span.name,
        type: attributes[LangfuseOtelSpanAttributes.OBSERVATION_TYPE],
        parent: span.parentSpanId === "" ? null : (names.get(span.parentSpanId) ?? span.parentSpanId),
        input: json(attributes[LangfuseOtelSpanAttributes.OBSERVATION_INPUT]),
        output: json(attributes[LangfuseOtelSpanAttributes.OBSERVATION_OUTPUT]),
        level: attributes[LangfuseOtelSpanAttributes.OBSERVATION_LEVEL],
        usage: json(attributes[LangfuseOtelSpanAttributes.OBSERVATION_USAGE_DETAILS]),
        cost: json(attributes[LangfuseOtelSpanAttributes.OBSERVATION_COST_DETAILS]),
        start: milliseconds(span.startTimeUnixNano),
        end: milliseconds(span.endTimeUnixNano),
      };
    })
    .sort((a, b) => place(a.span, spans) - place(b.span, spans) || depth(a.span, spans) - depth(b.span, spans));
}

/** What opencode makes of a provider's figures: buckets that do not contain each other. */
export function bucketsOf({ input, cached, cacheWrite, output, reasoning }: Usage): Record<string, number> {
  return {
    input: input - cached - cacheWrite,
    output: output - reasoning,
    output_reasoning_tokens: reasoning,
    input_cached_tokens: cached,
    input_cache_creation: cacheWrite,
    total: input + output,
  };
}

/** When it began, or what it is below, whichever was later; ms since the epoch. */
function place(span: ReceivedSpan, spans: readonly ReceivedSpan[]): number {
  const parent = parentOf(span, spans);
  return Math.max(milliseconds(span.startTimeUnixNano), parent ? place(parent, spans) : 0);
}

function depth(span: ReceivedSpan, spans: readonly ReceivedSpan[]): number {
  const parent = parentOf(span, spans);
  return parent ? 1 + depth(parent, spans) : 0;
}

function parentOf(span: ReceivedSpan, spans: readonly ReceivedSpan[]): ReceivedSpan | undefined {
  return spans.find(({ spanId }) => spanId === span.parentSpanId);
}

/** Texts stand on the wire as they are, everything else as JSON. */
function json(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function milliseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000_000n);
}
