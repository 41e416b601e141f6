import type { Answer, DeadRequest, ModelCall } from "../model/session.js";
import {
  cutOffOutput,
  NO_WIRE,
  recordedContentAt,
  recordedEnd,
  recordedOutput,
  type SessionWire,
  toolsWithin,
} from "../model/session-wire.js";
import type { CallOutput, Interval, ModelFacts, Patch, ToolCall } from "../model/values.js";
import type { AssistantInfo, AssistantMessage, Part, ToolPart } from "../schema/session-export.js";
import { type Attempt, attemptsOf, isSpoken, isTool } from "./attempts.js";
import type { MessageClock } from "./message-clock.js";
import { finishOf } from "./message-kinds.js";
import { isProviderExecuted } from "./provider-tools.js";
import { readTool } from "./read-tool.js";
import { recordedTokens } from "./recorded-tokens.js";
import { type CallRequest, requestsOf } from "./requests.js";
import type { SessionLog } from "./session-log.js";
import { firstContentAt, lastMomentOf, outputEndAt } from "./timing.js";
import { toolArguments, wantedTool } from "./tool-facts.js";

export interface AnswerContext {
  /** Its place among the session's answers. */
  readonly index: number;
  readonly clock: MessageClock;
  /** The model that the turn's prompt names. */
  readonly asked: ModelFacts | null;
  readonly log: SessionLog | undefined;
  readonly wire: SessionWire | undefined;
  /** The time in which recorded requests and the log's are this message's. */
  readonly requestsWithin: Interval;
  /**
   * opencode put the request aside since the context was too large, and compacts: it leaves no error on the message.
   */
  readonly overflowed: boolean;
  /** A person had it done, no model. */
  readonly byPerson: boolean;
  /** Where it is a summary: a person asked for that. */
  readonly summaryByHand: boolean;
}

/** An assistant message: one step of the loop. */
export function readAnswer(message: AssistantMessage, context: AnswerContext): Answer {
  const { info, parts } = message;
  const { clock } = context;
  const attempts = context.byPerson ? [] : attemptsOf(message);
  const wire = context.wire ?? NO_WIRE;
  const request = requestsOf(attempts, clock, context.requestsWithin, context.log, wire.requests);
  const runs = wire.tools.length === 0 ? wire.tools : toolsWithin(wire.tools, context.requestsWithin);
  // A message's only attempt has all of its tools.
  const called = attempts.length === 1 ? attempts[0]?.tools : undefined;
  const tools = (called ?? parts.filter(isTool)).map((part) => readTool(part, clock, runs));
  const patches: Patch[] = [];
  for (const part of parts) if (part.type === "patch") patches.push({ hash: part.hash, files: part.files });
  const { completed = null } = info.time;
  const isOver = completed !== null && tools.every(({ end }) => end !== null);
  return {
    kind: "answer",
    id: info.id,
    index: context.index,
    created: clock.created,
    completed,
    lastMoment: isOver ? completed : lastMomentOf(message, clock),
    agent: info.agent ?? null,
    mode: info.mode ?? null,
    step: stepOf(info, attempts, context),
    summary: info.summary === true ? { byHand: context.summaryByHand } : null,
    answers: info.parentID ?? null,
    call: request ? readCall(message, request, context) : null,
    dead: request && request.dead.length > 0 ? deadRequests(info, request) : NOTHING,
    tools,
    patches: patches.length === 0 ? NOTHING : patches,
    error: info.error ? { name: info.error.name, data: info.error.data } : null,
    finish: finishOf(message),
    structured: info.structured ?? null,
    notes: request?.misfit ? [MISFITS[request.misfit]] : NOTHING,
  };
}

/** One for all: most lists of an answer are empty. */
const NOTHING: readonly never[] = [];

const MISFITS = {
  wire: "The recorded requests do not fit what the export says of this step; they stand beside the steps.",
  log: "opencode's log does not fit what the export says of this step; the export counts.",
  events: "opencode's events do not fit what the export says of this step; the export counts.",
} as const;

function stepOf(info: AssistantInfo, attempts: readonly Attempt[], { byPerson }: AnswerContext): Answer["step"] {
  if (byPerson) return "command";
  if (info.summary === true || info.mode === "compaction") return "compaction";
  return attempts.length === 0 ? "subtask" : "answer";
}

function readCall(message: AssistantMessage, request: CallRequest, context: AnswerContext): ModelCall {
  const { info } = message;
  const { attempt } = request;
  const { clock } = context;
  const finished = attempt.stepFinish !== undefined;
  // Cut off before the answer was whole: where tools are at work already the output had ended, else it was going on.
  const ended = finished || attempt.parts.some(isAtWork);
  const exported = ended ? outputEndAt(attempt, clock) : undefined;
  const { exchange } = request;
  const call: ModelCall = {
    model: modelOf(info, context.asked),
    request: { at: request.start, timing: request.timing },
    firstContentAt: (exchange && recordedContentAt(exchange)) ?? firstContentAt(attempt, clock) ?? null,
    outputEnd: (exchange && recordedEnd(exchange)) ?? exported ?? null,
    finished,
    answered: isAnswered(message, attempt),
    output: finished ? outputOf(attempt) : cutOffOutput(outputOf(attempt), exchange),
    finish: attempt.stepFinish?.reason ?? finishOf(message),
    rawFinish: null,
    failure: request.failure,
    tooLarge: context.overflowed,
    recorded: recordedTokens(message),
  };
  return exchange ? { ...call, exchange } : call;
}

/** Whether it is a tool that opencode has begun to run, or ran. */
function isAtWork(part: Part): boolean {
  return part.type === "tool" && part.state.status !== "pending" && !isProviderExecuted(part);
}

/** Rows of old opencodes lack the model that answered; it is the one that was asked. */
function modelOf({ providerID, modelID, variant }: AssistantInfo, asked: ModelFacts | null): ModelFacts | null {
  if (modelID === undefined) return asked;
  const providerId = providerID ?? (asked?.modelId === modelID ? asked.providerId : "unknown");
  // Nearly all answers are of the model that was asked: one object will do for a turn.
  if (asked?.modelId === modelID && asked.providerId === providerId && asked.variant === (variant ?? null))
    return asked;
  return { providerId, modelId: modelID, variant: variant ?? null };
}

/**
 * Whether the call came to its end. A request that was refused as too large leaves a completed message without
 * anything.
 */
function isAnswered(message: AssistantMessage, attempt: Attempt): boolean {
  const { info, parts } = message;
  if (attempt.stepFinish) return true;
  if (info.error || info.time.completed === undefined) return false;
  return finishOf(message) !== null || parts.some(({ type }) => type === "text" || type === "reasoning");
}

function deadRequests({ id }: AssistantInfo, { dead }: CallRequest): readonly DeadRequest[] {
  return dead.map(({ start, end, timing, failure, attempt, exchange }, index) => ({
    // A dead attempt that streamed is known with and without log and events; its own part makes the id the same in
    // both.
    id: attempt?.stepStart?.id ?? `${id}/${index}`,
    start,
    end,
    timing,
    failure,
    // The tools of a dead attempt really ran and stand as tools of the step; its own output is what it said.
    output: (exchange && recordedOutput(exchange)) ?? { ...outputOf(attempt), toolCalls: [] },
    ...(exchange ? { exchange } : {}),
  }));
}

const NO_ATTEMPT: Pick<Attempt, "parts" | "tools"> = { parts: NOTHING, tools: NOTHING };

/** What the model answered; empty blocks (redacted thinking, the text of a killed stream) count as none. */
function outputOf(attempt: Attempt | undefined): CallOutput {
  let thinking: string | null = null;
  let text: string | null = null;
  const { parts, tools } = attempt ?? NO_ATTEMPT;
  for (const part of parts) {
    if (!isSpoken(part) || part.text === "") continue;
    if (part.type === "reasoning") thinking = thinking === null ? part.text : `${thinking}\n\n${part.text}`;
    else text = text === null ? part.text : `${text}\n\n${part.text}`;
  }
  return { thinking, text, toolCalls: tools.length === 0 ? NOTHING : tools.map(toolCallOf) };
}

function toolCallOf(part: ToolPart): ToolCall {
  return { id: part.callID, name: wantedTool(part), arguments: toolArguments(part) };
}
