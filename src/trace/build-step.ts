import { classifyErrorObject } from "../errors/classify-error-object.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import type { Answer, Interval, ModelCall, RequestFailure } from "../opencode/model.js";
import { buildTool, type Subagent } from "./build-tool.js";
import { callSpending } from "./call-usage.js";
import { contextCauses, type Told } from "./context-growth.js";
import type { Call, ChatMessage, Cumulative, Loop, Outcome, Retry, Step, StepEvent, Usage } from "./model.js";
import { outliving } from "./outliving.js";
import { type AskedPermission, permissionEvent } from "./permissions.js";
import { spanIdOf } from "./span-id.js";
import { timeAccount } from "./time-account.js";
import { accumulate, sureUsageOf } from "./usage.js";
import { toolWork } from "./waiting.js";
import { recordedWire } from "./wire-of-request.js";

export interface StepContext {
  readonly sessionId: string;
  readonly index: number;
  readonly callIndex: number;
  readonly input: readonly ChatMessage[];
  readonly before: Cumulative | null;
  /** Of the last call before it whose prompt is known, where its output is too. */
  readonly lastUsage: Usage | null;
  /** What was told to the model since the last call with a known prompt, before the call's own input. */
  readonly earlier: readonly Told[];
  /** The conversation was summed up since then, or is just being summed up. */
  readonly compacted: boolean;
  readonly events: readonly StepEvent[];
  /** What was asked permission for in it, ascending in time. */
  readonly permissions: readonly AskedPermission[];
  /** The MCP servers that opencode had, as configured. */
  readonly servers: readonly string[];
  /** Where the step ends when the evidence stops before its end. */
  readonly closedAt: number;
  readonly subagentOf: (toolId: string) => Subagent;
  /** Subagents that were started in it, but not by a tool. */
  readonly loops: readonly Loop[];
}

/** One answer as a step of the loop. */
export function buildStep(answer: Answer, context: StepContext): Step {
  const { sessionId } = context;
  const { permissions } = context;
  const tools = answer.tools.map((tool) => {
    const waits = permissions.length === 0 ? permissions : permissions.filter(({ callId }) => callId === tool.callId);
    return buildTool(tool, context.subagentOf(tool.id), waits, context);
  });
  const call = answer.call ? buildCall(answer, answer.call, context) : null;
  const model = call ? [call] : NOTHING;
  const retries = answer.dead.length === 0 ? NOTHING : buildRetries(answer, sessionId);
  const asked =
    context.permissions.length === 0
      ? NOTHING
      : context.permissions.map((one, index) => permissionEvent(one, index, sessionId, answer.id));
  const open = answer.completed === null;
  // A clock that was set back while opencode worked must not put what happened outside its step.
  const bounds = { start: answer.created, end: answer.completed ?? context.closedAt };
  widen(bounds, model);
  widen(bounds, tools);
  widen(bounds, retries);
  const work = toolWork([{ call, retries, tools, loops: context.loops, events: asked }]);
  return {
    spanId: spanIdOf("step", sessionId, answer.id),
    start: bounds.start,
    end: bounds.end,
    timing: open ? "bounded" : "exact",
    index: context.index,
    messageId: answer.id,
    agent: answer.agent ?? answer.mode,
    kind: answer.step,
    recovered: false,
    outcome: open ? "unfinished" : answer.error || call?.error ? "failed" : "completed",
    call,
    retries,
    tools,
    loops:
      context.loops.length === 0
        ? NOTHING
        : context.loops.map((loop) => outliving(loop, bounds, "the step that it was started in")),
    events: context.events.length + asked.length === 0 ? NOTHING : eventsWithin(bounds, [...context.events, ...asked]),
    patches: answer.patches,
    account: timeAccount(bounds, { model, tools: work.tools, waiting: work.waiting, retries }),
    // They follow from the whole turn.
    phases: NOTHING,
    notes: call ? answer.notes : [...answer.notes, ...errorNotes(answer)],
  };
}

/** One for all: a step has a dozen lists, most of them empty. */
const NOTHING: readonly never[] = [];

/** Makes a stretch so long that some others lie in it. */
function widen(bounds: { start: number; end: number }, within: readonly Interval[]): void {
  for (const { start, end } of within) {
    bounds.start = Math.min(bounds.start, start);
    bounds.end = Math.max(bounds.end, end);
  }
}

/** opencode writes the message that asks for a compaction a moment before the one that answers it. */
function eventsWithin({ start, end }: Interval, events: readonly StepEvent[]): readonly StepEvent[] {
  return events.map(({ spanId, name, at, attributes }) => ({
    spanId,
    name,
    at: Math.min(Math.max(at, start), end),
    attributes,
  }));
}

/** An answer that asked no model has no call on which its error could stand. */
function errorNotes({ error, created, completed }: Answer): readonly string[] {
  if (!error) return [];
  const { code, message } = classifyErrorObject(error, { evidence: "export", at: completed ?? created });
  return [`It failed, ${code}: ${message}`];
}

function buildCall(answer: Answer, called: ModelCall, context: StepContext): Call {
  const { finished, firstContentAt, outputEnd, output, request } = called;
  const error = callError(answer, called);
  const outcome: Outcome = error ? "failed" : finished || answer.completed !== null ? "completed" : "unfinished";
  const end = Math.max(request.at, outputEnd?.at ?? answer.completed ?? context.closedAt);
  const firstTokenAt = firstContentAt === null ? null : Math.min(Math.max(firstContentAt, request.at), end);
  const { usage, usageDoubt, cost } = callSpending(called);
  const tokens = { usage, usageDoubt };
  const read = sureUsageOf("prompt", tokens);
  // Of a request that failed or was broken off only the wire knows when.
  const isOver = finished || called.exchange !== undefined;
  const streamed = finished && outputEnd?.timing === "exact" && firstTokenAt === firstContentAt;
  const call: Call = {
    spanId: spanIdOf("call", context.sessionId, answer.id),
    start: request.at,
    end,
    timing: isOver && request.timing === "exact" && outputEnd?.timing === "exact" ? "exact" : "bounded",
    index: context.callIndex,
    outcome,
    model: called.model,
    agent: answer.agent,
    mode: answer.mode,
    firstTokenAt,
    input: context.input,
    output,
    finish: called.finish,
    usage,
    usageDoubt,
    cost,
    cumulative: accumulate(context.before, tokens, cost),
    contextCauses: contextCauses({
      read,
      written: sureUsageOf("output", tokens),
      before: context.before,
      lastUsage: context.lastUsage,
      added: context.earlier.length === 0 || !read ? context.input : [...context.earlier, ...context.input],
      compacted: context.compacted,
    }),
    outputTokensPerSecond: streamed
      ? outputSpeed(called, sureUsageOf("output", tokens), end - (firstTokenAt ?? end))
      : null,
    error,
  };
  return called.exchange ? { ...call, ...recordedWire(called) } : call;
}

/** An answer that came in one piece has no speed; ms. */
const SHORTEST_STREAM_MS = 20;

/**
 * Tokens a second. Thinking that a provider keeps to itself was done before the first token.
 * @param streamedMs from that on
 */
function outputSpeed({ output }: ModelCall, usage: Usage | null, streamedMs: number): number | null {
  if (!usage || streamedMs < SHORTEST_STREAM_MS) return null;
  const written = usage.output + (output.thinking === null ? 0 : usage.reasoning);
  return written === 0 ? null : Math.round((written / streamedMs) * 10_000) / 10;
}

function callError(
  { error, created, completed }: Answer,
  { finished, failure, tooLarge }: ModelCall,
): ErrorFacts | null {
  const at = completed ?? created;
  if (error) return classifyErrorObject(error, { evidence: "export", at });
  // Cut off while opencode waited to try again: only the log and the events know what the last request died of.
  if (completed === null && !finished && failure) return classifyFailure(failure);
  if (!tooLarge) return null;
  // The provider's own words are only in the run's event stream; the compaction that follows tells what happened.
  const overflow = {
    name: "ContextOverflowError",
    data: { message: "The request was larger than the model's context." },
  };
  return classifyErrorObject(overflow, { evidence: "export", at });
}

function classifyFailure({ error, evidence, at }: RequestFailure): ErrorFacts {
  const facts = classifyErrorObject(error, { evidence, at });
  if (facts.code !== "unknown" || evidence !== "events") return facts;
  // opencode makes a request again only after an error of the provider's, or on the way there, which it calls so.
  return classifyErrorObject({ ...error, name: "APIError" }, { evidence, at });
}

function buildRetries({ dead }: Answer, sessionId: string): Retry[] {
  return dead.map((attempt, index) => ({
    spanId: spanIdOf("retry", sessionId, attempt.id),
    start: attempt.start,
    end: attempt.end,
    timing: attempt.timing,
    attempt: index,
    error: attempt.failure && classifyFailure(attempt.failure),
    output: attempt.output,
    ...recordedWire(attempt),
  }));
}
