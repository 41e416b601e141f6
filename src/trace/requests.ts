/**
 * Which requests were made for one assistant message: the one that was answered (or failed for good), and the dead
 * ones before it that opencode tried again.
 */
import type { LoggedFailure } from "../opencode/log-evidence.js";
import type { Attempt } from "./attempts.js";
import type { Interval } from "./intervals.js";
import type { MessageClock } from "./message-clock.js";
import type { Timing } from "./model.js";
import { type SessionLog, within } from "./session-log.js";
import { firstChunkAt, lastMomentOfAttempt } from "./timing.js";

export interface CallRequest {
  /** When the request that was answered was sent, or the best lower bound of it. */
  readonly start: number;
  readonly timing: Timing;
  readonly attempt: Attempt;
  /** What the log says about why it failed; for one that opencode was about to try again, nothing else says it. */
  readonly failure: LoggedFailure | null;
  readonly dead: readonly DeadRequest[];
  /** opencode's log has requests of that time, and they do not fit the export: then the export alone counts. */
  readonly logMisfits: boolean;
}

export interface DeadRequest extends Interval {
  readonly timing: Timing;
  /** What it streamed before it died; nothing when it failed before its first chunk. */
  readonly attempt: Attempt | undefined;
  /** What the log says about why it failed. */
  readonly failure: LoggedFailure | null;
}

/**
 * @param attempts the message's attempts in order; the last one is the call
 * @param window the time in which the log's requests are this message's: from the end of the message before it (1.15's
 *   log is only known to some ms, so a request can seem to be older than its message) to this one's end
 * @param log what opencode's log knows; without it only bounds are known, and attempts that died before their first
 *   chunk cannot be seen at all
 */
export function requestsOf(
  attempts: readonly Attempt[],
  clock: MessageClock,
  window: Interval,
  log: SessionLog | undefined,
): CallRequest | undefined {
  const call = attempts.at(-1);
  if (!call) return undefined;
  const streamed = attempts.slice(0, -1);
  const logged = log && fromLog(attempts, clock, window, log);
  if (logged) return logged;
  const logMisfits = log !== undefined && within(log.requests, window).length > 0;
  return { ...fromExport(call, streamed, clock), logMisfits };
}

/** A request that failed, or was cut off, before its first chunk. */
const SILENT: Attempt = { stepStart: undefined, stepFinish: undefined, content: [], tools: [] };

function fromExport(
  call: Attempt,
  streamed: readonly Attempt[],
  clock: MessageClock,
): Omit<CallRequest, "logMisfits"> {
  let start = clock.created;
  const dead = streamed.map((attempt, index): DeadRequest => {
    const from = start;
    // A tool of a dead attempt may run on while the next one is answered already.
    const next = firstChunkAt(streamed[index + 1] ?? call, clock) ?? Number.POSITIVE_INFINITY;
    start = Math.max(from, Math.min(lastMomentOfAttempt(attempt, clock), next));
    return { start: from, end: start, timing: "bounded", attempt, failure: null };
  });
  return { start, timing: "bounded", attempt: call, failure: null, dead };
}

/** undefined where the log does not fit the export: then the export alone counts. */
function fromLog(
  attempts: readonly Attempt[],
  clock: MessageClock,
  window: Interval,
  log: SessionLog,
): CallRequest | undefined {
  const sent = within(log.requests, window).map(({ at }) => Math.max(at, clock.created));
  const failures = within(log.failures, window);
  const last = attempts.at(-1) ?? SILENT;
  const lastChunk = firstChunkAt(last, clock);
  // A stream that did not come to its end and was followed by further requests is dead like those before it.
  const lastDied =
    lastChunk !== undefined && last.stepFinish === undefined && sent.some((at) => at > lastChunk);
  const call = lastDied ? SILENT : last;
  const streamed = lastDied ? attempts : attempts.slice(0, -1);
  const firstChunk = firstChunkAt(call, clock);
  const answered = firstChunk === undefined ? sent.length - 1 : sent.findLastIndex((at) => at <= firstChunk);
  const start = sent[answered];
  if (start === undefined) return undefined;
  const waiting = streamed.map((attempt) => ({ attempt, at: firstChunkAt(attempt, clock) }));
  const dead = sent.slice(0, answered).map((from, index): DeadRequest => {
    const end = sent[index + 1] ?? start;
    // Both lists are in order, so what is found stands near their beginnings.
    const attempt = takeDuring(waiting, from, end)?.attempt;
    const failure = within(failures, { start: from, end: end - 1 })[0] ?? null;
    return { start: from, end, timing: "exact", attempt, failure };
  });
  // What an attempt streamed before it died must not get lost with a log that knows nothing of it.
  const told = new Set(dead.map(({ attempt }) => attempt));
  if (!streamed.every((attempt) => told.has(attempt))) return undefined;
  const failure = failures.findLast(({ at }) => at >= start) ?? null;
  return { start, timing: "exact", attempt: call, failure, dead, logMisfits: false };
}

/** Takes the first of some attempts that began to be answered in a stretch of time. @param attempts in order; is shortened */
function takeDuring<T extends { readonly at: number | undefined }>(
  attempts: T[],
  from: number,
  end: number,
): T | undefined {
  const [first] = attempts;
  if (first?.at === undefined || first.at < from || first.at >= end) return undefined;
  return attempts.shift();
}
