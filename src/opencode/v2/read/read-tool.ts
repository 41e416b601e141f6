import type { ToolFacts } from "../../../errors/tool-failure.js";
import { fieldsOf, isFields } from "../../../text/json-fields.js";
import { isOwnTool } from "../../model/own-tools.js";
import type { InnerToolCall, SubagentFacts, ToolRun } from "../../model/session.js";
import type { FileFacts, Outcome, Timing } from "../../model/values.js";
import type { ShellMessage, ToolContent } from "../schema/session-export.js";
import { subagentSessionId } from "./subagent-session.js";
import { toolText } from "./tool-text.js";

/** Where a call stands; times are ms since the epoch. */
export interface ToolPlace {
  /** Of the message that asked for it. */
  readonly messageId: string;
  /** How many calls of the same id stand before it in its message. */
  readonly repeated: number;
  /** When its message began and was complete. */
  readonly created: number;
  readonly completed: number | undefined;
}

/** A call of a tool, and what came of it. */
export function readTool(tool: ToolContent, place: ToolPlace): ToolRun {
  const { id, name, state, executed } = tool;
  const metadata = state.status === "streaming" ? {} : (state.metadata ?? {});
  const output = toolText(tool);
  return {
    id: `${place.messageId}/${id}${place.repeated === 0 ? "" : `/${place.repeated}`}`,
    callId: id,
    name,
    status: statusOf(tool),
    title: null,
    input: inputOf(tool),
    output,
    attachments: attachmentsOf(tool),
    metadata,
    facts: factsOf(tool, output),
    ...timeOf(tool, place),
    argumentsAt: tool.time.created ?? null,
    provider: executed === true ? { server: serverOf(tool) } : null,
    own: isOwnTool(name, 2),
    subagent: name === "subagent" || name === "task" ? subagentFacts(tool) : null,
    innerCalls: innerCalls(tool),
  };
}

/** A command that a person ran in the session, as the tool that ran it. */
export function readCommand({ id, shellID, command, status, exit, output, time }: ShellMessage): ToolRun {
  // A clock can be set back.
  const end = time.completed === undefined ? null : Math.max(time.completed, time.created);
  const isOver = end !== null || (status !== undefined && status !== "running");
  const metadata = { ...(status === undefined ? {} : { status }), ...(exit === undefined ? {} : { exit }) };
  const failed = status === "timeout" ? { timeout: true } : status === "killed" ? { signal: "a signal" } : {};
  const told = output?.output ?? null;
  const toolStatus = isOver ? "completed" : "running";
  return {
    id: `${id}/shell`,
    callId: typeof shellID === "string" ? shellID : id,
    name: "shell",
    status: toolStatus,
    title: null,
    input: { command },
    output: told,
    attachments: [],
    metadata,
    facts: {
      tool: "shell",
      status: toolStatus,
      input: { command },
      output: told ?? undefined,
      metadata: { ...metadata, ...failed },
    },
    ...span(time.created, isOver ? (end ?? time.created) : null, end === null ? "bounded" : "exact"),
    argumentsAt: null,
    provider: null,
    own: true,
    subagent: null,
    innerCalls: [],
  };
}

function statusOf({ state }: ToolContent): ToolRun["status"] {
  return state.status === "streaming" ? "pending" : state.status;
}

/** What is yet being written is a text, and none before its first character. */
function inputOf({ state }: ToolContent): unknown {
  if (state.input === undefined || (state.status === "streaming" && state.input === "")) return null;
  return state.input;
}

function attachmentsOf({ state }: ToolContent): readonly FileFacts[] {
  if (state.status !== "completed" && state.status !== "error") return [];
  return state.content.flatMap((item) =>
    item.type === "file" ? [{ mime: item.mime, filename: item.name ?? null, url: item.uri }] : [],
  );
}

function factsOf({ name, state, executed }: ToolContent, output: string | null): ToolFacts {
  return {
    tool: name,
    isProviders: executed === true,
    status: state.status === "streaming" ? "pending" : state.status,
    input: state.input,
    output: state.status === "completed" ? (output ?? undefined) : undefined,
    ...(state.status === "error" ? { error: state.error.message, errorType: state.error.type } : {}),
    metadata: state.status === "streaming" ? undefined : state.metadata,
  };
}

type ToolTime = Pick<ToolRun, "start" | "end" | "timing" | "atLeastMs" | "atMostMs">;

/**
 * From when it was called to when it was done. A call that was never made, such as one whose arguments are no JSON,
 * took no time; of one whose start is not known, as it may be in a session that came from opencode 1, only a bound is
 * known.
 */
function timeOf({ time, state }: ToolContent, { created, completed }: ToolPlace): ToolTime {
  const { ran } = time;
  const begun = ran ?? Math.max(time.created ?? created, created);
  if (state.status === "streaming" || state.status === "running")
    return span(begun, null, ran === undefined ? "bounded" : "exact");
  const end = Math.max(time.completed ?? completed ?? begun, begun);
  if (ran !== undefined) return span(begun, end, time.completed === undefined ? "bounded" : "exact");
  if (state.status === "error") return span(end, end, time.completed === undefined ? "bounded" : "exact");
  return { start: begun, end, timing: "bounded", atLeastMs: 0, atMostMs: end - begun };
}

function span(start: number, end: number | null, timing: Timing): ToolTime {
  if (end === null) return { start, end, timing, atLeastMs: 0, atMostMs: null };
  return { start, end, timing, atLeastMs: timing === "exact" ? end - start : 0, atMostMs: end - start };
}

/** The MCP server that the provider called for the model, as far as it says so. */
function serverOf({ providerState, providerResultState, native }: ToolContent): string | null {
  for (const about of [providerState, providerResultState, native].flatMap((one) => [one, ...valuesOf(one)])) {
    const { serverLabel, serverName } = fieldsOf(about);
    const name = serverLabel ?? serverName;
    if (typeof name === "string" && name !== "") return name;
  }
  return null;
}

function valuesOf(value: unknown): readonly unknown[] {
  return Object.values(fieldsOf(value));
}

/**
 * The link stands in the metadata from the moment the subagent's session exists, so a tool that failed without one
 * started none, unless it was broken off.
 */
function subagentFacts(tool: ToolContent): SubagentFacts {
  const { state } = tool;
  const sessionId = subagentSessionId(tool);
  return {
    sessionId,
    begun: sessionId !== null || state.status === "completed" || mayHaveBegun(tool),
    inBackground:
      state.status === "completed" &&
      (fieldsOf(state.input).background === true || fieldsOf(state.metadata).status === "running"),
  };
}

function mayHaveBegun({ state }: ToolContent): boolean {
  if (state.status === "running") return true;
  return state.status === "error" && state.error.type === "aborted";
}

/** The calls of MCP tools that a script made (opencode's code mode, its tool `execute`). */
function innerCalls({ name, state }: ToolContent): readonly InnerToolCall[] {
  if (name !== "execute" || state.status === "streaming") return [];
  const calls = fieldsOf(state.metadata).toolCalls;
  if (!Array.isArray(calls)) return [];
  const isOver = state.status !== "running";
  return calls.flatMap((call: unknown, index): InnerToolCall[] => {
    if (!isFields(call) || typeof call.tool !== "string" || call.tool === "") return [];
    return [
      {
        index,
        path: call.tool,
        outcome: outcomeOf(call.status, isOver),
        input: call.input ?? null,
        durationMs: null,
      },
    ];
  });
}

/** One that was at work when the script ended was cut off with it. */
function outcomeOf(status: unknown, isOver: boolean): Outcome {
  if (status === "completed") return "completed";
  return status === "error" || isOver ? "failed" : "unfinished";
}
