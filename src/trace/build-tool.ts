import { classifyTool, type ToolFailure } from "../errors/tool-failure.js";
import type { ToolPart } from "../opencode/schema/session-export.js";
import { fileFacts } from "./chat-input.js";
import type { Loop, Outcome, Tool } from "./model.js";
import { spanIdOf } from "./span-id.js";
import { type ClockRules, toolTime } from "./timing.js";
import { childSessionId, toolArguments, toolFacts, toolMetadata, wantedTool } from "./tool-facts.js";

/**
 * @param closedAt where the tool ends when the evidence stops before its end
 * @param loops what its subagent did, if it started one
 */
export function buildTool(
  part: ToolPart,
  created: number,
  rules: ClockRules,
  closedAt: number,
  loops: readonly Loop[],
): Tool {
  const { state } = part;
  const time = toolTime(part, created, rules);
  const open = state.status === "pending" || state.status === "running";
  const failure = open ? cutOff(part) : classifyTool(toolFacts(part));
  const outcome: Outcome = open ? "unfinished" : failure ? "failed" : "completed";
  const lastOfLoops = loops.reduce((latest, loop) => Math.max(latest, loop.end), time.start);
  return {
    spanId: spanIdOf("tool", part.sessionID, part.id),
    start: time.start,
    end: time.end ?? Math.max(closedAt, lastOfLoops),
    timing: open ? "bounded" : time.timing,
    partId: part.id,
    callId: part.callID,
    name: wantedTool(part),
    status: state.status,
    outcome,
    title: "title" in state && typeof state.title === "string" && state.title !== "" ? state.title : null,
    input: toolArguments(part),
    output: state.status === "completed" ? state.output : state.status === "error" ? state.error : null,
    attachments: state.status === "completed" ? (state.attachments ?? []).map(fileFacts) : [],
    metadata: toolMetadata(part),
    failure,
    argumentsAt: time.argumentsAt,
    childSessionId: childSessionId(part),
    loops,
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
