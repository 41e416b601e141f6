import type { Answer, DeadRequest, ModelCall, RecordedTokens } from "../../model/session.js";
import {
  cutOffOutput,
  recordedContentAt,
  recordedEnd,
  recordedOutput,
  requestsOfAnswer,
  type WireRequest,
  wireError,
} from "../../model/session-wire.js";
import type { CallOutput, ModelFacts, Moment, Patch } from "../../model/values.js";
import type { Tokens } from "../../schema/tokens.js";
import type { AssistantMessageV2, ShellMessage, ToolContent } from "../schema/session-export.js";
import { readCommand, readTool } from "./read-tool.js";
import type { KnownRetry } from "./retries.js";

/** What is known of an answer beside its message. */
export interface AnswerContext {
  /** Its place among the session's answers. */
  readonly index: number;
  /** The opencode that made the session notes when requests went out: 2.0 and later. */
  readonly notesRequests: boolean;
  /** The model that the turn was asked of. */
  readonly asked: ModelFacts | null;
  /** The requests for it that failed and were to be made again, ascending in time. */
  readonly retries: readonly KnownRetry[];
  /** The recorded requests of its time, ascending. */
  readonly requests: readonly WireRequest[];
  /** The earliest moment at which its first request can have gone out, ms since the epoch. */
  readonly notBefore: number;
  /** looptrace had it aborted: opencode's own note of that says nothing of its own. */
  readonly isWantedEnd: boolean;
}

/** An assistant message: one step of the loop, with its one call. */
export function readAnswer(message: AssistantMessageV2, context: AnswerContext): Answer {
  const { id, agent, content, snapshot, finish, time } = message;
  const isAborted = context.isWantedEnd && message.error?.name === "aborted";
  const error = isAborted ? undefined : message.error;
  // A clock can be set back.
  const completed = isAborted || time.completed === undefined ? null : Math.max(time.completed, time.created);
  const tools = toolsOf(message);
  const isSubtask = isTaskAlone(message, context);
  const recorded = isSubtask ? [] : recordedRequests(message, context.requests);
  return {
    kind: "answer",
    id,
    index: context.index,
    created: time.created,
    completed,
    lastMoment: lastMomentOf(message),
    agent: agent ?? null,
    mode: null,
    step: isSubtask ? "subtask" : "answer",
    summary: null,
    answers: null,
    call: isSubtask ? null : callOf(message, tools, context, recorded.at(-1)),
    dead: recorded.length > 0 ? recordedDead(message, context, recorded) : deadRequests(message, context),
    tools,
    patches: patchesOf(snapshot),
    error: error ? { name: error.name, data: error.data } : null,
    finish: (isAborted ? undefined : finish) ?? null,
    structured: null,
    notes: content.length > 0 || message.unknownContent.length === 0 ? [] : [UNREAD],
  };

  function toolsOf({ content: items }: AssistantMessageV2): Answer["tools"] {
    const seen = new Map<string, number>();
    return items.filter(isTool).map((tool) => {
      const repeated = seen.get(tool.id) ?? 0;
      seen.set(tool.id, repeated + 1);
      return readTool(tool, { messageId: id, repeated, created: time.created, completed: time.completed });
    });
  }
}

const UNREAD = "Its content is of kinds that this version of looptrace does not read.";

/** A command that a person ran in the session: no model was asked. @param index its place among the answers */
export function readShell(message: ShellMessage, index: number): Answer {
  const tool = readCommand(message);
  const { created } = message.time;
  return {
    kind: "answer",
    id: message.id,
    index,
    created,
    completed: tool.end,
    lastMoment: tool.end ?? created,
    agent: null,
    mode: null,
    step: "command",
    summary: null,
    answers: null,
    call: null,
    dead: [],
    tools: [tool],
    patches: [],
    error: null,
    finish: null,
    structured: null,
    notes: [],
  };
}

/** What opencode recorded of tokens, as a session model has them. */
export function usageOf({ input, output, reasoning, cache }: Tokens): RecordedTokens["usage"] {
  return { input, output, reasoning, cacheRead: cache.read, cacheWrite: cache.write };
}

/** A model as opencode 2 names it; where no variant was chosen it says `default`. */
export function modelFacts(
  model: { readonly id: string; readonly providerID: string; readonly variant?: string | undefined } | undefined,
): ModelFacts | null {
  if (!model) return null;
  return {
    providerId: model.providerID || "unknown",
    modelId: model.id,
    variant: model.variant === "default" ? null : (model.variant ?? null),
  };
}

/** @param recorded the request that was answered; undefined where it was not recorded */
function callOf(
  message: AssistantMessageV2,
  tools: Answer["tools"],
  context: AnswerContext,
  recorded: WireRequest | undefined,
): ModelCall {
  const { finish, rawFinish, time, retry } = message;
  const isAnswered = finish !== undefined && finish !== "error";
  const finished = isAnswered || time.streamed !== undefined;
  return {
    model: modelFacts(message.model) ?? context.asked,
    request: recorded ? { at: recorded.at, timing: "exact" } : requestOf(message, context),
    firstContentAt: (recorded && recordedContentAt(recorded.exchange)) ?? firstContentAt(message),
    outputEnd: (recorded && recordedEnd(recorded.exchange)) ?? outputEndOf(message, tools),
    finished,
    answered: isAnswered,
    output: finished ? outputOf(message) : cutOffOutput(outputOf(message), recorded?.exchange),
    finish: finish ?? null,
    rawFinish: rawFinish ?? null,
    failure: retry?.error ? { at: time.created, error: retry.error, evidence: "events" } : null,
    tooLarge: false,
    recorded: recordedOf(message),
    ...(recorded ? { exchange: recorded.exchange } : {}),
  };
}

/** The recorded requests that were made for an answer, the answered one last; empty where none is known to be it. */
function recordedRequests(message: AssistantMessageV2, requests: readonly WireRequest[]): readonly WireRequest[] {
  const { streamed, completed } = message.time;
  const answeredBy = firstContentAt(message) ?? streamed ?? completed ?? Number.POSITIVE_INFINITY;
  return requestsOfAnswer(requests, ({ at }) => at <= answeredBy);
}

/** @param recorded the requests of the answer, the answered one last */
function recordedDead(
  { id }: AssistantMessageV2,
  { retries }: AnswerContext,
  recorded: readonly WireRequest[],
): readonly DeadRequest[] {
  return recorded.slice(0, -1).map(({ exchange, at, endedAt }, index): DeadRequest => {
    const end = recorded[index + 1]?.at ?? at;
    const error = wireError(exchange);
    const told = retries.find((retry) => retry.at >= at && retry.at < end);
    return {
      id: `${id}/${index}`,
      start: at,
      end,
      timing: "exact",
      failure: error
        ? { at: Math.min(endedAt, end), error, evidence: "wire" }
        : told
          ? { at: told.at, error: told.error, evidence: "events" }
          : null,
      output: recordedOutput(exchange) ?? { thinking: null, text: null, toolCalls: [] },
      exchange,
    };
  });
}

/**
 * When the request went out. Builds before 2.0 noted when the answer to the first attempt began, and so do messages
 * that a fork copied; what came from opencode 1 has when the message was made.
 */
function requestOf({ time, finish }: AssistantMessageV2, { notesRequests, retries }: AnswerContext): Moment {
  const isNoted = notesRequests && (time.streamed !== undefined || finish === undefined || finish === "error");
  if (isNoted) return { at: time.created, timing: "exact" };
  const again = retries.at(-1)?.next;
  return again === undefined || again <= time.created
    ? { at: time.created, timing: "bounded" }
    : { at: again, timing: "exact" };
}

/** When the first content is known to have come in: a text has no time, so that one before all else hides it. */
function firstContentAt({ content }: AssistantMessageV2): number | null {
  let first: number | null = null;
  for (const item of content) {
    if (item.type === "text") {
      if (item.text !== "") break;
      continue;
    }
    const at = item.time?.created;
    if (at !== undefined) first = Math.min(first ?? at, at);
  }
  return first;
}

/** Tools wait for the end of the answer, so that without a note of it the first that ran tells it best. */
function outputEndOf({ time, content, finish, error }: AssistantMessageV2, tools: Answer["tools"]): Moment | null {
  if (time.streamed !== undefined) return { at: time.streamed, timing: "exact" };
  const ran = content.flatMap((item) => (isTool(item) && item.executed !== true ? (item.time.ran ?? []) : []));
  if (ran.length > 0) return { at: ran.reduce((first, at) => Math.min(first, at)), timing: "bounded" };
  if (finish === undefined || error !== undefined || time.completed === undefined) return null;
  return { at: tools.reduce((at, tool) => Math.min(at, tool.start), time.completed), timing: "bounded" };
}

/** What the model answered; empty texts count as none. */
function outputOf({ content }: AssistantMessageV2): CallOutput {
  const joined = (type: "text" | "reasoning"): string | null => {
    const texts = content.flatMap((item) => (item.type === type && item.text !== "" ? [item.text] : []));
    return texts.length === 0 ? null : texts.join("\n\n");
  };
  return {
    thinking: joined("reasoning"),
    text: joined("text"),
    toolCalls: content.filter(isTool).map(({ id, name, state }) => ({ id, name, arguments: state.input ?? null })),
  };
}

function recordedOf({ tokens, cost }: AssistantMessageV2): RecordedTokens {
  const none = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 };
  return {
    usage: tokens ? usageOf(tokens) : none,
    total: tokens?.total ?? null,
    untrue: tokens?.untrue ?? { prompt: false, output: false },
    elsewhere: null,
    cost,
  };
}

/** opencode keeps nothing of a request that failed before its answer began. */
function deadRequests({ id, time }: AssistantMessageV2, context: AnswerContext): readonly DeadRequest[] {
  const { retries, notBefore } = context;
  let start = Math.min(notBefore, retries[0]?.at ?? notBefore);
  return retries.map(({ at, next, error }, index): DeadRequest => {
    const isLast = index === retries.length - 1;
    const sent = isLast && context.notesRequests ? time.created : Math.max(next, at);
    const dead: DeadRequest = {
      id: `${id}/${index}`,
      start,
      end: Math.max(sent, at, start),
      // When the first one went out is not recorded.
      timing: index === 0 ? "bounded" : "exact",
      failure: { at, error, evidence: "events" },
      output: { thinking: null, text: null, toolCalls: [] },
    };
    start = dead.end;
    return dead;
  });
}

/** In a session that came from opencode 1: a subagent that opencode itself started, without asking a model. */
function isTaskAlone({ content, tokens, finish, error }: AssistantMessageV2, context: AnswerContext): boolean {
  if (context.notesRequests || finish !== undefined || error !== undefined || content.length === 0) return false;
  const used = tokens ? tokens.input + tokens.output + tokens.reasoning + tokens.cache.read + tokens.cache.write : 0;
  return used === 0 && content.every((item) => isTool(item) && item.name === "task");
}

function patchesOf(snapshot: AssistantMessageV2["snapshot"]): readonly Patch[] {
  if (!snapshot || snapshot.files.length === 0) return [];
  return [{ hash: snapshot.start ?? snapshot.end ?? "", files: snapshot.files }];
}

function lastMomentOf({ time, content }: AssistantMessageV2): number {
  const times = content.flatMap((item) => {
    if (item.type === "text") return [];
    if (item.type === "reasoning") return [item.time?.created, item.time?.completed];
    return [item.time.created, item.time.ran, item.time.completed];
  });
  return [time.streamed, time.completed, ...times].reduce<number>(
    (latest, at) => Math.max(latest, at ?? latest),
    time.created,
  );
}

function isTool(item: AssistantMessageV2["content"][number]): item is ToolContent {
  return item.type === "tool";
}
