/**
 * Which requests were made for one assistant message: the one that was answered (or failed for good), and the dead
 * ones before it that opencode tried again.
 */
import type { WireExchange } from "../../wire/model.js";
import type { RequestFailure } from "../model/session.js";
import { requestsOfAnswer, sentWithin, type WireRequest, wireError } from "../model/session-wire.js";
import type { Interval, Timing } from "../model/values.js";
import type { Attempt } from "./attempts.js";
import type { MessageClock } from "./message-clock.js";
import { type FollowedRetry, type SessionLog, within } from "./session-log.js";
import { firstChunkAt, lastMomentOfAttempt } from "./timing.js";

export interface CallRequest {
  /** When the request that was answered was sent, or the best lower bound of it. */
  readonly start: number;
  readonly timing: Timing;
  readonly attempt: Attempt;
  /** Why it failed; for one that opencode was about to try again, nothing but its log and its events say it. */
  readonly failure: RequestFailure | null;
  readonly dead: readonly DeadRequest[];
  /** What was recorded of it; absent where it was not. */
  readonly exchange?: WireExchange;
  /** What has requests of that time that do not fit the export, and therefore does not count. */
  readonly misfit: "wire" | "log" | "events" | null;
}

export interface DeadRequest extends Interval {
  readonly timing: Timing;
  /** What it streamed before it died; nothing when it failed before its first chunk. */
  readonly attempt: Attempt | undefined;
  readonly failure: RequestFailure | null;
  readonly exchange?: WireExchange;
}

/** A request that is known to have been sent. */
interface Sent {
  readonly at: number;
  readonly timing: Timing;
  /** What it died of, if it did. */
  readonly failure: RequestFailure | null;
  readonly exchange?: WireExchange;
}

/**
 * @param attempts the message's attempts in order; the last one is the call
 * @param window the time in which recorded requests and the log's are this message's: from the end of the message before
 *   it (1.15's log is only known to some ms, so a request can seem to be older than its message) to this one's end
 * @param log what opencode's log knows, else its events; without them only bounds are known, and attempts that died
 *   before their first chunk cannot be seen at all
 * @param wire the session's recorded requests; where those of this message are among them they take the log's place
 */
export function requestsOf(
  attempts: readonly Attempt[],
  clock: MessageClock,
  window: Interval,
  log: SessionLog | undefined,
  wire: readonly WireRequest[] = [],
): CallRequest | undefined {
  const call = attempts.at(-1);
  if (!call) return undefined;
  const streamed = attempts.length === 1 ? NO_ATTEMPTS : attempts.slice(0, -1);
  // Most sessions are read with nothing but their exports.
  if (!log && wire.length === 0) return fromExport(call, streamed, clock, null);
  const logged = log ? sentByLog(log, clock, window) : [];
  const followed = log ? sentByEvents(log.retries, attempts, clock, window) : [];
  const candidates = sentWithin(wire, window);
  const recorded = fitted(attempts, clock, sentByWire(candidates, attempts, clock, [...logged, ...followed]));
  if (recorded) return recorded;
  const known = fitted(attempts, clock, logged) ?? fitted(attempts, clock, followed);
  if (candidates.length > 0) return { ...(known ?? fromExport(call, streamed, clock, null)), misfit: "wire" };
  if (known) return known;
  const misfit = logged.length > 0 ? "log" : followed.length > 0 ? "events" : null;
  return fromExport(call, streamed, clock, misfit);
}

const NO_ATTEMPTS: readonly Attempt[] = [];
const NONE_DEAD: readonly DeadRequest[] = [];

/** A request that failed, or was cut off, before its first chunk. */
const SILENT: Attempt = { stepStart: undefined, stepFinish: undefined, parts: [], tools: [] };

function fromExport(
  call: Attempt,
  streamed: readonly Attempt[],
  clock: MessageClock,
  misfit: CallRequest["misfit"],
): CallRequest {
  let start = clock.created;
  if (streamed.length === 0) return { start, timing: "bounded", attempt: call, failure: null, dead: NONE_DEAD, misfit };
  const dead = streamed.map((attempt, index): DeadRequest => {
    const from = start;
    // A tool of a dead attempt may run on while the next one is answered already.
    const next = firstChunkAt(streamed[index + 1] ?? call, clock) ?? Number.POSITIVE_INFINITY;
    start = Math.max(from, Math.min(lastMomentOfAttempt(attempt, clock), next));
    return { start: from, end: start, timing: "bounded", attempt, failure: null };
  });
  return { start, timing: "bounded", attempt: call, failure: null, dead, misfit };
}

/**
 * The requests that were recorded, ascending.
 * @param others what else knows of failures: opencode may have found an answer wrong that came well
 */
function sentByWire(
  candidates: readonly WireRequest[],
  attempts: readonly Attempt[],
  clock: MessageClock,
  others: readonly Sent[],
): readonly Sent[] {
  if (candidates.length === 0) return [];
  const last = attempts.at(-1) ?? SILENT;
  const lastChunk = firstChunkAt(last, clock);
  // A stream that broke off and was asked for again is dead like those before it.
  const isWhole = last.stepFinish !== undefined && lastChunk !== undefined;
  const own = requestsOfAnswer(candidates, ({ at }) => !isWhole || at <= lastChunk);
  return own.map(({ exchange, at, endedAt }, index): Sent => {
    const error = wireError(exchange, own[index - 1]?.exchange);
    const next = own[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const known = others.findLast(({ failure }) => failure !== null && failure.at >= at && failure.at < next);
    // An answer that was cut off before its body says no more than its status; the log may have read all of it.
    const saysMore = known !== undefined && exchange.response?.bytes === 0;
    return {
      at: Math.max(at, clock.created),
      timing: "exact",
      failure: error && !saysMore ? { at: Math.min(endedAt, next), error, evidence: "wire" } : (known?.failure ?? null),
      exchange,
    };
  });
}

/** The requests that the log knows, ascending. */
function sentByLog({ requests, failures }: SessionLog, clock: MessageClock, window: Interval): readonly Sent[] {
  const own = within(requests, window);
  const sent = own.map(({ at }) => Math.max(at, clock.created));
  const failed = within(failures, window).map(({ at, error }): RequestFailure => ({ at, error, evidence: "log" }));
  return sent.map((at, index): Sent => {
    const next = sent[index + 1];
    const failure =
      next === undefined ? failed.findLast((one) => one.at >= at) : within(failed, { start: at, end: next - 1 })[0];
    return { at, timing: own[index]?.first ? "bounded" : "exact", failure: failure ?? null };
  });
}

/**
 * The requests that the events tell, ascending: the first one, which failed some time after the message was created,
 * and those by which it was made again. None where none failed: then the events tell nothing.
 */
function sentByEvents(
  retries: readonly FollowedRetry[],
  attempts: readonly Attempt[],
  clock: MessageClock,
  { end }: Interval,
): readonly Sent[] {
  // Another message may begin in the millisecond in which this one ends.
  const own = within(retries, { start: clock.created, end: end - 1 });
  const chunks = attempts.map((attempt) => firstChunkAt(attempt, clock));
  let sent: Pick<Sent, "at" | "timing"> | undefined = { at: clock.created, timing: "bounded" };
  const all: Sent[] = [];
  own.forEach(({ at, next, until, reason }, index) => {
    if (!sent) return;
    const error = { name: "UnknownError", data: { message: reason } };
    all.push({ ...sent, failure: { at, error, evidence: "events" } });
    // That it was answered, or failed too, is known to the millisecond; that it was due then is no more than a plan.
    const heard = Math.min(
      own[index + 1]?.at ?? Number.POSITIVE_INFINITY,
      chunks.find((chunk) => chunk !== undefined && chunk >= at) ?? Number.POSITIVE_INFINITY,
    );
    const due = Math.max(next, at);
    const isSent = heard < Number.POSITIVE_INFINITY || due <= Math.min(until, end);
    sent = isSent ? { at: Math.min(due, heard), timing: due <= heard ? "exact" : "bounded" } : undefined;
  });
  return sent && all.length > 0 ? [...all, { ...sent, failure: null }] : all;
}

/** undefined where the requests do not fit the export: then the export alone counts. */
function fitted(attempts: readonly Attempt[], clock: MessageClock, sent: readonly Sent[]): CallRequest | undefined {
  if (sent.length === 0) return undefined;
  const last = attempts.at(-1) ?? SILENT;
  const lastChunk = firstChunkAt(last, clock);
  // A stream that did not come to its end and was followed by further requests is dead like those before it.
  const lastDied = lastChunk !== undefined && last.stepFinish === undefined && sent.some(({ at }) => at > lastChunk);
  const call = lastDied ? SILENT : last;
  const streamed = lastDied ? attempts : attempts.slice(0, -1);
  const firstChunk = firstChunkAt(call, clock);
  const index = firstChunk === undefined ? sent.length - 1 : sent.findLastIndex(({ at }) => at <= firstChunk);
  const answered = sent[index];
  if (!answered) return undefined;
  const waiting = streamed.map((attempt) => ({ attempt, at: firstChunkAt(attempt, clock) }));
  const dead = sent.slice(0, index).map(({ at, timing, failure, exchange }, position): DeadRequest => {
    const next = sent[position + 1] ?? answered;
    // Both lists are in order, so what is found stands near their beginnings.
    const attempt = takeDuring(waiting, at, next.at)?.attempt;
    const isExact = timing === "exact" && next.timing === "exact";
    const made: DeadRequest = { start: at, end: next.at, timing: isExact ? "exact" : "bounded", attempt, failure };
    return exchange ? { ...made, exchange } : made;
  });
  // What an attempt streamed before it died must not get lost with a log that knows nothing of it.
  const told = new Set(dead.map(({ attempt }) => attempt));
  if (!streamed.every((attempt) => told.has(attempt))) return undefined;
  const { at: start, timing, failure, exchange } = answered;
  return { start, timing, attempt: call, failure, dead, misfit: null, ...(exchange ? { exchange } : {}) };
}

/**
 * Takes the first of some attempts that began to be answered in a stretch of time.
 * @param attempts in order; is shortened
 */
function takeDuring<T extends { readonly at: number | undefined }>(
  attempts: T[],
  from: number,
  end: number,
): T | undefined {
  const [first] = attempts;
  if (first?.at === undefined || first.at < from || first.at >= end) return undefined;
  return attempts.shift();
}
