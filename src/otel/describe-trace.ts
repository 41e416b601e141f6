import type { Call, InnerCall, Loop, LoopTrace, OtherCall, Step, StepEvent, Tool } from "../trace/model.js";
import { cleanText } from "./clean-value.js";
import {
  callAttributes,
  eventAttributes,
  innerCallAttributes,
  loopAttributes,
  otherCallAttributes,
  retryAttributes,
  stepAttributes,
  toolAttributes,
} from "./describe-spans.js";
import type { SpanAttributes } from "./observation.js";
import type { TraceOptions } from "./options.js";
import type { SpanData, SpanParent } from "./span-data.js";
import { type TraceContext, traceContext } from "./trace-context.js";
import { type GivenTexts, givenTexts } from "./wire-attributes.js";
import { withoutContent } from "./without-content.js";

/**
 * A trace as spans, before the OTel SDK: names, ids, parents, times and attributes.
 *
 * Parents come before their children, except the root, which is last: it is sent when all others are. The same trace
 * with the same options has the same spans. Secrets are not masked here: `maskFor` does that.
 *
 * @example
 * ```ts
 * import { describeTrace, readSession, traceSession } from "looptrace";
 *
 * const { tree, evidence } = await readSession("ses_e03b66d38ffe7m0arJ0ehJm9sO");
 * const [trace] = traceSession(tree, evidence);
 * for (const { name, start, end } of trace ? describeTrace(trace) : []) console.log(name, end - start, "ms");
 * ```
 */
export function describeTrace(trace: LoopTrace, options: TraceOptions = {}): readonly SpanData[] {
  const context = traceContext(options.content === false ? withoutContent(trace) : trace, options);
  const parent: SpanParent | null = options.parent ? { spanId: options.parent.spanId, remote: true } : null;
  const [root, ...rest] = loopSpans(context.trace.loop, parent, context, true);
  return root ? [...rest, root] : rest;
}

function loopSpans(loop: Loop, parent: SpanParent | null, context: TraceContext, root: boolean): SpanData[] {
  const given = givenTexts(loop, context.trace.wire);
  return [
    span(loop, "opencode.loop", parent, loopAttributes(loop, context, root), context),
    ...loop.steps.flatMap((step) => stepSpans(step, loop, context, given)),
    ...(loop.otherCalls ?? []).map((call) => otherCallSpan(call, loop, context)),
    ...loop.loops.flatMap((below) => loopSpans(below, { spanId: loop.spanId, remote: false }, context, false)),
  ];
}

function stepSpans(step: Step, loop: Loop, context: TraceContext, given: ReadonlyMap<string, GivenTexts>): SpanData[] {
  const parent = { spanId: loop.spanId, remote: false };
  const below = { spanId: step.spanId, remote: false };
  return [
    span(step, `loop.step-${step.index}`, parent, stepAttributes(step, loop, context), context),
    ...step.events.map((event) => eventSpan(event, below, context)),
    ...step.retries.map((retry) => span(retry, "retry", below, retryAttributes(retry, context), context)),
    ...(step.call ? [callSpan(step.call, step, loop, below, context, given.get(step.call.spanId))] : []),
    ...step.tools.flatMap((tool) => toolSpans(tool, below, context)),
    ...step.loops.flatMap((one) => loopSpans(one, below, context, false)),
  ];
}

function callSpan(
  call: Call,
  step: Step,
  loop: Loop,
  parent: SpanParent,
  context: TraceContext,
  given: GivenTexts | undefined,
): SpanData {
  const attributes = callAttributes(call, step, loop, context, given);
  return { ...span(call, `llm-call-${call.index}`, parent, attributes, context), kind: "client" };
}

function otherCallSpan(call: OtherCall, loop: Loop, context: TraceContext): SpanData {
  const parent = { spanId: loop.spanId, remote: false };
  return { ...span(call, "other-call", parent, otherCallAttributes(call, context), context), kind: "client" };
}

function toolSpans(tool: Tool, parent: SpanParent, context: TraceContext): SpanData[] {
  const below = { spanId: tool.spanId, remote: false };
  return [
    span(tool, `tool.${tool.name}`, parent, toolAttributes(tool, context), context),
    ...tool.innerCalls.map((call) => innerSpan(call, tool, below, context)),
    ...tool.loops.flatMap((loop) => loopSpans(loop, below, context, false)),
  ];
}

/** It was made while its script ran; when is not known. */
function innerSpan(call: InnerCall, tool: Tool, parent: SpanParent, context: TraceContext): SpanData {
  const moment = { spanId: call.spanId, start: tool.start, end: tool.end };
  return span(moment, `tool.${call.name}`, parent, innerCallAttributes(call, tool, context), context);
}

function eventSpan(event: StepEvent, parent: SpanParent, context: TraceContext): SpanData {
  const moment = { spanId: event.spanId, start: event.at, end: event.at };
  return span(moment, event.name, parent, eventAttributes(event, context), context);
}

function span(
  at: { readonly spanId: string; readonly start: number; readonly end: number },
  name: string,
  parent: SpanParent | null,
  { attributes, failure }: SpanAttributes,
  context: TraceContext,
): SpanData {
  return {
    traceId: context.traceId,
    spanId: at.spanId,
    parent,
    name: cleanText(name, context.textLimit),
    kind: "internal",
    start: at.start,
    end: at.end,
    attributes,
    errorMessage: failure?.message ?? null,
    exception: failure ? { at: at.end, type: failure.type, message: failure.message } : null,
  };
}
