import type { Attributes } from "@opentelemetry/api";
import type { Call, InnerCall, Loop, LoopTrace, OtherCall, OwnPhase, Step, StepEvent, Tool } from "../trace/model.js";
import { withUserPrices } from "../trace/user-priced.js";
import { cleanText } from "./clean-value.js";
import { type GivenTexts, givenTexts } from "./facts/given-texts.js";
import type { FileShelf } from "./file-shelf.js";
import { JsonText } from "./json-text.js";
import type { TraceOptions } from "./options.js";
import { spanProfile } from "./profiles.js";
import type { SpanData, SpanParent, SpanToWrite } from "./span-data.js";
import type { SpanFace, SpanProfile, SpanProfileName } from "./span-profile.js";
import { type TraceContext, traceContext } from "./trace-context.js";
import { withoutContent } from "./without-content.js";

/**
 * A trace as spans, before the OTel SDK: names, ids, parents, times and attributes.
 *
 * Parents come before their children, except the root, which is last: it is sent when all others are. The same trace
 * with the same options has the same spans. Secrets are not masked here: `maskFor` does that.
 *
 * @param profileName for whom: ids, times and the tree do not depend on it
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
export function describeTrace(
  trace: LoopTrace,
  options: TraceOptions = {},
  profileName: SpanProfileName = "langfuse",
): readonly SpanData[] {
  return spansToDescribe(trace, options, profileName).map(({ describe }) => {
    const { shared, own, ...span } = describe();
    const plain = own.map(([name, value]) => [name, value instanceof JsonText ? String(value) : value] as const);
    return { ...span, attributes: { ...shared, ...Object.fromEntries(plain) } };
  });
}

/** A span that is described when it is its turn, so that the texts of a whole trace are never in memory twice. */
export interface SpanToDescribe {
  readonly spanId: string;
  readonly describe: () => SpanToWrite;
}

/**
 * The same for what is sent, one by one; only the root is described at once, so that its files come first.
 *
 * @param files takes the files that stand in the trace, to which the spans then refer; without it they are described
 */
export function spansToDescribe(
  trace: LoopTrace,
  options: TraceOptions,
  profileName: SpanProfileName,
  files?: FileShelf,
): readonly SpanToDescribe[] {
  const profile = spanProfile(profileName);
  const [priced = trace] = withUserPrices([trace], options.prices);
  const shown = options.content === false ? withoutContent(priced) : priced;
  const context = traceContext(shown, options, profile.shared, files);
  const parent: SpanParent | null = options.parent ? { spanId: options.parent.spanId, remote: true } : null;
  const [root, ...rest] = loopSpans(context.trace.loop, parent, { ...context, profile, ofTrace: context.shared }, true);
  if (!root) return rest;
  const { links = [] } = options;
  const described = links.length > 0 ? { ...root.describe(), links } : root.describe();
  return [...rest, { spanId: root.spanId, describe: () => described }];
}

interface Walk extends TraceContext {
  readonly profile: SpanProfile;
  /** What stands on the spans of the turn's own loop. */
  readonly ofTrace: Attributes;
}

function loopSpans(loop: Loop, parent: SpanParent | null, around: Walk, root: boolean): SpanToDescribe[] {
  const walk = root ? around : subagentWalk(loop, around);
  const given = givenTexts(loop, walk.trace.wire);
  const below = { spanId: loop.spanId, remote: false };
  return [
    span(loop, parent, () => walk.profile.loop(loop, walk, root), walk),
    ...loop.steps.flatMap((step) => stepSpans(step, loop, walk, given)),
    ...(loop.otherCalls ?? []).map((call) => otherCallSpan(call, below, walk)),
    ...loop.loops.flatMap((one) => loopSpans(one, below, walk, false)),
    ...phaseSpans([...loop.around, ...loop.phases], below, walk),
  ];
}

/** Opencode's own, where they are wanted. */
function phaseSpans(phases: readonly OwnPhase[], parent: SpanParent, walk: Walk): SpanToDescribe[] {
  if (walk.options.phases !== true) return [];
  return phases.map((phase) => span(phase, parent, () => walk.profile.phase(phase, walk), walk));
}

function subagentWalk(loop: Loop, walk: Walk): Walk {
  return { ...walk, shared: walk.profile.sharedBelow(loop, walk.ofTrace, (text) => cleanText(text, walk.textLimit)) };
}

function stepSpans(step: Step, loop: Loop, walk: Walk, given: ReadonlyMap<string, GivenTexts>): SpanToDescribe[] {
  const { profile } = walk;
  const below = { spanId: step.spanId, remote: false };
  return [
    span(step, { spanId: loop.spanId, remote: false }, () => profile.step(step, loop, walk), walk),
    ...step.events.map((event) => eventSpan(event, below, walk)),
    ...step.retries.map((retry) => span(retry, below, () => profile.retry(retry, step, walk), walk)),
    ...(step.call ? [callSpan(step.call, step, loop, walk, given)] : []),
    ...step.tools.flatMap((tool) => toolSpans(tool, below, walk)),
    ...step.loops.flatMap((one) => loopSpans(one, below, walk, false)),
    ...phaseSpans(step.phases, below, walk),
  ];
}

function callSpan(
  call: Call,
  step: Step,
  loop: Loop,
  walk: Walk,
  given: ReadonlyMap<string, GivenTexts>,
): SpanToDescribe {
  const face = () => walk.profile.call(call, step, loop, walk, given.get(call.spanId));
  return span(call, { spanId: step.spanId, remote: false }, face, walk);
}

function otherCallSpan(call: OtherCall, parent: SpanParent, walk: Walk): SpanToDescribe {
  return span(call, parent, () => walk.profile.otherCall(call, walk), walk);
}

function toolSpans(tool: Tool, parent: SpanParent, walk: Walk): SpanToDescribe[] {
  const below = { spanId: tool.spanId, remote: false };
  return [
    span(tool, parent, () => walk.profile.tool(tool, walk), walk),
    ...tool.innerCalls.map((call) => innerSpan(call, tool, below, walk)),
    ...tool.loops.flatMap((loop) => loopSpans(loop, below, walk, false)),
  ];
}

/** It was made while its script ran; when is not known. */
function innerSpan(call: InnerCall, tool: Tool, parent: SpanParent, walk: Walk): SpanToDescribe {
  const moment = { spanId: call.spanId, start: tool.start, end: tool.end };
  return span(moment, parent, () => walk.profile.innerCall(call, tool, walk), walk);
}

function eventSpan(event: StepEvent, parent: SpanParent, walk: Walk): SpanToDescribe {
  const moment = { spanId: event.spanId, start: event.at, end: event.at };
  return span(moment, parent, () => walk.profile.event(event, walk), walk);
}

function span(
  at: { readonly spanId: string; readonly start: number; readonly end: number },
  parent: SpanParent | null,
  face: () => SpanFace,
  walk: Walk,
): SpanToDescribe {
  return { spanId: at.spanId, describe: () => spanOf(at, parent, face(), walk) };
}

function spanOf(
  at: { readonly spanId: string; readonly start: number; readonly end: number },
  parent: SpanParent | null,
  { name, kind, shared, own, failure }: SpanFace,
  walk: Walk,
): SpanToWrite {
  return {
    traceId: walk.traceId,
    spanId: at.spanId,
    parent,
    name: cleanText(name, walk.textLimit),
    kind,
    start: at.start,
    end: at.end,
    shared,
    own,
    errorMessage: failure?.message ?? null,
    exception: failure ? { at: at.end, type: failure.type, message: failure.message } : null,
  };
}
