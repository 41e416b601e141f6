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
  readonly content: readonly (ReasoningPart | TextPart)[];
  readonly tools: readonly ToolPart[];
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
  const isToolsAlone = parts.length > 0 && all.tools.length === parts.length;
  if (isToolsAlone && !hasTokens(message) && !all.tools.some(isProviderExecuted)) return [];
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
  const content: (ReasoningPart | TextPart)[] = [];
  const tools: ToolPart[] = [];
  for (const part of parts) {
    if (part.type === "tool") tools.push(part);
    else if (part.type === "reasoning" || part.type === "text") content.push(part);
    else if (part.type === "step-start") stepStart ??= part;
    else if (part.type === "step-finish") stepFinish ??= part;
  }
  return { stepStart, stepFinish, content, tools };
}

function isStepStart(part: Part): part is StepStartPart {
  return part.type === "step-start";
}
