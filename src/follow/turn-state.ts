import type { SessionEnd, StoredEntry } from "../opencode/server.js";
import { lastMomentOfLoop, subagentsAtWork } from "../trace/extent.js";
import type { LoopTrace } from "../trace/model.js";
import { openSpanIds } from "../trace/open-spans.js";
import { isUnanswered } from "../trace/unanswered.js";
import { isNews, noTurns, type ToldTurns } from "./told-turns.js";

/** An answer that looks like the last may be followed by opencode's own compaction, or by a prompt that waited. */
const SETTLE_MS = 1_500;
/** A prompt is answered by then, or takes its time. */
const PROMPTED_MS = 5_000;
/** What was broken off and looks as if it might go on, has ended after so long. */
const QUIET_MS = 10_000;
/** A turn whose opencode was killed looks as if it were at work, for ever. */
const BROKEN_OFF_MS = 3_600_000;

/** What is known of the sessions of a store whose turns are looked for. */
export interface TurnState {
  /** When sessions had been updated as they were looked at last, ms since the epoch. */
  readonly seen: ReadonlyMap<string, number>;
  /** Those that have a turn which is not over. */
  readonly pending: ReadonlySet<string>;
  readonly told: ToldTurns;
  /** The message without an answer that a session was seen to end with, when all before it had been told. */
  readonly waitingAt: ReadonlyMap<string, string>;
  /** When the session that was updated last was updated. */
  readonly newest: number;
}

/** @param since turns that ended before are left alone, ms since the epoch */
export function noTurnsSince(since: number): TurnState {
  return { seen: new Map(), pending: new Set(), told: noTurns, waitingAt: new Map(), newest: since };
}

/** The state after sessions were found to have changed: they stay pending until their turns are over, also unread. */
export function withChanged(state: TurnState, changed: readonly StoredEntry[]): TurnState {
  return {
    ...state,
    seen: new Map([...state.seen, ...changed.map(({ id, updated }) => [id, updated] as const)]),
    pending: new Set([...state.pending, ...changed.map(({ id }) => id)]),
    newest: Math.max(state.newest, ...changed.map(({ updated }) => updated)),
  };
}

/** The state after a session was found to be over, or to be gone. */
export function withoutPending(state: TurnState, id: string): TurnState {
  return { ...state, pending: new Set([...state.pending].filter((one) => one !== id)) };
}

/** Whether a session's end tells that it needs no look: it is at work, as far as known, or waits as before. */
export function isAtWork(state: TurnState, id: string, end: SessionEnd, now: number): boolean {
  const isWaiting = end.state === "unanswered" && state.waitingAt.get(id) === end.messageId;
  return isRecent(state, id, now) && (end.state === "at-work" || isWaiting);
}

/**
 * For how long a session is left alone that rests or was just asked something: its last turn may go on until then, or
 * the next one begin, and reading it costs more than asking how it ends.
 *
 * @returns ms; 0 when it is to be read now
 */
export function settlesIn({ state, completedAt, askedAt }: SessionEnd, now: number): number {
  if (state === "unanswered" && askedAt !== undefined && askedAt <= now)
    return Math.max(0, askedAt + PROMPTED_MS - now);
  return state === "at-rest" && completedAt !== undefined ? Math.max(0, completedAt + SETTLE_MS - now) : 0;
}

/** When a session was asked last how it ends. */
export interface Asked {
  /** ms since the epoch. */
  readonly at: number;
  /** When it had been updated then. */
  readonly updated: number | undefined;
  /** When its turn may be over, ms since the epoch; undefined when only a change can tell. */
  readonly dueAt: number | undefined;
}

/** A session that was broken off says so in its messages alone: so they are asked now and then all the same. */
const ASK_MS = 2_500;
const LONGEST_ASK_MS = 5_000;
/** Of a second: with many at work each waits a little longer. */
const ASKS_A_SECOND = 2;
/** Looks come a little earlier or later: one that is too early by less would leave the question to the next. */
const EARLY_MS = 250;

/**
 * When a session is to be asked how it ends, ms since the epoch; the more are pending, the later that is without a
 * reason. One that has just been updated says nothing yet: either it goes on, or its turn is to settle.
 */
export function nextAskAt(state: TurnState, id: string, asked: Asked | undefined, now: number): number {
  const updated = state.seen.get(id);
  if (asked && now < asked.at) return now;
  const dueAt = asked?.dueAt ?? Number.POSITIVE_INFINITY;
  if (!asked || asked.updated !== updated) {
    const settledAt = updated === undefined || updated > now ? now : updated + SETTLE_MS;
    return Math.min(dueAt, settledAt, (asked?.at ?? Number.POSITIVE_INFINITY) + LONGEST_ASK_MS);
  }
  const everyMs = Math.min(LONGEST_ASK_MS, Math.max(ASK_MS, (state.pending.size * 1000) / ASKS_A_SECOND));
  return Math.min(dueAt, asked.at + everyMs - EARLY_MS);
}

/** With many pending, no look is made for one of them alone: so long one waits for others, for each that is pending. */
const TOGETHER_MS = 250;

/** In how many ms to look for a session that is not asked now; undefined where what else is looked for will do. */
export function lookIn(state: TurnState, id: string, asked: Asked | undefined, now: number): number | undefined {
  if (asked && asked.updated === state.seen.get(id)) return asked.dueAt && asked.dueAt - now;
  return Math.max(nextAskAt(state, id, asked, now) - now, Math.min(ASK_MS, state.pending.size * TOGETHER_MS));
}

/** What a look at a session brought. */
export interface Judgement {
  /** The turns that are over and news, by the ids of their prompts. */
  readonly over: ReadonlySet<string>;
  /** In how many ms a turn may be over that is not yet; undefined when only a change can tell. */
  readonly nextMs: number | undefined;
  /** The state once those turns are recorded. */
  readonly state: TurnState;
}

/**
 * Judges a session that was read.
 *
 * @param traces of the session itself, with the runs that tell of its turns
 * @param since as `noTurnsSince` has it
 * @param now ms since the epoch
 */
export function judgeSession(
  state: TurnState,
  look: { readonly id: string; readonly end: SessionEnd; readonly traces: readonly LoopTrace[] },
  since: number,
  now: number,
): Judgement {
  const { id, end, traces } = look;
  const recent = isRecent(state, id, now);
  // What no model has answered is no turn yet: it may never be to be answered, and is told with the one that reads it.
  const turns = traces.slice(0, traces.findLastIndex(({ loop }) => !isUnanswered(loop)) + 1);
  const last = turns.at(-1);
  const isOpen = last !== undefined && openSpanIds(last).size > 0;
  const mayGoOn = end.state === "at-work" || (end.state === "unanswered" && isOpen);
  const isBroken = last?.loop.run === null && mayGoOn;
  if (isBroken && end.state === "at-work" && recent) return { over: new Set(), nextMs: undefined, state };
  const age = last ? now - last.loop.end : Number.POSITIVE_INFINITY;
  // That the session was not updated does not say that nothing happened in it.
  const quietMs = isBroken ? BROKEN_OFF_MS : isOpen ? QUIET_MS : SETTLE_MS;
  const ended = (age >= quietMs ? turns : turns.slice(0, -1)).map(({ loop }) => loop);
  const over = new Set(
    ended
      .filter((loop) => !loop.copied && lastMomentOfLoop(loop) >= since && isNews(state.told, loop))
      .map(({ userMessageId }) => userMessageId),
  );
  if (age < quietMs) return { over, nextMs: quietMs - age, state };
  // A subagent that outlives its turn changes nothing in the session that is looked at.
  if (last && subagentsAtWork(last.loop) && now - lastMomentOfLoop(last.loop) < BROKEN_OFF_MS)
    return { over, nextMs: QUIET_MS, state };
  if (end.state === "unanswered" && recent && end.messageId !== undefined) {
    const waitingAt = new Map([...state.waitingAt, [id, end.messageId]]);
    return { over, nextMs: undefined, state: { ...state, waitingAt } };
  }
  return { over, nextMs: undefined, state: withoutPending(state, id) };
}

function isRecent(state: TurnState, id: string, now: number): boolean {
  return now - (state.seen.get(id) ?? now) < BROKEN_OFF_MS;
}
