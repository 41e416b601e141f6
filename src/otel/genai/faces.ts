/** What each kind of span tells by OpenTelemetry's GenAI conventions, and by names of looptrace's own beside them. */
import type { Attributes } from "@opentelemetry/api";
import type {
  Call,
  InnerCall,
  Loop,
  ModelFacts,
  OtherCall,
  OwnPhase,
  Retry,
  Step,
  StepEvent,
  Tool,
} from "../../trace/model.js";
import { cleanAttributes, cleanText, cleanValue } from "../clean-value.js";
import { genAiUsage } from "../facts/gen-ai-usage.js";
import { fullInput, type GivenTexts, NOTHING_NEW } from "../facts/given-texts.js";
import { loopFacts } from "../facts/loop-facts.js";
import { givenHashes, requestFacts } from "../facts/request-facts.js";
import {
  callFacts,
  eventFacts,
  innerCallFacts,
  otherCallFacts,
  phaseFacts,
  retryFacts,
  type SpanFacts,
  stepFacts,
  toolFacts,
} from "../facts/span-facts.js";
import { spanNames } from "../facts/span-names.js";
import {
  callVerdict,
  eventVerdict,
  innerCallVerdict,
  loopVerdict,
  otherCallVerdict,
  PHASE_VERDICT,
  retryVerdict,
  stepVerdict,
  toolVerdict,
  type Verdict,
} from "../facts/verdicts.js";
import { attributeList } from "../span-data.js";
import type { SpanFace } from "../span-profile.js";
import type { TraceContext } from "../trace-context.js";
import { traceTags } from "../trace-tags.js";
import {
  agentAttributes,
  chatAttributes,
  modelAttributes,
  responseAttributes,
  toolAttributes,
} from "./common-attributes.js";
import { names, operations } from "./conventions.js";
import { attributeValue, looptraceAttributes } from "./looptrace-attributes.js";
import { answerMessages, finishReason, inputMessages, outputMessages, toolDefinitions } from "./messages.js";
import { seconds } from "./seconds.js";

interface About {
  /** What the conventions call it; looptrace's own name where they have none for it. */
  readonly name?: string;
  readonly kind?: SpanFace["kind"];
  /** looptrace's own name of the span. */
  readonly ownName: string;
  readonly verdict: Verdict;
  readonly attributes?: Attributes;
  /** What is sent as JSON; nothing where it is undefined, or an empty list. */
  readonly json?: Readonly<Record<string, unknown>>;
  readonly facts: SpanFacts;
}

function face(context: TraceContext, about: About): SpanFace {
  const { textLimit } = context;
  const { error, level, statusMessage } = about.verdict;
  const said = error?.message ?? statusMessage;
  const message = said === undefined ? undefined : cleanText(said, textLimit);
  const attributes: Attributes = {
    ...cleanAttributes(about.attributes ?? {}, textLimit),
    ...(error ? { [names.errorType]: error.code } : {}),
    ...context.shared,
    ...jsonAttributes(about.json ?? {}, textLimit),
    "looptrace.name": cleanText(about.ownName, textLimit),
    ...(level === "DEFAULT" ? {} : { "looptrace.level": level.toLowerCase() }),
    ...(error || message === undefined ? {} : { "looptrace.status_message": message }),
    ...looptraceAttributes({ ...about.facts, ...(error ? { error } : {}) }, textLimit),
  };
  return {
    name: about.name ?? about.ownName,
    kind: about.kind ?? "internal",
    shared: NOTHING_SHARED,
    own: attributeList(attributes),
    failure: error && message !== undefined ? { type: error.code, message } : null,
  };
}

/** What all spans of a trace say stands between what they say themselves. */
const NOTHING_SHARED: Attributes = {};

/** The texts in it are shortened, not the JSON: what is cut in two can no longer be read. */
function jsonAttributes(values: Readonly<Record<string, unknown>>, limit: number): Attributes {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined || value === null || (Array.isArray(value) && value.length === 0)
        ? []
        : [[name, JSON.stringify(cleanValue(value, limit))]],
    ),
  );
}

/**
 * Tokens are on the calls alone, as attributes that the conventions name: a backend that adds up a trace would count
 * them twice. The loop's sums are `looptrace.totals.*`.
 */
export function loopFace(loop: Loop, context: TraceContext, root: boolean): SpanFace {
  const { trace, options, textLimit } = context;
  const { agent: _, ...facts } = loopFacts(loop, { ...context, options: { ...options, metadata: {} } }, root);
  const finish = loop.error ? "error" : "stop";
  return face(context, {
    name: loop.agent === null ? operations.agent : `${operations.agent} ${loop.agent}`,
    ownName: spanNames.loop,
    verdict: loopVerdict(loop),
    attributes: {
      [names.operationName]: operations.agent,
      ...modelAttributes(loop.model),
      ...agentAttributes(loop.agent),
      [names.agentVersion]: trace.session.opencodeVersion,
      ...(root ? { "looptrace.tags": traceTags(loop, options) } : {}),
      ...(root && options.traceName !== undefined ? { "looptrace.trace_name": options.traceName } : {}),
      ...(root ? metadataAttributes(options.metadata ?? {}, textLimit) : {}),
    },
    json: {
      [names.inputMessages]: inputMessages(loop.input),
      [names.outputMessages]: answerMessages(loop.output, finish),
    },
    facts,
  });
}

export function phaseFace(phase: OwnPhase, context: TraceContext): SpanFace {
  return face(context, { ownName: spanNames.phase(phase), verdict: PHASE_VERDICT, facts: phaseFacts(phase) });
}

export function stepFace(step: Step, loop: Loop, context: TraceContext): SpanFace {
  const { agent, ...facts } = stepFacts(step);
  return face(context, {
    ownName: spanNames.step(step),
    verdict: stepVerdict(step, loop),
    attributes: agentAttributes(step.agent),
    facts,
  });
}

export function callFace(
  call: Call,
  step: Step,
  loop: Loop,
  context: TraceContext,
  given: GivenTexts = NOTHING_NEW,
): SpanFace {
  const { model, wire } = call;
  const { agent: _a, finish: _f, ...facts } = callFacts(call, step, loop);
  const verdict = callVerdict(call, step, loop);
  const finish = call.finish === null ? (verdict.error ? "error" : "unknown") : finishReason(call.finish);
  const firstChunkAt = wire?.firstByteAt ?? call.firstTokenAt;
  return face(context, {
    ...chatSpan(model),
    ownName: spanNames.call(call),
    verdict,
    attributes: {
      ...chatAttributes(model),
      ...agentAttributes(call.agent),
      ...(call.finish === null ? {} : { [names.finishReasons]: [finish] }),
      ...(firstChunkAt === null
        ? {}
        : { [names.requestStream]: true, [names.timeToFirstChunk]: seconds(firstChunkAt - call.start) }),
      ...(loop.copied ? {} : genAiUsage(call)),
      ...responseAttributes(call),
      ...(call.cost === null || loop.copied ? {} : { "looptrace.cost_usd": call.cost }),
    },
    json: {
      [names.systemInstructions]: given.system === null ? null : [{ type: "text", content: given.system }],
      [names.toolDefinitions]: given.tools === null ? null : toolDefinitions(given.tools),
      [names.inputMessages]: inputMessages(fullInput(call, context.trace.wire) ?? call.input),
      [names.outputMessages]: outputMessages(call.output, finish),
    },
    facts: { ...facts, ...requestFacts(call, context.trace.wire), ...givenHashes(call) },
  });
}

/** A call beside the steps: what it wrote is known from the wire alone. */
export function otherCallFace(call: OtherCall, context: TraceContext): SpanFace {
  const { model, usage, cost, wire } = call;
  const { statusMessage } = otherCallVerdict(call);
  return face(context, {
    ...chatSpan(model),
    ownName: spanNames.otherCall,
    verdict:
      statusMessage === undefined
        ? { error: null, level: "DEFAULT" }
        : { error: { code: String(wire?.status), message: statusMessage }, level: "ERROR" },
    attributes: {
      ...chatAttributes(model),
      ...genAiUsage({ usage, usageDoubt: null }),
      ...responseAttributes(call),
      ...(cost === null ? {} : { "looptrace.cost_usd": cost }),
    },
    json: { [names.outputMessages]: call.output ? outputMessages(call.output, "stop") : null },
    facts: { ...otherCallFacts(call), ...requestFacts(call, context.trace.wire), ...givenHashes(call) },
  });
}

/** An attempt that failed is a request to the model like any other. It was for the call that followed it. */
export function retryFace(retry: Retry, step: Step, context: TraceContext): SpanFace {
  const model = step.call?.model ?? null;
  const { error: _, ...facts } = retryFacts(retry);
  const { level, statusMessage = "" } = retryVerdict(retry);
  const error = retry.error ?? { code: "_OTHER", message: statusMessage };
  return face(context, {
    ...chatSpan(model),
    ownName: spanNames.retry,
    verdict: { error, level },
    attributes: {
      ...chatAttributes(model),
      ...agentAttributes(step.agent),
      ...responseAttributes(retry),
    },
    json: { [names.outputMessages]: outputMessages(retry.output, "error") },
    facts: { ...facts, ...requestFacts(retry, undefined), ...givenHashes(retry) },
  });
}

export function toolFace(tool: Tool, context: TraceContext): SpanFace {
  const { tool_call_id: _, ...facts } = toolFacts(tool);
  const files = tool.attachments.length > 0 ? { attachments: tool.attachments } : {};
  return face(context, {
    name: `${operations.tool} ${tool.name}`,
    ownName: spanNames.tool(tool),
    verdict: toolVerdict(tool),
    attributes: {
      ...toolAttributes(tool.name, tool.origin),
      [names.toolCallId]: tool.callId,
    },
    json: {
      [names.toolArguments]: tool.input,
      // The conventions want an object, and only of a tool that did not fail.
      [names.toolResult]: tool.failure || tool.output === null ? null : { output: tool.output, ...files },
    },
    facts: { ...facts, ...(tool.failure && tool.output !== null ? { toldModel: tool.output } : {}) },
  });
}

export function innerCallFace(call: InnerCall, tool: Tool, context: TraceContext): SpanFace {
  return face(context, {
    name: `${operations.tool} ${call.name}`,
    ownName: spanNames.tool(call),
    verdict: innerCallVerdict(call),
    attributes: toolAttributes(call.name, "mcp"),
    json: { [names.toolArguments]: call.input },
    facts: innerCallFacts(call, tool),
  });
}

export function eventFace(event: StepEvent, context: TraceContext): SpanFace {
  return face(context, { ownName: spanNames.event(event), verdict: eventVerdict(event), facts: eventFacts(event) });
}

function chatSpan(model: ModelFacts | null): Pick<SpanFace, "name" | "kind"> {
  return { name: model === null ? operations.chat : `${operations.chat} ${model.modelId}`, kind: "client" };
}

/** The caller's own, under the caller's names. */
function metadataAttributes(metadata: Readonly<Record<string, unknown>>, limit: number): Attributes {
  return Object.fromEntries(
    Object.entries(metadata).flatMap(([key, value]) =>
      value === undefined || value === null
        ? []
        : [[`looptrace.metadata.${key.toWellFormed()}`, attributeValue(value, limit)]],
    ),
  );
}
