import { unlink } from "node:fs/promises";
import { hasCode } from "../errors/thrown.js";
import { type FileLock, lockFile } from "../files/file-lock.js";
import { appendToOwnFile } from "../files/own-files.js";
import { ensurePrivateFolder } from "../files/private-files.js";
import { refuseUntrustedFolder } from "../files/trusted-store.js";
import type { DeliveryContext } from "./delivery-context.js";
import { DEFAULT_TIMEOUT_MS } from "./http/send.js";
import { receiptFolder, receiptPath } from "./receipts/receipts.js";

/**
 * Who may send to a destination. Of all processes on a store one at a time has the lease: it holds
 * `sent/<destination>/.deliverer.lock`.
 *
 * - With the lease a delivery claims a request, reads the receipts of its traces, sends what they do not hold, and
 *   writes receipts, before it gives the lease back. So the next process finds what arrived, and each span is sent once.
 * - Deliveries of one process share its lease; among them a span is under way once, and the second finds its receipt.
 * - A kill ends the lease, as a lock lapses with its process. What was under way has no receipt and comes twice; the
 *   rest waits in the outbox under a dead process's claim, which the next push takes over.
 * - A process that waits sends its own requests once it has the lease, and reports what became of them. It knocks: it
 *   touches a file beside the lock. A process that has had the lease for `LEASE_MS` looks for that file before each
 *   request, gives way and waits like the others, so a `run` does not wait for the end of a `batch`. A lease that ends
 *   and begins again at once counts as one: a process that waits looks only now and then, and would hardly ever find
 *   the lock free.
 * - A lease ends before a pause: no process waits while another one waits for a destination in trouble.
 * - A wait ends after half of the delivery's time, 15 s at most, also where the process that has the lease was
 *   stopped, or the disk takes no lock. Then the delivery goes on without: a span that is sent twice is better than one
 *   that is not sent. When its time ends before, its requests wait in the outbox.
 * - Versions before locked each trace, `.<trace>.jsonl.lock`, and not the destination. These locks are taken too, and
 *   claims on requests stay, so that an older process beside this one sends nothing twice either. Without a lease they
 *   keep apart those who wait for the same stopped process in vain; a wait for them ends after three quarters of the
 *   time.
 */
export interface DestinationLease {
  /**
   * Waits for the lease, and until none of the spans is under way elsewhere in this process.
   *
   * @param spans their `itemKey`s
   * @returns gives both back. Never throws, and neither does what it returns
   */
  enter(traceIds: Iterable<string>, spans: readonly string[]): Promise<() => Promise<void>>;
}

/** So long a process may send before others get the lease. */
const LEASE_MS = 1_000;
/** So long one that gave way holds back: longer than the others pause between two looks. */
const HOLD_BACK_MS = 400;
/** What has no answer by then hardly gets one. */
const LONGEST_WAIT_MS = DEFAULT_TIMEOUT_MS;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

/** What the deliveries of this process share of a lease. */
class SharedLease {
  lock: FileLock | undefined;
  /** When the lease began, and when it ended last, in ms since the epoch. */
  sinceMs = Number.NEGATIVE_INFINITY;
  endedMs = Number.NEGATIVE_INFINITY;
  /** Requests that are being sent. */
  users = 0;
  trying: Promise<void> | undefined;
  releasing: Promise<void> | undefined;
  /** Others have knocked: nothing begins any more. */
  givesWay = false;
  /** When it did so last, in ms since the epoch. */
  gaveWayMs = Number.NEGATIVE_INFINITY;
  /** Spans that are under way, by which delivery, and until when. */
  readonly spans = new Map<string, { readonly by: DeliveryContext; readonly until: Promise<void> }>();
  /** Traces that are locked for versions before this one. */
  readonly traces = new Map<string, { users: number; readonly taken: Promise<FileLock | undefined> }>();
}

/** By the lock's path. */
const shares = new Map<string, SharedLease>();

/** @param onWait told when it begins to wait for another process */
export function createLease(context: DeliveryContext, onWait: () => void): DestinationLease {
  const { clock, deadlineMs, destination, paths, signal } = context;
  const folder = receiptFolder(paths, destination.id);
  const path = `${folder}/deliverer`;
  const knock = `${folder}/.deliverer.knock`;
  const share = shares.get(path) ?? new SharedLease();
  shares.set(path, share);
  let hasKnocked = false;
  /** Where a wait was in vain, the next request does not wait again. */
  const inVain = new Set<string>();
  const budgetMs = deadlineMs - clock.now();
  // The rest is for sending.
  const halfMs = deadlineMs - budgetMs / 2;
  const mostMs = deadlineMs - budgetMs / 4;

  /** How long ago that was, in ms; before a clock was set back is long ago. */
  function since(ms: number): number {
    const passed = clock.now() - ms;
    return passed < 0 ? Number.POSITIVE_INFINITY : passed;
  }

  /**
   * Asks again and again, for as long as a wait may take.
   *
   * @param noLongerFromMs ms since the epoch
   * @returns undefined when that was in vain
   */
  async function wait<T>(
    name: string,
    noLongerFromMs: number,
    ask: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const untilMs = Math.min(noLongerFromMs, clock.now() + LONGEST_WAIT_MS);
    // Counted too, as the clock may be set back meanwhile.
    let unslept = untilMs - clock.now();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const got = await ask();
      if (got !== undefined) return got;
      const leftMs = Math.min(untilMs - clock.now(), unslept);
      if (inVain.has(name) || leftMs <= 0 || signal?.aborted) break;
      if (pauseMs === FIRST_PAUSE_MS) onWait();
      const ms = Math.min(leftMs, pauseMs * (0.5 + clock.random() / 2));
      await clock.sleep(ms, signal);
      unslept -= ms;
    }
    inVain.add(name);
    return undefined;
  }

  async function lockBeside(of: string): Promise<FileLock | undefined> {
    refuseUntrustedFolder(paths.root, folder);
    try {
      return await lockFile(of);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      // Nothing has been sent there yet.
      await ensurePrivateFolder(paths.root, folder);
      return lockFile(of);
    }
  }

  async function tryLock(): Promise<void> {
    await share.releasing;
    const lock = await lockBeside(path);
    if (lock === undefined) return;
    share.lock = lock;
    if (since(share.endedMs) >= HOLD_BACK_MS) share.sinceMs = clock.now();
  }

  /** Whether this process has sent for long, and others have knocked. */
  async function isToGiveWay(): Promise<boolean> {
    const goesOn = share.lock !== undefined || since(share.endedMs) < HOLD_BACK_MS;
    return goesOn && since(share.sinceMs) >= LEASE_MS && (await removed(knock));
  }

  /** Joins this process's lease, or begins one. */
  async function join(): Promise<true | undefined> {
    if (!share.givesWay && (await isToGiveWay())) {
      // The lease may have ended meanwhile; then there is none that its last user could end.
      if (share.users > 0) share.givesWay = true;
      else share.gaveWayMs = clock.now();
    }
    if (share.lock === undefined && since(share.gaveWayMs) >= HOLD_BACK_MS) {
      share.trying ??= tryLock().finally(() => {
        share.trying = undefined;
      });
      await share.trying;
    }
    if (share.lock !== undefined && !share.givesWay) {
      share.users += 1;
      return true;
    }
    if (share.lock === undefined) hasKnocked = (await knocked()) || hasKnocked;
    return undefined;
  }

  /** @returns whether that worked; without it the wait goes on nevertheless */
  async function knocked(): Promise<boolean> {
    return appendToOwnFile(knock).then(
      (file) => file.close().then(() => true),
      () => false,
    );
  }

  async function take(): Promise<boolean> {
    try {
      const hasLease = (await wait("", halfMs, join)) !== undefined;
      // Others who wait knock again.
      if (hasKnocked) await removed(knock);
      hasKnocked = false;
      return hasLease;
    } catch {
      // Where that is worth telling, the receipts cannot be written either, and that is told.
      return false;
    }
  }

  async function leave(traceIds: readonly string[], hasLease: boolean): Promise<void> {
    const locks = traceIds.flatMap((traceId) => {
      const one = share.traces.get(traceId);
      if (!one) return [];
      one.users -= 1;
      if (one.users > 0) return [];
      share.traces.delete(traceId);
      return [one.taken];
    });
    if (hasLease) share.users -= 1;
    const own = hasLease && share.users === 0 ? share.lock : undefined;
    if (own !== undefined) {
      share.lock = undefined;
      share.endedMs = clock.now();
      if (share.givesWay) share.gaveWayMs = share.endedMs;
      share.givesWay = false;
    }
    const releasing = release([...locks, Promise.resolve(own)]);
    share.releasing = Promise.all([share.releasing, releasing]).then(() => undefined);
    await releasing;
  }

  async function lockTraces(traceIds: readonly string[], noLongerFromMs: number): Promise<void> {
    for (const traceId of traceIds) {
      const ask = () => lockBeside(receiptPath(paths, destination.id, traceId));
      const begin = async () => {
        await share.releasing;
        return wait(traceId, noLongerFromMs, ask).catch(() => undefined);
      };
      const one = share.traces.get(traceId) ?? { users: 0, taken: begin() };
      share.traces.set(traceId, one);
      one.users += 1;
      await one.taken;
    }
  }

  /** Waits until none of the spans is under way, and takes all; after the delivery's time nothing is sent anyway. */
  async function takeSpans(spans: readonly string[]): Promise<() => void> {
    for (;;) {
      const busy = spans.map((span) => share.spans.get(span)).find((one) => one !== undefined);
      if (busy === undefined) break;
      // Another delivery may have more time than this one.
      if (busy.by === context) await busy.until;
      else if (!(await settlesInTime(busy.until)) && isOver()) return () => undefined;
    }
    let over = () => {};
    const until = new Promise<void>((resolve) => {
      over = resolve;
    });
    for (const span of spans) share.spans.set(span, { by: context, until });
    return () => {
      for (const span of spans) share.spans.delete(span);
      over();
    };
  }

  function isOver(): boolean {
    return (signal?.aborted ?? false) || clock.now() >= deadlineMs;
  }

  async function settlesInTime(settled: Promise<void>): Promise<boolean> {
    const done = new AbortController();
    const ending = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
    const late = clock.sleep(Math.max(0, deadlineMs - clock.now()), ending).then(() => false);
    const isInTime = await Promise.race([settled.then(() => true), late]);
    done.abort();
    return isInTime;
  }

  return {
    async enter(traceIds, spans) {
      // In one order, so that no two wait for each other.
      const traces = [...new Set(traceIds)].sort();
      const hasLease = await take();
      await lockTraces(traces, hasLease ? halfMs : mostMs);
      const giveBack = await takeSpans(spans);
      return async () => {
        giveBack();
        await leave(traces, hasLease);
      };
    },
  };
}

/** Where a lock cannot be removed, it lapses with this process. */
async function release(locks: readonly Promise<FileLock | undefined>[]): Promise<void> {
  for (const lock of locks) await lock.then((taken) => taken?.release()).catch(() => undefined);
}

/** @returns whether the file was there, and is no longer. Never throws */
async function removed(path: string): Promise<boolean> {
  return unlink(path).then(
    () => true,
    () => false,
  );
}
