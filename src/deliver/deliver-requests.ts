import { createAcknowledgements } from "./acknowledge.js";
import type { DeliveryContext } from "./delivery-context.js";
import type { DestinationReport } from "./delivery-report.js";
import { destinationInfo } from "./destinations/destination.js";
import { refusedKeysAdvice } from "./destinations/refused-keys.js";
import type { SendResult } from "./http/send-result.js";
import { createLease } from "./lease.js";
import { claim } from "./queue/claim.js";
import { commit } from "./queue/commit.js";
import { noteLastError } from "./queue/destination-notes.js";
import { type SpanRef, spanKey } from "./queue/otlp-body.js";
import { bodyWith, letGo, pendingCount, pendingKeys, type QueuedRequest } from "./queue/queued-request.js";
import { createSchedule } from "./schedule.js";
import { keepCopy, setAside } from "./set-aside.js";

/** However little time is left, an answer gets this long. */
const SHORTEST_TIMEOUT_MS = 1000;

/**
 * Delivers requests to one destination, several at a time, until all are through, time is up, or the destination makes
 * clear that it takes nothing. `Schedule` decides, this does it.
 *
 * Whatever happens, and whenever the process is killed: a request's file goes only after the receipts say that its
 * spans arrived or `rejected/` holds them.
 */
export async function deliverRequests(
  context: DeliveryContext,
  queued: readonly QueuedRequest[],
): Promise<DestinationReport> {
  const { destination, clock, deadlineMs, signal, onProgress } = context;
  const info = destinationInfo(destination);
  const schedule = createSchedule(queued.length, deadlineMs, clock.random);
  const acknowledgements = createAcknowledgements(context);
  const lease = createLease(context, () => onProgress({ kind: "queued", destination: info }));
  /** Those that no other process has taken meanwhile. */
  const own = new Set(queued);
  const spans = queued.reduce((sum, { size }) => sum + size, 0);
  let done = 0;

  async function work(): Promise<void> {
    for (let at = schedule.next(); at !== undefined; at = schedule.next()) {
      const request = queued[at];
      if (request) await attempt(at, request);
      schedule.left(at);
    }
  }

  async function attempt(at: number, request: QueuedRequest): Promise<void> {
    const before = pendingCount(request);
    schedule.begin(at, 0);
    const claimed = await claim(context, request);
    if (claimed === "gone") own.delete(request);
    if (claimed !== "claimed") return;
    await pause();
    const giveBack = await enter(request);
    try {
      await acknowledgements.recall(request);
      const keys = context.storeOnly ? [] : (pendingKeys(request) ?? []);
      const pending = keys.flatMap((key) => request.content?.spans.get(key) ?? []);
      schedule.begin(at, pending.length);
      await sendAll(at, request, pending);
      if (pendingCount(request) === 0) await commit(context, request);
    } finally {
      await giveBack();
      done += before - pendingCount(request);
      letGo(request);
    }
  }

  /** A destination in trouble is left alone before the lease, so that no other process waits for this one meanwhile. */
  async function pause(): Promise<void> {
    for (;;) {
      const wait = schedule.pause(clock.now());
      if (wait === undefined || signal?.aborted) return;
      onProgress({ kind: "waiting", destination: info, reason: schedule.lastError() ?? "", ...wait });
      await clock.sleep(wait.waitMs, signal);
    }
  }

  async function enter({ content }: QueuedRequest): Promise<() => Promise<void>> {
    if (context.storeOnly || content === undefined) return async () => undefined;
    const traceIds = [...content.spans.values()].map(({ traceId }) => traceId);
    return lease.enter(traceIds, [...content.spans.keys()]);
  }

  /** Sends what is pending of a request, in halves of halves where the whole is refused. */
  async function sendAll(at: number, request: QueuedRequest, pending: readonly SpanRef[]): Promise<void> {
    for (;;) {
      const move = schedule.move(at, clock.now(), signal?.aborted ?? false);
      if (move.kind === "leave") {
        for (const { part, message } of move.refused)
          await setAside(context, request, pending.slice(part.from, part.to), message);
        return;
      }
      const part = pending.slice(move.part.from, move.part.to);
      const result = await post(request, part);
      switch (schedule.answered(at, result, move.round, clock.now())) {
        case "taken":
          await acknowledgements.record(request, part);
          break;
        case "taken-in-part":
          // OTLP forbids to send it again: all its spans count as sent, and a copy stays for a person to look at.
          if (request.content && result.kind === "partial") {
            await keepCopy(context, request.content, part, result.message);
            request.dropped += result.rejectedSpans;
          }
          await acknowledgements.record(request, part);
          break;
        case "refused":
          await setAside(context, request, part, schedule.lastError() ?? "");
          break;
        case "open":
          break;
      }
    }
  }

  async function post({ content }: QueuedRequest, part: readonly SpanRef[]): Promise<SendResult> {
    const remaining = Math.max(SHORTEST_TIMEOUT_MS, deadlineMs - clock.now());
    onProgress({ kind: "sending", destination: info, done, spans });
    const body = content ? bodyWith(content, part.map(spanKey)) : new Uint8Array();
    const result = await context.send(destination, body, {
      timeoutMs: Math.min(context.timeoutMs, remaining),
      ...(signal ? { signal } : {}),
    });
    if (result.kind !== "unauthorised") return result;
    const message = `${result.message.replace(/\.$/, "")}. ${refusedKeysAdvice(destination, result.status)}`;
    return { ...result, message };
  }

  await Promise.all(Array.from({ length: context.concurrency }, work));
  let unsavedSpans = 0;
  for (const request of own) if (pendingCount(request) > 0) unsavedSpans += await commit(context, request);
  const counts = count(own);
  const { pending } = counts;
  let lastError = schedule.lastError();
  if (pending.spans > 0 && lastError === undefined && !context.storeOnly) {
    lastError = signal?.aborted ? "interrupted" : "the time for delivery ran out";
  }
  if (pending.spans === 0 && counts.rejected === 0) lastError = undefined;
  // A note for `outboxStatus`; where it cannot be written, the problems already say so.
  const note = lastError === undefined ? undefined : { message: lastError, atMs: clock.now() };
  if (!context.storeOnly) await noteLastError(context.paths, destination.id, note).catch(() => {});
  return {
    destination: info,
    ...counts,
    pending: { ...pending, unsavedSpans },
    lastError,
    problems: [...context.problems],
  };
}

function count(requests: Iterable<QueuedRequest>) {
  const counts = {
    acknowledged: 0,
    alreadyAcknowledged: 0,
    outdated: { settings: 0, content: 0 },
    pending: { spans: 0, requests: 0 },
    rejected: 0,
  };
  for (const request of requests) {
    const pending = pendingCount(request);
    counts.acknowledged += request.acknowledged.size - request.dropped;
    counts.alreadyAcknowledged += request.alreadyAcknowledged.size;
    counts.outdated.settings += request.otherSettings.size;
    counts.outdated.content += request.otherProgress.size;
    counts.pending.spans += pending;
    if (pending > 0) counts.pending.requests += 1;
    counts.rejected += request.rejected.size + request.dropped;
  }
  return counts;
}
