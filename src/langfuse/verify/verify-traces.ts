import { lstat } from "node:fs/promises";
import type { Destination } from "../../deliver/destinations/destination.js";
import { readReceipts, receiptPath } from "../../deliver/receipts/receipts.js";
import { maskTraces } from "../../export/mask-traces.js";
import { maskingWithKeys } from "../../export/masking-with-keys.js";
import { notYetToSend } from "../../export/trace-requests.js";
import { type Clock, systemClock } from "../../files/clock.js";
import type { StorePaths } from "../../files/store-paths.js";
import type { Masking } from "../../masking/mask.js";
import { DEFAULT_FILE_LIMIT_BYTES, type TraceOptions } from "../../otel/options.js";
import type { LoopTrace } from "../../trace/model.js";
import type { LangfuseApi } from "../api/langfuse-api.js";
import { observationsOf } from "../find-traces.js";
import { type SentSpan, sentSpans } from "./sent-spans.js";
import { type Delivered, type TraceVerdict, verdictOf, verifyTrace } from "./verify-trace.js";

/** What traces are verified against, and how long is waited for them. */
export interface VerifyOptions {
  /** What the traces say beside what happened, as when they were sent. */
  readonly trace: TraceOptions;
  readonly masking: Masking;
  readonly destination: Destination;
  readonly paths: StorePaths;
  /** How long to wait for what is not to be seen yet, in ms. */
  readonly waitMs: number;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How long is waited between two looks, in ms: a little more each time. */
const PAUSES_MS: readonly number[] = [1_000, 2_000, 5_000];

/**
 * Holds what a Langfuse has of traces against the traces themselves.
 *
 * @param traces some at most: they are asked for at once
 * @throws {LangfuseApiError} when the server does not answer
 */
export async function verifyTraces(
  api: LangfuseApi,
  traces: readonly LoopTrace[],
  options: VerifyOptions,
): Promise<readonly TraceVerdict[]> {
  const { clock = systemClock, waitMs, signal } = options;
  const until = clock.now() + waitMs;
  const wanted = await Promise.all(traces.map((trace) => expectedOf(trace, options, clock.now())));
  for (let looks = 0; ; looks += 1) {
    const ids = [...new Set(wanted.map(({ traceId }) => traceId))];
    const found = await observationsOf(api, ids);
    const verdicts = wanted.map(({ traceId, about, spans, open, delivered }) => {
      const own = found.get(traceId) ?? [];
      return verifyTrace({ traceId, ...about }, spans, own, { delivered, open, now: clock.now() });
    });
    const isWaiting = verdicts.some((one) => verdictOf(one) === "waiting");
    const pause = PAUSES_MS[Math.min(looks, PAUSES_MS.length - 1)] ?? 0;
    if (!isWaiting || clock.now() + pause > until || signal?.aborted) return verdicts;
    await clock.sleep(pause, signal);
  }
}

interface Expected {
  readonly traceId: string;
  readonly about: Pick<TraceVerdict, "sessionId" | "turn">;
  readonly spans: readonly SentSpan[];
  readonly open: ReadonlySet<string>;
  readonly delivered: Delivered;
}

/** What of a trace should be there: masked and encoded as when it is sent. */
async function expectedOf(trace: LoopTrace, options: VerifyOptions, now: number): Promise<Expected> {
  const { masking, destination, trace: traceOptions } = options;
  const [{ encodeTrace }, { createTraceFiles }] = await Promise.all([
    import("../../otel/encode-trace.js"),
    import("../../export/trace-files.js"),
  ]);
  const masked = await maskTraces([trace], traceOptions, maskingWithKeys(masking, destination.secrets));
  const open = notYetToSend(trace, now);
  const [whole] = masked.values;
  const files = createTraceFiles(traceOptions.fileLimitBytes ?? DEFAULT_FILE_LIMIT_BYTES);
  const spans = whole
    ? [...encodeTrace(whole, masked.beside, { leaveOut: open, files })].flatMap(({ body }) => sentSpans(body))
    : [];
  const traceId = traceOptions.parent?.traceId ?? trace.traceId;
  const { id, turn } = trace.session;
  return {
    traceId,
    about: { sessionId: id, turn },
    spans,
    open,
    delivered: await deliveredOf(options, traceId),
  };
}

async function deliveredOf({ paths, destination }: VerifyOptions, traceId: string): Promise<Delivered> {
  const { spanIds } = await readReceipts(paths, destination.id, traceId);
  const file = await lstat(receiptPath(paths, destination.id, traceId)).catch(() => undefined);
  return { spanIds, lastAt: file?.mtimeMs ?? null };
}
