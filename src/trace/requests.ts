/**
 * Which requests were made for one assistant message: the one that was answered (or failed for good), and the dead
 * ones before it that opencode tried again.
 */
import type { ErrorObject } from "../opencode/schema/session-export.js";
import type { Attempt } from "./attempts.js";
import type { Interval } from "./intervals.js";
import type { Timing } from "./model.js";
import { type SessionLog, within } from "./session-log.js";
import { firstChunkAt, lastMomentOfAttempt } from "./timing.js";

export interface CallRequest {
  /** When the request that was answered was sent, or the best lower bound of it. */
  readonly start: number;
  readonly timing: Timing;
  readonly attempt: Attempt;
  readonly dead: readonly DeadRequest[];
}

export interface DeadRequest extends Interval {
  readonly timing: Timing;
  /** What it streamed before it died; nothing when it failed before its first chunk. */
  readonly attempt: Attempt | undefined;
  /** What the log says about why it failed. */
  readonly failure: ErrorObject | null;
}

/**
 * @param attempts the message's attempts in order; the last one is the call
 * @param window from the message's `created` to the last moment at which one of its requests can have been sent
 * @param log what opencode's log knows; without it only bounds are known, and attempts that died before their first
 *   chunk cannot be seen at all
 */
export function requestsOf(
  attempts: readonly Attempt[],
  window: Interval,
  log: SessionLog | undefined,
): CallRequest | undefined {
  const call = attempts.at(-1);
  if (!call) return undefined;
  const streamed = attempts.slice(0, -1);
  return fromLog(call, streamed, window, log) ?? fromExport(call, streamed, window);
}

function fromExport(call: Attempt, streamed: readonly Attempt[], window: Interval): CallRequest {
  let start = window.start;
  const dead = streamed.map((attempt): DeadRequest => {
    const from = start;
    start = Math.max(from, lastMomentOfAttempt(attempt, window.start));
    return { start: from, end: start, timing: "bounded", attempt, failure: null };
  });
  return { start, timing: "bounded", attempt: call, dead };
}

/** undefined where the log does not fit the export: then the export alone counts. */
function fromLog(
  call: Attempt,
  streamed: readonly Attempt[],
  window: Interval,
  log: SessionLog | undefined,
): CallRequest | undefined {
  if (!log) return undefined;
  const sent = within(log.requests, window);
  const failures = within(log.failures, window);
  const firstChunk = firstChunkAt(call, window.start);
  const answered =
    firstChunk === undefined ? sent.length - 1 : sent.findLastIndex(({ at }) => at <= firstChunk);
  const start = sent[answered]?.at;
  if (start === undefined || answered < streamed.length) return undefined;
  const dead = sent.slice(0, answered).map((request, index): DeadRequest => {
    const from = request.at;
    const end = sent[index + 1]?.at ?? start;
    const during = (at: number | undefined): boolean => at !== undefined && at >= from && at < end;
    return {
      start: from,
      end,
      timing: "exact",
      attempt: streamed.find((attempt) => during(firstChunkAt(attempt, window.start))),
      failure: failures.find(({ at }) => during(at))?.error ?? null,
    };
  });
  return { start, timing: "exact", attempt: call, dead };
}
