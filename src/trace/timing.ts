/**
 * When calls and tools began and ended, from the best evidence there is. All times in ms since the epoch.
 */
import { idTime } from "../opencode/ids.js";
import type { AssistantMessage, Part, ToolPart } from "../opencode/schema/session-export.js";
import type { Attempt } from "./attempts.js";
import type { Timing } from "./model.js";

/** What differs between opencode versions in the times that they write. */
export interface ClockRules {
  /**
   * Before 1.18 opencode set a tool's `time.start` anew whenever the tool reported metadata (for bash: on every chunk
   * of output), so there it says nothing and the part's id, minted when the arguments began, is the better start.
   */
  readonly toolStartIsExact: boolean;
}

/** @param version opencode's version as the session's export gives it; an unreadable one counts as current */
export function clockRules(version: string): ClockRules {
  const match = /^v?(\d+)\.(\d+)/.exec(version);
  if (!match) return { toolStartIsExact: true };
  const major = Number(match[1]);
  const minor = Number(match[2]);
  return { toolStartIsExact: major > 1 || (major === 1 && minor >= 18) };
}

export interface ToolTime {
  readonly start: number;
  /** undefined while the tool had not ended when the evidence stops. */
  readonly end: number | undefined;
  readonly timing: Timing;
  readonly argumentsAt: number | null;
}

export function toolTime(part: ToolPart, created: number, rules: ClockRules): ToolTime {
  const argumentsAt = idTime(part.id, created);
  if (part.state.status === "pending") {
    return {
      start: argumentsAt ?? created,
      end: undefined,
      timing: "bounded",
      argumentsAt: argumentsAt ?? null,
    };
  }
  const written = part.state.time.start;
  const start = rules.toolStartIsExact ? written : Math.min(argumentsAt ?? written, written);
  const end = part.state.status === "running" ? undefined : Math.max(part.state.time.end, start);
  return {
    start,
    end,
    timing: rules.toolStartIsExact ? "exact" : "bounded",
    argumentsAt: argumentsAt ?? null,
  };
}

/** When the first chunk of an attempt came in: opencode writes the step-start then. */
export function firstChunkAt(attempt: Attempt, created: number): number | undefined {
  return attempt.stepStart ? idTime(attempt.stepStart.id, created) : undefined;
}

/** When the first content came in: thinking, text, or the arguments of a tool call. */
export function firstContentAt(attempt: Attempt, created: number): number | undefined {
  const times = [
    ...attempt.content.flatMap((part) => part.time?.start ?? []),
    ...attempt.tools.flatMap((part) => idTime(part.id, created) ?? []),
  ];
  return times.length > 0 ? Math.min(...times) : firstChunkAt(attempt, created);
}

/**
 * When the model's output ended, not when the tools did: opencode writes the step-finish only after the last tool.
 *
 * A text or thinking part ends when its stream does; a tool call ends when its arguments are complete, which is when
 * the tool starts. With no tool call the step-finish follows the stream's end at once.
 */
export function outputEndAt(
  attempt: Attempt,
  created: number,
  rules: ClockRules,
): { readonly at: number; readonly timing: Timing } | undefined {
  const finish = attempt.stepFinish ? idTime(attempt.stepFinish.id, created) : undefined;
  if (attempt.tools.length === 0 && finish !== undefined) return { at: finish, timing: "exact" };
  const ends = attempt.content.flatMap((part) => part.time?.end ?? part.time?.start ?? []);
  const times = attempt.tools.map((part) => toolTime(part, created, rules));
  const known = [...ends, ...times.map(({ start }) => start)];
  if (known.length === 0) return undefined;
  const at = Math.min(Math.max(...known), finish ?? Number.POSITIVE_INFINITY);
  return { at, timing: times.every(({ timing }) => timing === "exact") ? "exact" : "bounded" };
}

/** The last moment that a message and its parts tell of. */
export function lastMomentOf(message: AssistantMessage): number {
  const { created, completed } = message.info.time;
  return message.parts.reduce(
    (latest, part) => Math.max(latest, lastMomentOfPart(part, created)),
    Math.max(created, completed ?? created),
  );
}

/** The last moment that an attempt's own parts tell of; `created` when it left none. */
export function lastMomentOfAttempt(attempt: Attempt, created: number): number {
  const parts: Part[] = [...attempt.content, ...attempt.tools];
  if (attempt.stepStart) parts.push(attempt.stepStart);
  if (attempt.stepFinish) parts.push(attempt.stepFinish);
  return parts.reduce((latest, part) => Math.max(latest, lastMomentOfPart(part, created)), created);
}

function lastMomentOfPart(part: Part, created: number): number {
  const minted = idTime(part.id, created) ?? created;
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
