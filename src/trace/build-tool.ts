import { classifyTool, type ToolFailure } from "../errors/tool-failure.js";
import { type ToolPart, taskSessionId } from "../opencode/session.js";
import { oneLine } from "../text/bounded-text.js";
import { fileFacts } from "./chat-input.js";
import { innerCalls } from "./inner-calls.js";
import { covered, type Interval } from "./intervals.js";
import type { MessageClock } from "./message-clock.js";
import type { Loop, Outcome, Tool } from "./model.js";
import { outliving } from "./outliving.js";
import { isProviderExecuted } from "./provider-tools.js";
import { spanIdOf } from "./span-id.js";
import { toolTime } from "./timing.js";
import { toolArguments, toolFacts, toolMetadata, toolResultText, wantedTool } from "./tool-facts.js";
import { originOf } from "./tool-origin.js";

/** What is known of the subagent that a tool started; of a tool that started none, nothing. */
export interface Subagent {
  readonly loops: readonly Loop[];
  /** It did start one, and the input lacks that session. */
  readonly missing: boolean;
}

export interface ToolContext {
  readonly sessionId: string;
  readonly clock: MessageClock;
  /** Where the tool ends when the evidence stops before its end. */
  readonly closedAt: number;
  readonly subagent: Subagent;
  /** When it waited for permission; empty where it is not known to have asked for any. */
  readonly waits: readonly Interval[];
  /** The MCP servers that opencode had, as configured. */
  readonly servers: readonly string[];
}

export function buildTool(part: ToolPart, { sessionId, clock, closedAt, subagent, waits, servers }: ToolContext): Tool {
  const { state } = part;
  const { loops, missing } = subagent;
  const time = toolTime(part, clock);
  const open = state.status === "pending" || state.status === "running";
  const failure = open ? cutOff(part) : (classifyTool(toolFacts(part)) ?? failedSubagent(part, loops));
  const outcome: Outcome = open ? "unfinished" : failure ? "failed" : "completed";
  const lastOfLoops = loops.reduce((latest, loop) => Math.max(latest, loop.end), time.start);
  const bounds = { start: time.start, end: time.end ?? Math.max(closedAt, lastOfLoops) };
  return {
    spanId: spanIdOf("tool", sessionId, part.id),
    ...bounds,
    timing: open ? "bounded" : time.timing,
    partId: part.id,
    callId: part.callID,
    name: wantedTool(part),
    status: state.status,
    outcome,
    title: titleOf(part),
    input: toolArguments(part),
    output: toolResultText(part),
    attachments: state.status === "completed" ? (state.attachments ?? []).map(fileFacts) : [],
    metadata: toolMetadata(part),
    failure,
    atLeastMs: time.atLeastMs,
    atMostMs: time.atMostMs,
    argumentsAt: time.argumentsAt,
    permissionWaitMs: waits.length === 0 ? null : covered(waits, bounds),
    childSessionId: taskSessionId(part),
    ...originOf(part, servers),
    innerCalls: innerCalls(part, sessionId, servers),
    loops: loops.map((loop) => outliving(loop, bounds, "the tool that asked for it")),
    subagentMissing: missing,
    notes: missing ? [missingNote(part)] : [],
  };
}

/** opencode titles a tool of the provider's by the name that it has for it, which tells nothing. */
function titleOf(part: ToolPart): string | null {
  const title = "title" in part.state ? part.state.title : undefined;
  if (typeof title !== "string" || title === "") return null;
  return title === part.tool && isProviderExecuted(part) ? null : title;
}

function missingNote(part: ToolPart): string {
  const id = taskSessionId(part);
  if (id !== null) return `Not in the input: subagent ${id}; its steps, tokens and cost are missing.`;
  return part.state.status === "completed"
    ? "Not in the input: the subagent's session; its steps, tokens and cost are missing."
    : "Not in the input: the subagent's session; if the tool had started one, its steps, tokens and cost are missing.";
}

/**
 * Before 1.18 opencode called a task completed whose subagent had failed; only the subagent's session tells. One that
 * works on in the background, or that a plugin started, had its tool succeed whatever became of it.
 */
function failedSubagent(part: ToolPart, loops: readonly Loop[]): ToolFailure | null {
  if (part.tool !== "task" || isInBackground(part)) return null;
  const error = loops.at(-1)?.error;
  if (!error) return null;
  return {
    kind: "failed",
    tool: wantedTool(part),
    message: oneLine(`The subagent failed: ${error.message}`),
  };
}

function isInBackground({ state }: ToolPart): boolean {
  return state.status !== "pending" && state.metadata?.background === true;
}

/** opencode was ended, or is still at work: the call has no result, and the model was told none. */
function cutOff(part: ToolPart): ToolFailure {
  return {
    kind: "aborted",
    tool: wantedTool(part),
    message: "The session ends while this tool was at work.",
  };
}
