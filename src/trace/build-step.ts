import { classifyErrorObject } from "../errors/classify-error-object.js";
import type { ErrorFacts } from "../errors/error-facts.js";
import type { AssistantInfo, AssistantMessage } from "../opencode/session.js";
import { type Attempt, attemptsOf } from "./attempts.js";
import { buildTool, type Subagent } from "./build-tool.js";
import { callOutput } from "./call-output.js";
import { callSpending } from "./call-usage.js";
import { contextCauses, type Told } from "./context-growth.js";
import type { Interval } from "./intervals.js";
import type { MessageClock } from "./message-clock.js";
import type {
  Call,
  ChatMessage,
  Cumulative,
  Loop,
  ModelFacts,
  Outcome,
  Retry,
  Step,
  StepEvent,
  Usage,
} from "./model.js";
import { outliving } from "./outliving.js";
import { type AskedPermission, permissionEvent } from "./permissions.js";
import { isProviderExecuted } from "./provider-tools.js";
import { type CallRequest, type RequestFailure, requestsOf } from "./requests.js";
import type { SessionLog } from "./session-log.js";
import { spanIdOf } from "./span-id.js";
import { timeAccount } from "./time-account.js";
import { firstContentAt, outputEndAt } from "./timing.js";
import { accumulate, sureUsageOf } from "./usage.js";
import { toolWork } from "./waiting.js";

export interface StepContext {
  readonly sessionId: string;
  readonly index: number;
  readonly callIndex: number;
  readonly input: readonly ChatMessage[];
  readonly before: Cumulative | null;
  /** Of the last call before it whose prompt is known, where its output is too. */
  readonly lastUsage: Usage | null;
  /** What was told to the model since the last call with a known prompt, the call's own input included. */
  readonly added: readonly Told[];
  /** The conversation was summed up since then, or is just being summed up. */
  readonly compacted: boolean;
  readonly events: readonly StepEvent[];
  /** What was asked permission for in it, ascending in time. */
  readonly permissions: readonly AskedPermission[];
  /** The model that the turn's prompt names. */
  readonly asked: ModelFacts | null;
  readonly clock: MessageClock;
  /** The MCP servers that opencode had, as configured. */
  readonly servers: readonly string[];
  readonly log: SessionLog | undefined;
  /** Where the step ends when the evidence stops before its end. */
  readonly closedAt: number;
  /** The time in which the log's requests are this message's. */
  readonly requestsWithin: Interval;
  /**
   * opencode put the request aside since the context was too large, and compacts: it leaves no error on the message.
   */
  readonly overflowed: boolean;
  readonly subagentOf: (partId: string) => Subagent;
  /** A person had it done, no model. */
  readonly byPerson: boolean;
  /** Subagents that were started in it, but not by a tool. */
  readonly loops: readonly Loop[];
}

/** One assistant message as a step of the loop. */
export function buildStep(message: AssistantMessage, context: StepContext): Step {
  const { info } = message;
  const { clock } = context;
  const attempts = context.byPerson ? [] : attemptsOf(message);
  const request = requestsOf(attempts, clock, context.requestsWithin, context.log);
  const tools = message.parts
    .filter((part) => part.type === "tool")
    .map((part) =>
      buildTool(part, {
        sessionId: context.sessionId,
        clock,
        closedAt: context.closedAt,
        subagent: context.subagentOf(part.id),
        servers: context.servers,
        waits: context.permissions.filter(({ callId }) => callId === part.callID),
      }),
    );
  const call = request ? buildCall(message, request, context) : null;
  const retries = request ? buildRetries(message, request, context.sessionId) : [];
  const asked = context.permissions.map((one, index) => permissionEvent(one, index, context.sessionId, info.id));
  const open = info.time.completed === undefined;
  // A clock that was set back while opencode worked must not put what happened outside its step.
  const within: readonly Interval[] = [...(call ? [call] : []), ...tools, ...retries];
  const bounds = {
    start: within.reduce((first, { start }) => Math.min(first, start), clock.created),
    end: within.reduce((last, { end }) => Math.max(last, end), info.time.completed ?? context.closedAt),
  };
  return {
    spanId: spanIdOf("step", context.sessionId, info.id),
    ...bounds,
    timing: open ? "bounded" : "exact",
    index: context.index,
    messageId: info.id,
    agent: info.agent ?? info.mode ?? null,
    kind: kindOf(message, attempts, context),
    recovered: false,
    outcome: open ? "unfinished" : info.error || call?.error ? "failed" : "completed",
    call,
    retries,
    tools,
    loops: context.loops.map((loop) => outliving(loop, bounds, "the step that it was started in")),
    // opencode writes the message that asks for a compaction a moment before the one that answers it.
    events: [...context.events, ...asked].map((event) => ({
      ...event,
      at: Math.min(Math.max(event.at, bounds.start), bounds.end),
    })),
    patches: message.parts.flatMap((part) => (part.type === "patch" ? [{ hash: part.hash, files: part.files }] : [])),
    account: timeAccount(bounds, {
      model: call ? [call] : [],
      ...toolWork([{ call, retries, tools, loops: context.loops, events: asked }]),
      retries,
    }),
    notes: [...(request?.misfit ? [MISFITS[request.misfit]] : []), ...(call ? [] : errorNotes(message))],
  };
}

function kindOf({ info }: AssistantMessage, attempts: readonly Attempt[], { byPerson }: StepContext): Step["kind"] {
  if (byPerson) return "command";
  if (info.summary === true || info.mode === "compaction") return "compaction";
  return attempts.length === 0 ? "subtask" : "answer";
}

/** A message that asked no model has no call on which its error could stand. */
function errorNotes({ info }: AssistantMessage): readonly string[] {
  if (!info.error) return [];
  const at = info.time.completed ?? info.time.created;
  const { code, message } = classifyErrorObject(info.error, { evidence: "export", at });
  return [`It failed, ${code}: ${message}`];
}

const MISFITS = {
  log: "opencode's log does not fit what the export says of this step; the export counts.",
  events: "opencode's events do not fit what the export says of this step; the export counts.",
} as const;

function buildCall(message: AssistantMessage, request: CallRequest, context: StepContext): Call {
  const { info } = message;
  const { attempt } = request;
  const { clock } = context;
  const error = callError(message, request, context);
  const answered = attempt.stepFinish !== undefined;
  const outcome: Outcome = error
    ? "failed"
    : answered || info.time.completed !== undefined
      ? "completed"
      : "unfinished";
  const firstContent = firstContentAt(attempt, clock);
  // Cut off before the answer was whole: where tools are at work already the output had ended, else it was going on.
  const ended = answered || attempt.tools.some((part) => part.state.status !== "pending" && !isProviderExecuted(part));
  const outputEnd = ended ? outputEndAt(attempt, clock) : undefined;
  const end = Math.max(request.start, outputEnd?.at ?? info.time.completed ?? context.closedAt);
  const firstTokenAt = firstContent === undefined ? null : Math.min(Math.max(firstContent, request.start), end);
  const output = callOutput(attempt);
  const { usage, usageDoubt, cost } = callSpending(message, isAnswered(message, attempt), output);
  const tokens = { usage, usageDoubt };
  const streamed = answered && outputEnd?.timing === "exact" && firstTokenAt === firstContent;
  return {
    spanId: spanIdOf("call", context.sessionId, info.id),
    start: request.start,
    end,
    timing: answered && request.timing === "exact" && outputEnd?.timing === "exact" ? "exact" : "bounded",
    index: context.callIndex,
    outcome,
    model: modelOf(info, context.asked),
    agent: info.agent ?? null,
    mode: info.mode ?? null,
    firstTokenAt,
    input: context.input,
    output,
    finish: attempt.stepFinish?.reason ?? info.finish ?? null,
    usage,
    usageDoubt,
    cost,
    cumulative: accumulate(context.before, tokens, cost),
    contextCauses: contextCauses({
      read: sureUsageOf("prompt", tokens),
      written: sureUsageOf("output", tokens),
      before: context.before,
      lastUsage: context.lastUsage,
      added: context.added,
      compacted: context.compacted,
    }),
    outputTokensPerSecond: streamed
      ? outputSpeed(attempt, sureUsageOf("output", tokens), end - (firstTokenAt ?? end))
      : null,
    error,
  };
}

/** Rows of old opencodes lack the model that answered; it is the one that was asked. */
function modelOf({ providerID, modelID, variant }: AssistantInfo, asked: ModelFacts | null): ModelFacts | null {
  if (modelID === undefined) return asked;
  const providerId = providerID ?? (asked?.modelId === modelID ? asked.providerId : "unknown");
  return { providerId, modelId: modelID, variant: variant ?? null };
}

/** An answer that came in one piece has no speed; ms. */
const SHORTEST_STREAM_MS = 20;

/**
 * Tokens a second. Thinking that a provider keeps to itself was done before the first token.
 * @param streamedMs from that on
 */
function outputSpeed(attempt: Attempt, usage: Usage | null, streamedMs: number): number | null {
  if (!usage || streamedMs < SHORTEST_STREAM_MS) return null;
  const thought = attempt.content.some(({ type, text }) => type === "reasoning" && text !== "");
  const written = usage.output + (thought ? usage.reasoning : 0);
  return written === 0 ? null : Math.round((written / streamedMs) * 10_000) / 10;
}

/**
 * Whether the call came to its end. A request that was refused as too large leaves a completed message without
 * anything.
 */
function isAnswered({ info, parts }: AssistantMessage, attempt: Attempt): boolean {
  if (attempt.stepFinish) return true;
  if (info.error || info.time.completed === undefined) return false;
  return info.finish !== undefined || parts.some(({ type }) => type === "text" || type === "reasoning");
}

function callError(message: AssistantMessage, request: CallRequest, context: StepContext): ErrorFacts | null {
  const { info } = message;
  const at = info.time.completed ?? info.time.created;
  if (info.error) return classifyErrorObject(info.error, { evidence: "export", at });
  // Cut off while opencode waited to try again: only the log and the events know what the last request died of.
  if (info.time.completed === undefined && request.attempt.stepFinish === undefined && request.failure)
    return classifyFailure(request.failure);
  if (!context.overflowed) return null;
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

function buildRetries(message: AssistantMessage, request: CallRequest, sessionId: string): Retry[] {
  const { info } = message;
  return request.dead.map((dead, index) => ({
    // A dead attempt that streamed is known with and without log and events; its own part makes the id the same in
    // both.
    spanId: spanIdOf("retry", sessionId, dead.attempt?.stepStart?.id ?? `${info.id}/${index}`),
    start: dead.start,
    end: dead.end,
    timing: dead.timing,
    attempt: index,
    error: dead.failure && classifyFailure(dead.failure),
    output: callOutput(withoutTools(dead.attempt)),
  }));
}

/** The tools of a dead attempt really ran and stand as tools of the step; its own output is what it said. */
function withoutTools(attempt: Attempt | undefined): Attempt | undefined {
  return attempt && { ...attempt, tools: [] };
}
