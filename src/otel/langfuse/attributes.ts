/** What Langfuse is told of each kind of span, by its own names, and a little by OTel's GenAI conventions beside them. */
import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import type { Attributes } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_DEFINITIONS,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
} from "@opentelemetry/semantic-conventions/incubating";
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
  WireFacts,
  WireTables,
} from "../../trace/model.js";
import { NO_USAGE, recordedUsage } from "../../trace/usage.js";
import { cleanText } from "../clean-value.js";
import { addGenAiUsage, genAiUsage } from "../facts/gen-ai-usage.js";
import { fullInput, type GivenTexts, NOTHING_NEW } from "../facts/given-texts.js";
import { loopFacts } from "../facts/loop-facts.js";
import { providerName } from "../facts/provider-name.js";
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
} from "../facts/verdicts.js";
import type { SpanFace } from "../span-profile.js";
import type { TraceContext } from "../trace-context.js";
import { chatInput } from "./chat-input.js";
import { chatOutput } from "./chat-output.js";
import { observation } from "./observation.js";
import { shownFiles } from "./shown-files.js";
import { stepOutput } from "./step-output.js";
import { usageDetails } from "./usage-details.js";

type Look = Pick<SpanFace, "shared" | "own" | "failure">;

export function loopAttributes(loop: Loop, context: TraceContext, root: boolean): Look {
  return observation(context, "agent", {
    input: shownFiles(loop.input, context.files),
    // A failed turn's output is its error, and a silent one's says so: Langfuse's session page hides a root without.
    output: loop.error ? { error: loop.error, text: loop.output } : (loop.output ?? { text: null }),
    verdict: loopVerdict(loop),
    kind: "loop",
    metadata: loopMetadata(loop, context, root),
    extra: {
      [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
      ...(loop.agent === null ? {} : { [ATTR_GEN_AI_AGENT_NAME]: loop.agent }),
      // Below another program's span Langfuse would take the loop for no root at all; exactly one span may say this.
      ...(root && context.options.parent ? { [LangfuseOtelSpanAttributes.IS_APP_ROOT]: true } : {}),
    },
  });
}

export function stepAttributes(step: Step, loop: Loop, context: TraceContext): Look {
  return observation(context, "span", {
    output: stepOutput(step),
    verdict: stepVerdict(step, loop),
    kind: "step",
    metadata: stepFacts(step, step.agent === loop.agent ? null : step.agent),
  });
}

/** @param given what it was given and no call of its loop before it; undefined where its request was not recorded */
export function callAttributes(
  call: Call,
  step: Step,
  loop: Loop,
  context: TraceContext,
  given: GivenTexts | undefined,
): Look {
  const { model, usage, usageDoubt } = call;
  const { wire } = context.trace;
  const isUsageKnown = usage !== null || usageDoubt?.kind === "partial";
  const input = shownFiles(chatInput(fullInput(call, wire) ?? call.input), context.files);
  const { output, left } = chatOutput(call.output, input, context.textLimit);
  return observation(context, "generation", {
    input,
    output,
    verdict: callVerdict(call, step, loop),
    kind: "call",
    metadata: callMetadata(call, step, loop, left, context.trace.wire, given),
    generation: {
      model: model ? cleanText(model.modelId, context.textLimit) : undefined,
      modelParameters: parametersOf(call, context),
      usageDetails: usageDetails(loop.copied ? NO_USAGE : recordedUsage(call), isUsageKnown),
      // Only what opencode priced: without a cost Langfuse prices from its own table of models.
      costDetails: call.cost !== null && !loop.copied ? { total: call.cost } : undefined,
      firstTokenAt: call.firstTokenAt ?? undefined,
    },
    extra: callExtra(call, loop, given),
  });
}

/** Written field by field: an object that is put together of others is the slowest to make. */
function callExtra(call: Call, loop: Loop, given: GivenTexts | undefined): Attributes {
  const { model } = call;
  const extra: Attributes = { [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_CHAT };
  if (model) {
    extra[ATTR_GEN_AI_PROVIDER_NAME] = providerName(model.providerId);
    extra[ATTR_GEN_AI_REQUEST_MODEL] = model.modelId;
  }
  if (call.finish !== null) extra[ATTR_GEN_AI_RESPONSE_FINISH_REASONS] = [call.finish];
  if (!loop.copied) addGenAiUsage(call, extra);
  return call.wire === undefined ? extra : { ...extra, ...wireAttributes(call, given) };
}

/** Of most calls nothing was recorded: their facts are not copied. @param left whether there was too much to draw */
function callMetadata(
  call: Call,
  step: Step,
  loop: Loop,
  left: boolean,
  tables: WireTables | undefined,
  given: GivenTexts | undefined,
): SpanFacts {
  const facts = callFacts(call, step, loop);
  if (!left && call.wire === undefined && given === undefined) return facts;
  return {
    ...facts,
    messages: left ? "left out: Langfuse draws no Markdown of so much text" : undefined,
    ...wireMetadata(call, tables, given),
  };
}

/** What opencode itself was at. */
export function phaseAttributes(phase: OwnPhase, context: TraceContext): Look {
  return observation(context, "span", { verdict: PHASE_VERDICT, kind: "phase", metadata: phaseFacts(phase) });
}

/** A call beside the steps: what it wrote is known from the wire alone. */
export function otherCallAttributes(call: OtherCall, context: TraceContext): Look {
  const { model, usage, cost } = call;
  return observation(context, "generation", {
    output: call.output,
    verdict: otherCallVerdict(call),
    kind: "otherCall",
    metadata: { ...otherCallFacts(call), ...wireMetadata(call, context.trace.wire) },
    generation: {
      ...(model ? { model: cleanText(model.modelId, context.textLimit) } : {}),
      modelParameters: parametersOf({ model }, context),
      usageDetails: usageDetails(usage ?? NO_USAGE, usage !== null),
      ...(cost === null ? {} : { costDetails: { total: cost } }),
    },
    extra: {
      [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_CHAT,
      ...modelAttributes(model),
      ...genAiUsage({ usage, usageDoubt: null }),
      ...wireAttributes(call),
    },
  });
}

export function toolAttributes(tool: Tool, context: TraceContext): Look {
  return observation(context, "tool", {
    input: tool.input,
    output: tool.attachments.length > 0 ? { output: tool.output, attachments: tool.attachments } : tool.output,
    verdict: toolVerdict(tool),
    kind: "tool",
    metadata: toolFacts(tool),
    // gen_ai.tool.name is left out on purpose: Langfuse would rename the span to it.
    extra: {
      [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
      [ATTR_GEN_AI_TOOL_CALL_ID]: tool.callId,
    },
  });
}

export function innerCallAttributes(call: InnerCall, tool: Tool, context: TraceContext): Look {
  return observation(context, "tool", {
    input: call.input,
    verdict: innerCallVerdict(call),
    kind: "tool",
    metadata: innerCallFacts(call, tool),
    extra: { [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL },
  });
}

export function retryAttributes(retry: Retry, context: TraceContext): Look {
  const { output, error } = retry;
  return observation(context, "span", {
    output: output.text !== null || output.thinking !== null ? output : undefined,
    verdict: retryVerdict(retry),
    kind: "retry",
    metadata: { ...retryFacts(retry), ...wireMetadata(retry, undefined) },
    ...(error ? { extra: { [ATTR_ERROR_TYPE]: error.code } } : {}),
  });
}

export function eventAttributes(event: StepEvent, context: TraceContext): Look {
  return observation(context, "event", { verdict: eventVerdict(event), kind: "event", metadata: eventFacts(event) });
}

function modelAttributes(model: ModelFacts | null): Attributes {
  if (!model) return {};
  return { [ATTR_GEN_AI_PROVIDER_NAME]: providerName(model.providerId), [ATTR_GEN_AI_REQUEST_MODEL]: model.modelId };
}

/** The root's title is its trace's name, unless that is another or only its beginning. */
function loopMetadata(loop: Loop, context: TraceContext, root: boolean): SpanFacts {
  const facts = loopFacts(loop, context, root);
  const isName = facts.title === context.shared[LangfuseOtelSpanAttributes.TRACE_NAME];
  return isName ? { ...facts, title: undefined } : facts;
}

function parametersOf(
  { model, agent = null, mode = null }: Pick<Call, "model"> & Partial<Pick<Call, "agent" | "mode">>,
  { textLimit }: TraceContext,
): Record<string, string> {
  const parameters: Record<string, string> = {};
  const { providerId, variant = null } = model ?? {};
  if (providerId !== undefined) parameters.provider = cleanText(providerId, textLimit);
  if (agent !== null) parameters.agent = cleanText(agent, textLimit);
  if (mode !== null) parameters.mode = cleanText(mode, textLimit);
  if (variant !== null) parameters.variant = cleanText(variant, textLimit);
  return parameters;
}

/**
 * For the metadata. Langfuse shows a list of `tools` beside the messages of the input; by name alone it would not take
 * them for tools.
 */
function wireMetadata(
  request: { readonly wire?: WireFacts; readonly start: number },
  tables: WireTables | undefined,
  { system, tools }: GivenTexts = NOTHING_NEW,
): SpanFacts {
  return { ...requestFacts(request, tables), tools, systemPrompt: system, ...givenHashes(request) };
}

function wireAttributes(
  { wire }: { readonly wire?: WireFacts },
  { system, tools }: GivenTexts = NOTHING_NEW,
): Attributes {
  if (!wire) return {};
  return {
    ...(wire.responseId === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_ID]: wire.responseId }),
    ...(wire.responseModel === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_MODEL]: wire.responseModel }),
    ...(system === null
      ? {}
      : { [ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]: JSON.stringify([{ type: "text", content: system }]) }),
    ...(tools === null ? {} : { [ATTR_GEN_AI_TOOL_DEFINITIONS]: JSON.stringify(tools) }),
  };
}
