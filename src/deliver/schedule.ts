import { type Backoff, failed, NO_BACKOFF, succeeded } from "./backoff.js";
import type { SendResult } from "./http/send-result.js";

/** A request that meets a destination in trouble so often in one delivery waits for the next one. */
const MAX_FAILURES = 6;

/**
 * So many spans refused one by one, and none taken: then it is not the spans, and setting each aside would empty the
 * outbox into the rejected ones. 8 is more than a request has malformed spans by accident.
 */
const SUSPECT_FROM = 8;

/** A part of a request: its pending spans from one place up to before another. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/** A span that was refused although it was alone in its request, and why. */
export interface Refused {
  readonly part: Part;
  readonly message: string;
}

/** What to do with a request now. */
export type Move =
  | { readonly kind: "send"; readonly part: Part; readonly round: number }
  /** Nothing more; what was refused by itself is to be set aside. */
  | { readonly kind: "leave"; readonly refused: readonly Refused[] };

/** What became of a part; of an open one it is not decided yet. */
export type Outcome = "taken" | "taken-in-part" | "refused" | "open";

/**
 * Decides what of a delivery to one destination is sent when. Requests go out in their order; one that the destination
 * is not there for comes again after the others, one that is refused is halved until the malformed spans are alone.
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
  /** How long all requests wait now, for a destination in trouble; undefined when they need not, or in vain. */
  pause(now: number): { readonly waitMs: number; readonly failures: number } | undefined;
  /** Begins with a request that has so many pending spans. */
  begin(request: number, pending: number): void;
  /** @param isAborted nothing more is to be sent */
  move(request: number, now: number, isAborted: boolean): Move;
  /** The answer to the part that `move` named last. */
  answered(request: number, result: SendResult, round: number, now: number): Outcome;
  /** The work on a request is over for now. */
  left(request: number): void;
  /** What went wrong last, one line. */
  lastError(): string | undefined;
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
      return now >= untilMs || untilMs >= deadlineMs ? undefined : { waitMs: untilMs - now, failures };
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
      if (result.kind !== "acknowledged") lastError = result.message;
      switch (result.kind) {
        case "acknowledged":
        case "partial":
          backoff = succeeded(backoff);
          anyTaken = true;
          if (result.kind === "acknowledged") return "taken";
          return part && result.rejectedSpans >= part.to - part.from ? "refused" : "taken-in-part";
        case "rejected":
          backoff = succeeded(backoff);
          if (part) refuse(work, part, result.message);
          return "open";
        case "unauthorised":
        case "misdirected":
        case "blocked":
          isOver = true;
          leave(work, "through");
          return "open";
        case "throttled":
        case "unavailable":
          backoff = failed(backoff, round, result.retryAfterMs, now, random());
          work.failures += 1;
          leave(work, work.failures < MAX_FAILURES ? "again" : "through");
          return "open";
        default:
          return result satisfies never;
      }
    },
    left(request) {
      const { after, failures } = workOf(request);
      if (after === "again") queue.push(request);
      if (after === "suspect") suspects.push(request);
      if (after === "through" && failures === 0) works.delete(request);
    },
    lastError: () => lastError,
  };
}
