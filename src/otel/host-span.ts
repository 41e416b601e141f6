/** Runs of the library in a program that is traced itself: they belong to the span in which they were made. */
import { TraceFlags, trace } from "@opentelemetry/api";
import type { LoopTrace } from "../trace/model.js";
import type { RemoteParent, TraceOptions } from "./options.js";

/** A span of the program that uses the library. */
export interface HostSpan extends RemoteParent {
  /** Whether the program records its trace. */
  readonly sampled: boolean;
}

/** By identity: a copy of a trace, or one that was read from JSON, hangs below nothing. */
const hosts = new WeakMap<object, HostSpan>();

/** The span that the program is in now; undefined where it is in none, or has no OpenTelemetry. */
export function activeHostSpan(): HostSpan | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  if (!context) return undefined;
  const { traceId, spanId, traceFlags } = context;
  return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
}

/** Notes in which span turns were run. */
export function rememberHostSpan(traces: readonly LoopTrace[], host: HostSpan | undefined): void {
  if (host) for (const one of traces) hosts.set(one, host);
}

/**
 * Where a turn hangs that was run in a span of its program: below it, and in its trace. A trace that has to keep its
 * own id refers to that span by a link: the program's trace is not recorded, or requests to models have carried the
 * turn's own id, and others' spans hang there.
 */
export function placeInHost(turn: LoopTrace | Pick<LoopTrace, "traceId">): Pick<TraceOptions, "parent" | "links"> {
  const host = hosts.get(turn);
  if (!host) return {};
  const { sampled, ...span } = host;
  return sampled && !("loop" in turn && isPropagated(turn)) ? { parent: span } : { links: [span] };
}

function isPropagated({ loop }: LoopTrace): boolean {
  return loop.steps.some(({ call, retries }) => [call, ...retries].some((one) => one?.wire?.traceparent !== undefined));
}
