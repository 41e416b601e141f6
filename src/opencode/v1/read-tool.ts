import { isFields } from "../../text/json-fields.js";
import type { WireTool } from "../../wire/model.js";
import { isOwnTool } from "../model/own-tools.js";
import type { InnerToolCall, SubagentFacts, ToolRun } from "../model/session.js";
import type { Outcome } from "../model/values.js";
import { taskSessionId } from "../read/task-session.js";
import type { ToolPart } from "../schema/session-export.js";
import type { MessageClock } from "./message-clock.js";
import { isProviderExecuted, providerServer } from "./provider-tools.js";
import { fileFacts } from "./read-user-message.js";
import { recordedToolTime, toolTime } from "./timing.js";
import { toolArguments, toolFacts, toolMetadata, toolResultText, wantedTool } from "./tool-facts.js";

/**
 * A tool part: a call of a tool, and what came of it.
 * @param runs the recorded times of the tools that ran in its message's time
 */
export function readTool(part: ToolPart, clock: MessageClock, runs: readonly WireTool[] = []): ToolRun {
  const { state } = part;
  const time = recordedToolTime(toolTime(part, clock), part, runs.length === 0 ? undefined : recordedRun(part, runs));
  const name = wantedTool(part);
  return {
    id: part.id,
    callId: part.callID,
    name,
    status: state.status,
    title: titleOf(part),
    input: toolArguments(part),
    output: toolResultText(part),
    attachments: state.status === "completed" ? (state.attachments?.map(fileFacts) ?? NOTHING) : NOTHING,
    metadata: toolMetadata(part),
    facts: toolFacts(part),
    start: time.start,
    end: time.end ?? null,
    timing: time.timing,
    argumentsAt: time.argumentsAt,
    atLeastMs: time.atLeastMs,
    atMostMs: time.atMostMs,
    provider: isProviderExecuted(part) ? { server: providerServer(part) } : null,
    own: isOwnTool(name, 1),
    subagent: part.tool === "task" ? subagentFacts(part) : null,
    innerCalls: innerCalls(part),
  };
}

/** One for all: most tools have no files and no calls in them. */
const NOTHING: readonly never[] = [];

function recordedRun(part: ToolPart, runs: readonly WireTool[]): WireTool | undefined {
  return runs.findLast(({ callId }) => callId === part.callID && !isProviderExecuted(part));
}

/** opencode titles a tool of the provider's by the name that it has for it, which tells nothing. */
function titleOf(part: ToolPart): string | null {
  const title = "title" in part.state ? part.state.title : undefined;
  if (typeof title !== "string" || title === "") return null;
  return title === part.tool && isProviderExecuted(part) ? null : title;
}

/**
 * The link stands in the metadata from the moment the subagent's session exists, so a tool that was refused without one
 * started none. One that is completed had a subagent even where the link is lost; so may one that was at work, or was
 * broken off.
 */
function subagentFacts(part: ToolPart): SubagentFacts {
  const { state } = part;
  return {
    sessionId: taskSessionId(part),
    begun: state.status === "completed" || mayHaveBegun(part),
    inBackground: state.status !== "pending" && state.metadata?.background === true,
  };
}

/** Whether a `task` tool that names no session may have started one all the same. */
function mayHaveBegun({ state }: ToolPart): boolean {
  if (state.status === "running") return true;
  if (state.status !== "error") return false;
  return state.metadata?.interrupted === true || /\babort|\binterrupt|\bcancell?ed/i.test(state.error ?? "");
}

/** The calls of MCP tools that a script made (opencode's code mode, its tool `execute`). */
function innerCalls({ tool, state }: ToolPart): readonly InnerToolCall[] {
  if (tool !== "execute" || state.status === "pending") return NOTHING;
  const calls = state.metadata?.toolCalls;
  if (!Array.isArray(calls)) return NOTHING;
  const isOver = state.status !== "running";
  return calls.flatMap((call: unknown, index): InnerToolCall[] => {
    if (!isFields(call) || typeof call.tool !== "string" || call.tool === "") return [];
    return [
      {
        index,
        path: call.tool,
        outcome: outcomeOf(call.status, isOver),
        input: call.input ?? null,
        durationMs: durationOf(call.time),
      },
    ];
  });
}

/** One that was at work when the script ended was cut off with it. */
function outcomeOf(status: unknown, isOver: boolean): Outcome {
  if (status === "completed") return "completed";
  return status === "error" || isOver ? "failed" : "unfinished";
}

/** No opencode up to 1.18.33 writes times; one that does would write them as it does everywhere. */
function durationOf(time: unknown): number | null {
  if (!isFields(time)) return null;
  const { start, end } = time;
  return typeof start === "number" && typeof end === "number" && end >= start ? end - start : null;
}
