import type {
  AssistantMessage,
  Part,
  ReasoningPart,
  StepFinishPart,
  StepStartPart,
  TextPart,
  ToolPart,
} from "../schema/session-export.js";
import { sumOfTokens } from "../schema/tokens.js";
import { isProviderExecuted } from "./provider-tools.js";

/** What one request to the model brought: the parts from its step-start to the next one. */
export interface Attempt {
  /** Missing when the request failed or was cut off before its first chunk. */
  readonly stepStart: StepStartPart | undefined;
  readonly stepFinish: StepFinishPart | undefined;
  /** All parts of it: of a message with one attempt the message's own list, since there are tens of thousands. */
  readonly parts: readonly Part[];
  /** The tools among them. */
  readonly tools: readonly ToolPart[];
}

/** What the model thought or said. */
export function isSpoken(part: Part): part is ReasoningPart | TextPart {
  return part.type === "text" || part.type === "reasoning";
}

/**
 * The attempts of a message, in order; the last one is the call, those before it died in mid-stream and were tried
 * again (opencode then writes a second step-start into the same message, but never a second step-finish).
 *
 * @returns no attempt at all for a message that asked no model, such as a subtask's wrapper, whose only part is the
 *   `task` tool that opencode itself started; a message that has tokens did ask one, whatever became of its other parts
 */
export function attemptsOf(message: AssistantMessage): readonly Attempt[] {
  const { parts } = message;
  // Nearly all messages are one attempt.
  const all = attemptFrom(parts);
  if (parts.length > 0 && parts.every(isOpencodesTool) && !hasTokens(message)) return [];
  if (all.stepStart === undefined || parts.findLastIndex(isStepStart) === 0) return [all];
  const groups: Part[][] = [];
  for (const part of parts) {
    if (isStepStart(part) || groups.length === 0) groups.push([]);
    groups.at(-1)?.push(part);
  }
  // Parts before the first step-start are of no attempt of their own.
  if (groups[0]?.[0]?.type !== "step-start") {
    const [early = [], first = [], ...later] = groups;
    return [[...early, ...first], ...later].map(attemptFrom);
  }
  return groups.map(attemptFrom);
}

function hasTokens({ info: { tokens } }: AssistantMessage): boolean {
  return sumOfTokens(tokens) > 0;
}

function attemptFrom(parts: readonly Part[]): Attempt {
  let stepStart: StepStartPart | undefined;
  let stepFinish: StepFinishPart | undefined;
  let called = 0;
  for (const part of parts) {
    if (part.type === "step-start") stepStart ??= part;
    else if (part.type === "step-finish") stepFinish ??= part;
    else if (part.type === "tool") called += 1;
  }
  return { stepStart, stepFinish, parts, tools: called === 0 ? NO_TOOLS : toolsIn(parts, called) };
}

const NO_TOOLS: readonly ToolPart[] = [];

/** In a list of its length: one that grows has room for 17. */
function toolsIn(parts: readonly Part[], count: number): readonly ToolPart[] {
  const tools = new Array<ToolPart>(count);
  let next = 0;
  for (const part of parts) {
    if (!isTool(part)) continue;
    tools[next] = part;
    next += 1;
  }
  return tools;
}

/** Whether it is a call of a tool. */
export function isTool(part: Part): part is ToolPart {
  return part.type === "tool";
}

function isOpencodesTool(part: Part): boolean {
  return part.type === "tool" && !isProviderExecuted(part);
}

function isStepStart(part: Part): part is StepStartPart {
  return part.type === "step-start";
}
