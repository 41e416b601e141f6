import { classifyTool, type ToolFailure } from "../errors/tool-failure.js";
import type { Interval, ToolRun } from "../opencode/model.js";
import { oneLine } from "../text/bounded-text.js";
import { innerCalls } from "./inner-calls.js";
import { covered } from "./intervals.js";
import type { Loop, Outcome, Tool } from "./model.js";
import { outliving } from "./outliving.js";
import { spanIdOf } from "./span-id.js";
import { originOf } from "./tool-origin.js";

/** What is known of the subagent that a tool started; of a tool that started none, nothing. */
export interface Subagent {
  readonly loops: readonly Loop[];
  /** It did start one, and the input lacks that session. */
  readonly missing: boolean;
}

/** What the tools of a step share. */
export interface ToolContext {
  readonly sessionId: string;
  /** Where a tool ends when the evidence stops before its end. */
  readonly closedAt: number;
  /** The MCP servers that opencode had, as configured. */
  readonly servers: readonly string[];
}

/** @param waits when it waited for permission; empty where it is not known to have asked for any */
export function buildTool(
  run: ToolRun,
  subagent: Subagent,
  waits: readonly Interval[],
  { sessionId, closedAt, servers }: ToolContext,
): Tool {
  const { start, status } = run;
  const { loops, missing } = subagent;
  const open = status === "pending" || status === "running";
  const failure = open ? cutOff(run) : (classifyTool(run.facts) ?? failedSubagent(run, loops));
  const outcome: Outcome = open ? "unfinished" : failure ? "failed" : "completed";
  const lastOfLoops = loops.reduce((latest, loop) => Math.max(latest, loop.end), start);
  const end = run.end ?? Math.max(closedAt, lastOfLoops);
  const bounds = { start, end };
  const { origin, server } = originOf(run, servers);
  return {
    spanId: spanIdOf("tool", sessionId, run.id),
    start,
    end,
    timing: open ? "bounded" : run.timing,
    partId: run.id,
    callId: run.callId,
    name: run.name,
    status,
    outcome,
    title: run.title,
    input: run.input,
    output: run.output,
    attachments: run.attachments,
    metadata: run.metadata,
    failure,
    atLeastMs: run.atLeastMs,
    atMostMs: run.atMostMs,
    argumentsAt: run.argumentsAt,
    permissionWaitMs: waits.length === 0 ? null : covered(waits, bounds),
    childSessionId: run.subagent?.sessionId ?? null,
    origin,
    server,
    innerCalls: run.innerCalls.length === 0 ? NOTHING : innerCalls(run, sessionId, servers),
    loops: loops.length === 0 ? loops : loops.map((loop) => outliving(loop, bounds, "the tool that asked for it")),
    subagentMissing: missing,
    notes: missing ? [missingNote(run)] : NOTHING,
  };
}

const NOTHING: readonly never[] = [];

function missingNote({ subagent, status }: ToolRun): string {
  const id = subagent?.sessionId ?? null;
  if (id !== null) return `Not in the input: subagent ${id}; its steps, tokens and cost are missing.`;
  return status === "completed"
    ? "Not in the input: the subagent's session; its steps, tokens and cost are missing."
    : "Not in the input: the subagent's session; if the tool had started one, its steps, tokens and cost are missing.";
}

/**
 * Before 1.18 opencode called a task completed whose subagent had failed; only the subagent's session tells. One that
 * works on in the background, or that a plugin started, had its tool succeed whatever became of it.
 */
function failedSubagent({ name, subagent }: ToolRun, loops: readonly Loop[]): ToolFailure | null {
  if (!subagent || subagent.inBackground) return null;
  const error = loops.at(-1)?.error;
  if (!error) return null;
  return { kind: "failed", tool: name, message: oneLine(`The subagent failed: ${error.message}`) };
}

/** opencode was ended, or is still at work: the call has no result, and the model was told none. */
function cutOff({ name }: ToolRun): ToolFailure {
  return { kind: "aborted", tool: name, message: "The session ends while this tool was at work." };
}
