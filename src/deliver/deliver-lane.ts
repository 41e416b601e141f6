import type { Acknowledgements } from "./acknowledge.js";
import type { DeliveryContext } from "./delivery-context.js";
import { destinationInfo } from "./destinations/destination.js";
import { refusedKeysAdvice } from "./destinations/refused-keys.js";
import type { SendResult } from "./http/send-result.js";
import type { DestinationLease } from "./lease.js";
import { claim } from "./queue/claim.js";
import { commit } from "./queue/commit.js";
import { bodyWith, letGo, pendingCount, pendingKeys, type QueuedRequest } from "./queue/queued-request.js";
import { type ItemRef, itemKey, type RequestKind } from "./queue/request-kind.js";
import { createSchedule } from "./schedule.js";
import { keepCopy, setAside } from "./set-aside.js";

/** However little time is left, an answer gets this long. */
const SHORTEST_TIMEOUT_MS = 1000;

/** Requests of one kind on their way to one destination. */
export interface Lane {
  readonly kind: RequestKind;
  readonly queued: readonly QueuedRequest[];
  /** Takes those out that another process has taken meanwhile. */
  readonly own: Set<QueuedRequest>;
  readonly acknowledgements: Acknowledgements;
  readonly lease: DestinationLease;
}

/** What a lane has come to. */
export interface LaneEnd {
  /** What went wrong last, one line. */
  readonly lastError: string | undefined;
  /** Whether nothing else would get through to the destination either. */
  readonly isAway: boolean;
}

/**
 * Sends the requests of one kind, several at a time, until all are through, time is up, or the destination makes clear
 * that it takes nothing. `Schedule` decides, this does it.
 *
 * Whatever happens, and whenever the process is killed: a request's file goes only after the receipts say that its
 * items arrived or `rejected/` holds them.
 */
export async function deliverLane(
  context: DeliveryContext,
  { kind, queued, own, acknowledgements, lease }: Lane,
): Promise<LaneEnd> {
  const { destination, clock, deadlineMs, signal, onProgress } = context;
  const info = destinationInfo(destination);
  const schedule = createSchedule(queued.length, deadlineMs, clock.random);
  const items = queued.reduce((sum, { size }) => sum + size, 0);
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
      const pending = keys.flatMap((key) => request.content?.items.get(key) ?? []);
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
    const groups = [...content.items.values()].map(({ group }) => group);
    return lease.enter(groups, [...content.items.keys()]);
  }

  /** Sends what is pending of a request, in halves of halves where the whole is refused. */
  async function sendAll(at: number, request: QueuedRequest, pending: readonly ItemRef[]): Promise<void> {
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
          // OTLP forbids to send it again: all of it counts as sent, and a copy stays for a person to look at.
          if (request.content && result.kind === "partial") {
            await keepCopy(context, request.content, part, result.message);
            request.dropped += Math.min(result.rejectedSpans, part.length);
          }
          await acknowledgements.record(request, part);
          break;
        case "itemised":
          if (result.kind === "itemised") {
            const taken = result.taken.flatMap((place) => part[place] ?? []);
            if (taken.length > 0) await acknowledgements.record(request, taken);
          }
          break;
        case "refused":
          await setAside(context, request, part, schedule.lastError() ?? "");
          break;
        case "open":
          break;
      }
    }
  }

  async function post({ content }: QueuedRequest, part: readonly ItemRef[]): Promise<SendResult> {
    const remaining = Math.max(SHORTEST_TIMEOUT_MS, deadlineMs - clock.now());
    onProgress({ kind: "sending", destination: info, what: kind, done, items });
    const body = content ? bodyWith(content, part.map(itemKey)) : new Uint8Array();
    const result = await context.send(destination, body, {
      kind,
      // A file may take longer than other requests, by its size.
      timeoutMs: kind === "media" ? context.timeoutMs : Math.min(context.timeoutMs, remaining),
      limitMs: context.timeoutMs,
      ...(kind === "media" ? { budgetMs: remaining } : {}),
      ...(signal ? { signal } : {}),
    });
    return withAdvice(result);
  }

  function withAdvice(result: SendResult): SendResult {
    if (result.kind !== "unauthorised") return result;
    const message = `${result.message.replace(/\.$/, "")}. ${refusedKeysAdvice(destination, result.status)}`;
    return { ...result, message };
  }

  await Promise.all(Array.from({ length: context.concurrency }, work));
  return { lastError: schedule.lastError(), isAway: schedule.isAway() };
}
