import { createAcknowledgements } from "./acknowledge.js";
import type { DestinationReport } from "./delivery-report.js";
import { destinationInfo } from "./destinations/destination.js";
import { refusedKeysAdvice } from "./destinations/refused-keys.js";
import { createGate } from "./gate.js";
import type { SendResult } from "./http/send-result.js";
import { type Consignment, letGo, pendingCount, pendingKeys } from "./queue/consignment.js";
import { noteLastError } from "./queue/destination-notes.js";
import { pickSpans, type SpanRef } from "./queue/otlp-body.js";
import { settle } from "./queue/settle.js";
import { takeUp } from "./queue/take-up.js";
import { createSpanLocks } from "./receipts/span-locks.js";
import { createTraceLocks } from "./receipts/trace-locks.js";
import { createRefusals, keepCopy, setAside } from "./refusals.js";
import type { RunContext } from "./run-context.js";

/** A request that meets a destination in trouble so often in one run waits for the next one. */
const MAX_FAILURES = 6;

/** However little time is left, an answer gets this long. */
const SHORTEST_TIMEOUT_MS = 1000;

/** What to do with a request after an attempt: it is through with for this run, comes again, or waits for a sign of life. */
type Next = "done" | "again" | "doubtful";

/**
 * Delivers requests to one destination, several at a time, until all are through, time is up, or the destination makes
 * clear that it takes nothing.
 *
 * Whatever happens, and whenever the process is killed: a request's file goes only after the receipts say that its spans
 * arrived or `rejected/` holds them.
 */
export async function runDestination(
  context: RunContext,
  consignments: readonly Consignment[],
): Promise<DestinationReport> {
  const { destination, clock, signal } = context;
  const info = destinationInfo(destination);
  const gate = createGate(clock, context.deadlineMs, signal, (waitMs, failures) =>
    context.onProgress({ kind: "waiting", destination: info, reason: lastError ?? "", failures, waitMs }),
  );
  const acknowledgements = createAcknowledgements(context);
  const refusals = createRefusals(context);
  const spanLocks = createSpanLocks();
  const traceLocks = createTraceLocks(context, () =>
    context.onProgress({ kind: "queued", destination: info }),
  );
  /** Somebody else was sending spans of theirs; what is free goes first. */
  const putBack = new Set<Consignment>();
  const queue = [...consignments];
  const doubtful: Consignment[] = [];
  const spans = consignments.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  let stopped = false;
  let lastError: string | undefined;

  async function work(): Promise<void> {
    while (!stopped) {
      const consignment = queue.shift();
      if (consignment === undefined) return;
      const next = await attempt(consignment);
      if (next === "again") queue.push(consignment);
      if (next === "doubtful") doubtful.push(consignment);
      if (!refusals.inDoubt()) queue.push(...doubtful.splice(0));
    }
  }

  async function attempt(consignment: Consignment): Promise<Next> {
    const before = pendingCount(consignment);
    if (!(await takeUp(context, consignment))) return "done";
    const { keys, traceIds } = whatIn(consignment);
    // A destination in trouble is waited for before, so that nobody else waits for this delivery meanwhile.
    if (consignment.failures > 0) await gate.enter();
    const releaseSpans = await spanLocks.take(keys);
    const releaseTraces = await takeTraces(consignment, context.hold ? [] : traceIds);
    if (releaseTraces === undefined) {
      releaseSpans();
      letGo(consignment);
      return "again";
    }
    try {
      await acknowledgements.recall(consignment);
      const next = await sendAll(consignment);
      await refusals.conclude(consignment);
      if (pendingCount(consignment) === 0) await settle(context, consignment);
      return next;
    } finally {
      await releaseTraces();
      releaseSpans();
      done += before - pendingCount(consignment);
      letGo(consignment);
    }
  }

  /** @returns undefined when another process has one of them, and other requests can be sent meanwhile */
  async function takeTraces(consignment: Consignment, traceIds: readonly string[]) {
    if (putBack.has(consignment) || queue.length === 0) return traceLocks.take(traceIds);
    const release = await traceLocks.takeIfFree(traceIds);
    if (release === undefined) putBack.add(consignment);
    return release;
  }

  /** Sends what is pending of a request, in halves of halves where the whole is refused. */
  async function sendAll(consignment: Consignment): Promise<Next> {
    if (context.hold) return "done";
    const spans = pendingSpans(consignment);
    const rest = spans.length === 0 ? [] : [spans];
    for (let chunk = rest.pop(); chunk !== undefined; chunk = rest.pop()) {
      const pass = await gate.enter();
      if (pass === undefined || stopped) {
        stopped = true;
        return "done";
      }
      const result = await post(consignment, chunk);
      if (result.kind !== "acknowledged") lastError = result.message;
      switch (result.kind) {
        case "acknowledged":
          gate.succeeded();
          refusals.accepted();
          await acknowledgements.record(consignment, chunk);
          break;
        case "partial":
          gate.succeeded();
          refusals.accepted();
          await takePartial(consignment, chunk, result);
          break;
        case "rejected": {
          gate.succeeded();
          if (chunk.length > 1 && refusals.inDoubt()) return "doubtful";
          const middle = Math.ceil(chunk.length / 2);
          if (chunk.length > 1) rest.push(chunk.slice(middle), chunk.slice(0, middle));
          else for (const span of chunk) refusals.alone(consignment, span, result.message);
          if (refusals.inDoubt()) return "doubtful";
          break;
        }
        case "unauthorised":
          lastError = `${result.message.replace(/\.$/, "")}. ${refusedKeysAdvice(destination, result.status)}`;
          stopped = true;
          return "done";
        case "misdirected":
        case "blocked":
          stopped = true;
          return "done";
        case "throttled":
        case "unavailable":
          gate.failed(pass, result.retryAfterMs);
          consignment.failures += 1;
          return consignment.failures < MAX_FAILURES ? "again" : "done";
        default:
          return result satisfies never;
      }
    }
    return "done";
  }

  async function post(consignment: Consignment, chunk: readonly SpanRef[]): Promise<SendResult> {
    const remaining = Math.max(SHORTEST_TIMEOUT_MS, context.deadlineMs - clock.now());
    const timeoutMs = Math.min(context.timeoutMs, remaining);
    context.onProgress({ kind: "sending", destination: info, done, spans });
    return context.send(destination, bodyOf(consignment, chunk), {
      timeoutMs,
      ...(signal ? { signal } : {}),
    });
  }

  /** OTLP forbids to send a partly taken request again, so all its spans count as sent; a copy stays for a person to look at. */
  async function takePartial(
    consignment: Consignment,
    chunk: readonly SpanRef[],
    { rejectedSpans, message }: Extract<SendResult, { kind: "partial" }>,
  ): Promise<void> {
    if (rejectedSpans >= chunk.length) return setAside(context, consignment, chunk, message);
    if (consignment.content) await keepCopy(context, consignment.content, chunk, message);
    await acknowledgements.record(consignment, chunk);
    consignment.dropped += rejectedSpans;
  }

  await Promise.all(Array.from({ length: context.concurrency }, work));
  const unsavedSpans = await settleAll(context, consignments);
  const counts = count(consignments);
  const left = counts.pendingSpans > 0;
  if (left && lastError === undefined && !context.hold) {
    lastError = signal?.aborted ? "interrupted" : "the time for delivery ran out";
  }
  const failed = left || counts.rejected > 0;
  // A note for `outboxStatus`; where it cannot be written, the problems already say so.
  const note = failed && lastError !== undefined ? { message: lastError, atMs: clock.now() } : undefined;
  if (!context.hold) await noteLastError(context.paths, destination.id, note).catch(() => {});
  return {
    destination: info,
    acknowledged: counts.acknowledged,
    alreadyAcknowledged: counts.alreadyAcknowledged,
    outdated: { settings: counts.outdatedShared, content: counts.outdatedOwn },
    pending: { spans: counts.pendingSpans, requests: counts.pendingRequests, unsavedSpans },
    rejected: counts.rejected,
    lastError: failed ? lastError : undefined,
    problems: [...context.problems],
  };
}

function whatIn({ content }: Consignment): {
  readonly keys: readonly string[];
  readonly traceIds: readonly string[];
} {
  const spans = content?.spans ?? new Map<string, SpanRef>();
  return { keys: [...spans.keys()], traceIds: [...spans.values()].map(({ traceId }) => traceId) };
}

function pendingSpans(consignment: Consignment): readonly SpanRef[] {
  const { content } = consignment;
  return (pendingKeys(consignment) ?? []).flatMap((key) => content?.spans.get(key) ?? []);
}

/** A retry of the whole is byte for byte the same; only a part is encoded anew. */
function bodyOf({ content }: Consignment, chunk: readonly SpanRef[]): Uint8Array {
  if (content === undefined) return new Uint8Array();
  if (chunk.length === content.spans.size) return content.body;
  const keys = new Set(chunk.map(({ traceId, spanId }) => `${traceId}/${spanId}`));
  return pickSpans(content.body, (key) => keys.has(key));
}

async function settleAll(context: RunContext, consignments: readonly Consignment[]): Promise<number> {
  let unsaved = 0;
  for (const consignment of consignments) {
    if (pendingCount(consignment) > 0) unsaved += await settle(context, consignment);
  }
  return unsaved;
}

interface Counts {
  acknowledged: number;
  alreadyAcknowledged: number;
  rejected: number;
  pendingSpans: number;
  pendingRequests: number;
  outdatedShared: number;
  outdatedOwn: number;
}

function count(consignments: readonly Consignment[]): Counts {
  const counts = {
    acknowledged: 0,
    alreadyAcknowledged: 0,
    rejected: 0,
    pendingSpans: 0,
    pendingRequests: 0,
    outdatedShared: 0,
    outdatedOwn: 0,
  };
  for (const consignment of consignments) {
    if (consignment.elsewhere) continue;
    const pending = pendingCount(consignment);
    counts.acknowledged += consignment.acknowledged.size - consignment.dropped;
    counts.alreadyAcknowledged += consignment.alreadyAcknowledged.size;
    counts.rejected += consignment.rejected.size + consignment.dropped;
    counts.pendingSpans += pending;
    if (pending > 0) counts.pendingRequests += 1;
    counts.outdatedShared += consignment.outdatedShared.size;
    counts.outdatedOwn += consignment.outdatedOwn.size;
  }
  return counts;
}
