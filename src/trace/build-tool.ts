import { oneLine } from "../errors/bounded-text.js";
import { classifyTool, type ToolFailure } from "../errors/tool-failure.js";
import type { ToolPart } from "../opencode/schema/session-export.js";
import { fileFacts } from "./chat-input.js";
import { innerCalls } from "./inner-calls.js";
import { covered, type Interval } from "./intervals.js";
import type { MessageClock } from "./message-clock.js";
import type { Loop, Outcome, Tool } from "./model.js";
import { isProviderExecuted } from "./provider-tools.js";
import { spanIdOf } from "./span-id.js";
import { toolTime } from "./timing.js";
import {
  childSessionId,
  toolArguments,
  toolFacts,
  toolMetadata,
  toolResultText,
  wantedTool,
} from "./tool-facts.js";
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

export function buildTool(
  part: ToolPart,
  { sessionId, clock, closedAt, subagent, waits, servers }: ToolContext,
): Tool {
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
    childSessionId: childSessionId(part),
    ...originOf(part, servers),
    innerCalls: innerCalls(part, sessionId, servers),
    loops: loops.map((loop) => marked(loop, bounds)),
    subagentMissing: missing,
    notes: missing ? [missingNote(childSessionId(part))] : [],
  };
}

/** opencode titles a tool of the provider's by the name that it has for it, which tells nothing. */
function titleOf(part: ToolPart): string | null {
  const title = "title" in part.state ? part.state.title : undefined;
  if (typeof title !== "string" || title === "") return null;
  return title === part.tool && isProviderExecuted(part) ? null : title;
}

function missingNote(sessionId: string | null): string {
  const who = sessionId === null ? "the subagent's session" : `subagent ${sessionId}`;
  return `Not in the input: ${who}; its steps, tokens and cost are missing.`;
}

/** A subagent can begin before or end after its tool (one that was aborted, say); both times are true, so they stay. */
function marked(loop: Loop, tool: Interval): Loop {
  const outside = [
    ...(loop.start < tool.start ? [`began ${tool.start - loop.start} ms before`] : []),
    ...(loop.end > tool.end ? [`ended ${loop.end - tool.end} ms after`] : []),
  ];
  if (outside.length === 0) return loop;
  return {
    ...loop,
    notes: [...loop.notes, `The subagent ${outside.join(" and ")} the tool that asked for it.`],
  };
}

/** Before 1.18 opencode called a task completed whose subagent had failed; only the subagent's session tells. */
function failedSubagent(part: ToolPart, loops: readonly Loop[]): ToolFailure | null {
  const error = loops.at(-1)?.error;
  if (!error) return null;
  return {
    kind: "failed",
    tool: wantedTool(part),
    message: oneLine(`The subagent failed: ${error.message}`),
  };
}

/** opencode was ended, or is still at work: the call has no result, and the model was told none. */
function cutOff(part: ToolPart): ToolFailure {
  return {
    kind: "aborted",
    tool: wantedTool(part),
    message: "The session ends while this tool was at work.",
  };
}
