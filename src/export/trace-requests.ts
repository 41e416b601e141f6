import type { RequestToDeliver } from "../deliver/deliver.js";
import type { Destination } from "../deliver/destinations/destination.js";
import { metricsRequest } from "../deliver/queue/metrics-body.js";
import { scoresRequests } from "../deliver/queue/scores-body.js";
import type { Masking } from "../masking/mask.js";
import type { FileShelf } from "../otel/file-shelf.js";
import { DEFAULT_FILE_LIMIT_BYTES, type TraceOptions } from "../otel/options.js";
import type { SpanProfileName } from "../otel/span-profile.js";
import { checkedScore, type NewScore } from "../scores/new-score.js";
import { callersScore, scoresOf } from "../scores/scores-of.js";
import { defined } from "../text/json-fields.js";
import { lastMomentOfLoop } from "../trace/extent.js";
import type { LoopTrace } from "../trace/model.js";
import { openSpanIds, runningSpanIds } from "../trace/open-spans.js";
import { withUserPrices } from "../trace/user-priced.js";
import { maskTraces } from "./mask-traces.js";
import { maskingWithKeys } from "./masking-with-keys.js";
import type { SentInPieces } from "./sent-in-pieces.js";
import { traceFingerprint } from "./trace-fingerprint.js";

/** What of traces becomes requests, and what is masked in them. */
export interface TraceRequestOptions {
  readonly masking: Masking | undefined;
  /** Keys with which something is sent: they are never meant to be sent themselves. */
  readonly keys: readonly string[];
  /** Whether a destination takes metrics: what makes them is loaded for those alone. */
  readonly measured: boolean;
  /** Whether the turns are known to be at work, or known not to be; undefined leaves it to what they look like. */
  readonly atWork: boolean | undefined;
  /** Leaves out nothing, whatever the turns are at. */
  readonly force: boolean;
  /** ms since the epoch */
  readonly now: number;
  /** Which turns are sent in pieces. */
  readonly sentInPieces: SentInPieces;
  /** What the caller scores turns by. */
  readonly scores: ((trace: LoopTrace) => readonly NewScore[]) | undefined;
}

/** A turn that was last seen longer ago than this has ended, whatever is left open in it. */
const STILL_AT_WORK_MS = 3_600_000;

/**
 * What of a trace is not to be sent yet: what a turn that is perhaps still at work has left open. Its other spans are
 * as they will always be.
 *
 * @param now ms since the epoch
 */
export function notYetToSend(trace: LoopTrace, now: number): ReadonlySet<string> {
  return now - lastMomentOfLoop(trace.loop) > STILL_AT_WORK_MS ? new Set() : openSpanIds(trace);
}

/** The requests that traces become, for each destination: in the shape that it reads, with what it takes beside them. */
export type RequestsTo = (destination: Pick<Destination, "kind" | "shape" | "metrics">) => Iterable<RequestToDeliver>;

/**
 * The OTLP requests that traces become: masked, encoded, and with what tells later how they looked. Each is made when it
 * is asked for, and for each destination anew: of a large session all together would take more memory than the session.
 */
export async function traceRequests(
  traces: readonly LoopTrace[],
  traceOptions: TraceOptions,
  { masking, keys, measured, atWork, force, now, sentInPieces, scores }: TraceRequestOptions,
): Promise<RequestsTo> {
  // Named here, not handed over: what checks scores is not loaded where there are none.
  const given = traces.map((trace) => (scores?.(trace) ?? []).map((score) => checkedScore(score)));
  // The OTel packages take longer to load than most commands take to run.
  const [{ encodeTrace }, measure, { placeInHost }, { createTraceFiles }] = await Promise.all([
    import("../otel/encode-trace.js"),
    measured ? import("../otel/genai/encode-metrics.js") : undefined,
    import("../otel/host-span.js"),
    import("./trace-files.js"),
  ]);
  const masked = await maskTraces(traces, { options: traceOptions, given }, maskingWithKeys(masking, keys));
  const turns = await Promise.all(
    withUserPrices<LoopTrace>(masked.values, traceOptions.prices).map(async (trace, index) => {
      const place = traceOptions.parent ? {} : placeInHost(traces[index] ?? trace);
      const open = openIn(trace, atWork, now);
      const leaveOut = force ? new Set<string>() : open;
      const options = { ...masked.beside.options, ...place };
      const shown = { ...trace, traceId: options.parent?.traceId ?? trace.traceId };
      const nameFrom = !force && (await sentInPieces(shown, leaveOut.size > 0)) ? "prompt" : "title";
      const more = { isOpen: open.has(trace.loop.spanId), given: masked.beside.given[index] ?? [] };
      return { trace, options: { ...options, nameFrom } as const, leaveOut, ...more };
    }),
  );
  function* spansOf(profile: SpanProfileName, files?: FileShelf): Generator<RequestToDeliver> {
    for (const { trace, options, leaveOut } of turns) {
      const { settings, whole } = traceFingerprint(trace, traceOptions);
      const limits = { leaveOut, ...defined({ files }) };
      for (const request of encodeTrace(trace, options, limits, profile)) {
        const hasRoot = request.spanIds.at(-1) === trace.loop.spanId;
        yield { ...request, fingerprint: hasRoot ? whole : settings };
      }
    }
  }
  const allScores = turns.flatMap(({ trace, options, isOpen, given }) => [
    // A turn that is not over has no score of looptrace's yet; what its caller says of it need not wait.
    ...(isOpen || options.scores === false ? [] : scoresOf(trace, options)),
    ...given.map((score) => callersScore(trace, options, score, now)),
  ]);
  // A turn is measured as a whole, when it is over; one that a fork copied was measured where it happened.
  const over = turns.filter(({ trace: { loop }, leaveOut }) => !leaveOut.has(loop.spanId) && !loop.copied);
  return function* ({ kind, shape, metrics }) {
    // Only Langfuse itself takes scores and files. What they are of comes first.
    if (kind === "langfuse") {
      const files = createTraceFiles(masked.beside.options.fileLimitBytes ?? DEFAULT_FILE_LIMIT_BYTES);
      yield* spansOf(shape, files);
      yield* scoresRequests(allScores);
      yield* files.requests();
    } else yield* spansOf(shape);
    if (metrics !== undefined && measure)
      for (const { trace, options } of over) yield metricsRequest([measure.encodeMetrics(trace, options)]);
  };
}

function openIn(trace: LoopTrace, atWork: boolean | undefined, now: number): ReadonlySet<string> {
  if (atWork === undefined) return notYetToSend(trace, now);
  return atWork ? runningSpanIds(trace) : new Set();
}
