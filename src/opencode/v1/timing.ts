/**
 * When calls and tools began and ended, from the best evidence there is. All times in ms since the epoch.
 */
import type { WireTool } from "../../wire/model.js";
import type { Moment, Timing } from "../model/values.js";
import type { AssistantMessage, Part, ToolPart } from "../schema/session-export.js";
import { type Attempt, isSpoken } from "./attempts.js";
import type { MessageClock } from "./message-clock.js";
import { isProviderExecuted } from "./provider-tools.js";

export interface ToolTime {
  readonly start: number;
  /** undefined while the tool had not ended when the evidence stops. */
  readonly end: number | undefined;
  readonly timing: Timing;
  readonly argumentsAt: number | null;
  /** How long it can have run, ms; null: for ever, as far as the evidence tells. */
  readonly atLeastMs: number;
  readonly atMostMs: number | null;
}

export function toolTime(part: ToolPart, clock: MessageClock): ToolTime {
  const minted = clock.mintedAt(part.id);
  const argumentsAt = minted ?? null;
  if (part.state.status === "pending") {
    const start = minted ?? clock.created;
    return { start, end: undefined, timing: "bounded", argumentsAt, atLeastMs: 0, atMostMs: null };
  }
  const written = part.state.time.start;
  const isExact = isStartExact(part, clock);
  const start = isExact ? written : Math.min(minted ?? written, written);
  const end = part.state.status === "running" ? undefined : Math.max(part.state.time.end, start);
  const timing = isExact ? "exact" : "bounded";
  if (end === undefined) return { start, end, timing, argumentsAt, atLeastMs: 0, atMostMs: null };
  // No tool starts before its message, and none later than the start that was written.
  const earliest = isExact || minted !== undefined ? start : Math.min(start, clock.created);
  const latest = part.state.timesUnknown ? end : Math.min(Math.max(written, start), end);
  return { start, end, timing, argumentsAt, atLeastMs: end - latest, atMostMs: end - earliest };
}

/** Whether a tool began just when opencode says. */
function isStartExact({ state }: ToolPart, clock: MessageClock): boolean {
  return state.status !== "pending" && clock.toolStartIsExact && !state.timesUnknown;
}

/** When a tool began, as its time has it. */
function toolStart(part: ToolPart, clock: MessageClock): number {
  if (part.state.status === "pending") return clock.mintedAt(part.id) ?? clock.created;
  const { start } = part.state.time;
  return isStartExact(part, clock) ? start : Math.min(clock.mintedAt(part.id) ?? start, start);
}

/**
 * A tool's time as the tap in opencode's process saw it, which is the truth with every version.
 *
 * @param known what the export tells
 * @param run undefined where it was not recorded
 */
export function recordedToolTime(known: ToolTime, { state }: ToolPart, run: WireTool | undefined): ToolTime {
  if (!run || state.status === "pending") return known;
  const start = Math.round(run.start);
  if (run.end === null || state.status === "running") return { ...known, start };
  const end = Math.max(start, Math.round(run.end));
  return { ...known, start, end, timing: "exact", atLeastMs: end - start, atMostMs: end - start };
}

/** When the first chunk of an attempt came in: opencode writes the step-start then. */
export function firstChunkAt(attempt: Attempt, clock: MessageClock): number | undefined {
  return attempt.stepStart && clock.mintedAt(attempt.stepStart.id);
}

/** When the first content came in: thinking, text, or the arguments of a tool call. */
export function firstContentAt(attempt: Attempt, clock: MessageClock): number | undefined {
  let first = Number.POSITIVE_INFINITY;
  for (const part of attempt.parts) {
    if (part.type === "tool") first = Math.min(first, clock.mintedAt(part.id) ?? first);
    else if (isSpoken(part)) first = Math.min(first, part.time?.start ?? first);
  }
  return first < Number.POSITIVE_INFINITY ? first : firstChunkAt(attempt, clock);
}

/**
 * When the model's output ended, not when the tools did: opencode writes the step-finish only after the last tool.
 *
 * A text or thinking part ends when its stream does; a tool call ends when its arguments are complete, which is when
 * the tool starts. With no tool call the step-finish follows the stream's end at once.
 */
export function outputEndAt(attempt: Attempt, clock: MessageClock): Moment | undefined {
  const finish = attempt.stepFinish && clock.mintedAt(attempt.stepFinish.id);
  let last = Number.NEGATIVE_INFINITY;
  let timing: Timing = "exact";
  let isStreamAlone = true;
  for (const part of attempt.parts) {
    if (isSpoken(part)) {
      last = Math.max(last, part.time?.end ?? part.time?.start ?? last);
      continue;
    }
    if (part.type !== "tool") continue;
    // What the provider ran is part of the stream.
    if (isProviderExecuted(part)) {
      const tool = toolTime(part, clock);
      last = Math.max(last, tool.end ?? tool.start);
      continue;
    }
    isStreamAlone = false;
    last = Math.max(last, toolStart(part, clock));
    if (!isStartExact(part, clock)) timing = "bounded";
  }
  if (isStreamAlone && finish !== undefined) return { at: finish, timing: "exact" };
  if (last === Number.NEGATIVE_INFINITY) return undefined;
  return { at: Math.min(last, finish ?? Number.POSITIVE_INFINITY), timing };
}

/** The last moment that a message and its parts tell of. */
export function lastMomentOf(message: AssistantMessage, clock: MessageClock): number {
  const { created, completed = created } = message.info.time;
  return lastMomentOfParts(message.parts, clock, Math.max(created, completed));
}

/** The last moment that an attempt's own parts tell of; the message's `created` when it left none. */
export function lastMomentOfAttempt(attempt: Attempt, clock: MessageClock): number {
  const { stepStart, stepFinish, parts } = attempt;
  const own = parts.filter(
    (part) => isSpoken(part) || part.type === "tool" || part === stepStart || part === stepFinish,
  );
  return lastMomentOfParts(own, clock, clock.created);
}

function lastMomentOfParts(parts: readonly Part[], clock: MessageClock, atLeast: number): number {
  return parts.reduce((latest, part) => Math.max(latest, lastMomentOfPart(part, clock)), atLeast);
}

function lastMomentOfPart(part: Part, clock: MessageClock): number {
  const minted = clock.mintedAt(part.id) ?? clock.created;
  switch (part.type) {
    case "text":
    case "reasoning":
      return Math.max(minted, part.time?.end ?? part.time?.start ?? minted);
    case "tool":
      if (part.state.status === "pending") return minted;
      return Math.max(minted, part.state.status === "running" ? part.state.time.start : part.state.time.end);
    default:
      return minted;
  }
}
