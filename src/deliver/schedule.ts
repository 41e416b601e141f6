import { type Backoff, failed, NO_BACKOFF, succeeded } from "./backoff.js";
import type { OpenResult, SendResult } from "./http/send-result.js";

/** A request that meets a destination in trouble so often in one delivery waits for the next one. */
const MAX_FAILURES = 6;

/**
 * So many items refused one by one, and none taken: then it is not the items, and setting each aside would empty the
 * outbox into the rejected ones. 8 is more than a request has malformed items by accident.
 */
const SUSPECT_FROM = 8;

/** A part of a request: its pending items from one place up to before another. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/** An item that was refused although it was alone in its request, and why. */
export interface Refused {
  readonly part: Part;
  readonly message: string;
}

/** What to do with a request now. */
export type Move =
  | { readonly kind: "send"; readonly part: Part; readonly round: number }
  /** Nothing more; what was refused by itself is to be set aside. */
  | { readonly kind: "leave"; readonly refused: readonly Refused[] };

/**
 * What became of a part; of an open one it is not decided yet. Of an itemised one those items are taken that the answer
 * names.
 */
export type Outcome = "taken" | "taken-in-part" | "itemised" | "refused" | "open";

/**
 * Decides what of a delivery to one destination is sent when. Requests go out in their order; one that the destination
 * is not there for comes again after the others, one that is refused is halved until the malformed items are alone.
 *
 * ```
 * next ─► begin ─► move ─► send ─► answered ─► move … ─► leave ─► left ─► next
 * ```
 *
 * Pure: time is given in, and sending is the caller's. Requests and parts are numbers.
 */
export interface Schedule {
  /** The request to work on next; undefined when none is left now. */
  next(): number | undefined;
  /**
   * How long all requests wait now, for a destination in trouble, and after how long no more is sent at the latest;
   * undefined when they need not, or in vain.
   */
  pause(now: number): { readonly waitMs: number; readonly failures: number; readonly leftMs: number } | undefined;
  /** Begins with a request that has so many pending items. */
  begin(request: number, pending: number): void;
  /** @param isAborted nothing more is to be sent */
  move(request: number, now: number, isAborted: boolean): Move;
  /** The answer to the part that `move` named last. */
  answered(request: number, result: SendResult, round: number, now: number): Outcome;
  /** The work on a request is over for now. */
  left(request: number): void;
  /** What went wrong last, one line. */
  lastError(): string | undefined;
  /** Whether nothing that is sent there can do better: it is not reached, or refuses who asks. */
  isAway(): boolean;
}

interface Work {
  /** What is still to be sent, the next part last. */
  parts: Part[];
  refused: Refused[];
  failures: number;
  /** When it is left: it is through for this delivery, comes again, or waits until refusals prove something. */
  after: "through" | "again" | "suspect";
}

/**
 * @param requests how many there are
 * @param deadlineMs ms since the epoch; nothing is sent from then on
 * @param random 0 ≤ x < 1
 */
export function createSchedule(requests: number, deadlineMs: number, random: () => number): Schedule {
  const queue = Array.from({ length: requests }, (_, request) => request);
  const suspects: number[] = [];
  const works = new Map<number, Work>();
  let at = 0;
  let backoff: Backoff = NO_BACKOFF;
  let anyTaken = false;
  let refusedAlone = 0;
  let isOver = false;
  let isAway = false;
  let lastError: string | undefined;

  /** The destination refused so much and took so little that its refusals prove nothing. */
  const areSuspect = (): boolean => !anyTaken && refusedAlone >= SUSPECT_FROM;
  const workOf = (request: number): Work => {
    const known = works.get(request);
    if (known) return known;
    const work: Work = { parts: [], refused: [], failures: 0, after: "through" };
    works.set(request, work);
    return work;
  };
  const leave = (work: Work, after: Work["after"]): void => {
    work.parts = [];
    work.after = after;
  };
  const refuse = (work: Work, part: Part, message: string): void => {
    const size = part.to - part.from;
    const middle = part.from + Math.ceil(size / 2);
    if (size === 1) {
      refusedAlone += 1;
      work.refused.push({ part, message });
    } else work.parts.push({ from: middle, to: part.to }, { from: part.from, to: middle });
    if (areSuspect()) leave(work, "suspect");
  };
  /** What is still open of a request comes again later, or not at all. */
  const putOff = (work: Work, result: OpenResult, round: number, now: number): void => {
    switch (result.kind) {
      case "unauthorised":
      case "misdirected":
      case "blocked":
        isOver = true;
        isAway = result.kind !== "misdirected";
        leave(work, "through");
        return;
      case "throttled":
      case "unavailable":
        backoff = failed(backoff, round, result.retryAfterMs, now, random());
        isAway = result.kind === "throttled" || result.answered === undefined;
        work.failures += 1;
        leave(work, work.failures < MAX_FAILURES ? "again" : "through");
        return;
      default:
        result satisfies never;
    }
  };

  return {
    next() {
      if (isOver) return undefined;
      if (!areSuspect()) queue.push(...suspects.splice(0));
      const request = queue[at];
      if (request !== undefined) at += 1;
      return request;
    },
    pause(now) {
      const { untilMs, failures } = backoff;
      return now >= untilMs || untilMs >= deadlineMs
        ? undefined
        : { waitMs: untilMs - now, failures, leftMs: deadlineMs - now };
    },
    begin(request, pending) {
      const work = workOf(request);
      work.parts = pending === 0 ? [] : [{ from: 0, to: pending }];
      work.refused = [];
      work.after = "through";
    },
    move(request, now, isAborted) {
      const work = workOf(request);
      const part = work.parts.at(-1);
      if (part !== undefined) {
        isOver ||= isAborted || now >= deadlineMs || backoff.untilMs >= deadlineMs;
        if (!isOver && now >= backoff.untilMs) return { kind: "send", part, round: backoff.round };
        leave(work, "again");
      }
      const refused = areSuspect() ? [] : work.refused;
      return { kind: "leave", refused };
    },
    answered(request, result, round, now) {
      const work = workOf(request);
      const part = work.parts.pop();
      lastError = messageOf(result) ?? lastError;
      switch (result.kind) {
        case "acknowledged":
        case "partial":
          backoff = succeeded(backoff);
          isAway = false;
          anyTaken = true;
          if (result.kind === "acknowledged") return "taken";
          return part && result.rejectedSpans >= (result.of ?? part.to - part.from) ? "refused" : "taken-in-part";
        case "itemised":
          if (result.taken.length > 0) anyTaken = true;
          for (const { at, message } of result.refused)
            if (part) refuse(work, { from: part.from + at, to: part.from + at + 1 }, message);
          if (result.rest !== undefined) putOff(work, result.rest, round, now);
          else {
            backoff = succeeded(backoff);
            isAway = false;
          }
          return "itemised";
        case "rejected":
          backoff = succeeded(backoff);
          isAway = false;
          if (part) refuse(work, part, result.message);
          return "open";
        default:
          putOff(work, result, round, now);
          return "open";
      }
    },
    left(request) {
      const { after, failures } = workOf(request);
      if (after === "again") queue.push(request);
      if (after === "suspect") suspects.push(request);
      if (after === "through" && failures === 0) works.delete(request);
    },
    lastError: () => lastError,
    isAway: () => isAway,
  };
}

function messageOf(result: SendResult): string | undefined {
  if (result.kind === "acknowledged") return undefined;
  return result.kind === "itemised" ? (result.rest?.message ?? result.refused.at(-1)?.message) : result.message;
}
