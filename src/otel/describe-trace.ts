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
  return [...spansToDescribe(trace, options, profileName)].flat().map(({ describe }) => {
    const { shared, own, ...span } = describe();
    const plain = own.names.map((name, index) => {
      const value = own.values[index];
      return [name, value instanceof JsonText ? String(value) : value] as const;
    });
    return { ...span, attributes: { ...shared, ...Object.fromEntries(plain) } };
  });
}

/** A span that is described when it is its turn, so that the texts of a whole trace are never in memory twice. */
export interface SpanToDescribe {
  readonly spanId: string;
  readonly describe: () => SpanToWrite;
}

/**
 * The same for what is sent, a few at a time, as far as the caller has come: of a long trace all of them would outlive
 * several collections of garbage. Only the root is described at once, so that its files come first.
 *
 * @param files takes the files that stand in the trace, to which the spans then refer; without it they are described
 */
export function* spansToDescribe(
  trace: LoopTrace,
  options: TraceOptions,
  profileName: SpanProfileName,
  files?: FileShelf,
): Generator<readonly SpanToDescribe[]> {
  const profile = spanProfile(profileName);
  const [priced = trace] = withUserPrices([trace], options.prices);
  const shown = options.content === false ? withoutContent(priced) : priced;
  const context = traceContext(shown, options, profile.shared, files);
  const walk: Walk = { ...context, profile, ofTrace: context.shared };
  const { loop } = context.trace;
  const parent: SpanParent | null = options.parent ? { spanId: options.parent.spanId, remote: true } : null;
  const { links = [] } = options;
  const root = loopSpan(loop, parent, walk, true).describe();
  const described = links.length > 0 ? { ...root, links } : root;
  yield* spansBelow(loop, walk);
  yield [{ spanId: loop.spanId, describe: () => described }];
}

interface Walk extends TraceContext {
  readonly profile: SpanProfile;
  /** What stands on the spans of the turn's own loop. */
  readonly ofTrace: Attributes;
}

function* subagentSpans(loop: Loop, parent: SpanParent, around: Walk): Generator<readonly SpanToDescribe[]> {
  const walk = subagentWalk(loop, around);
  yield [loopSpan(loop, parent, walk, false)];
  yield* spansBelow(loop, walk);
}

function loopSpan(loop: Loop, parent: SpanParent | null, walk: Walk, root: boolean): SpanToDescribe {
  return span(loop, parent, () => walk.profile.loop(loop, walk, root), walk);
}

function* spansBelow(loop: Loop, walk: Walk): Generator<readonly SpanToDescribe[]> {
  const given = givenTexts(loop, walk.trace.wire);
  const below = { spanId: loop.spanId, remote: false };
  for (const step of loop.steps) yield* stepSpans(step, loop, below, walk, given);
  yield (loop.otherCalls ?? []).map((call) => otherCallSpan(call, below, walk));
  for (const one of loop.loops) yield* subagentSpans(one, below, walk);
  yield phaseSpans([...loop.around, ...loop.phases], below, walk);
}

/** Opencode's own, where they are wanted. */
function phaseSpans(phases: readonly OwnPhase[], parent: SpanParent, walk: Walk): readonly SpanToDescribe[] {
  if (walk.options.phases !== true) return [];
  return phases.map((phase) => span(phase, parent, () => walk.profile.phase(phase, walk), walk));
}

function subagentWalk(loop: Loop, walk: Walk): Walk {
  return { ...walk, shared: walk.profile.sharedBelow(loop, walk.ofTrace, (text) => cleanText(text, walk.textLimit)) };
}

function* stepSpans(
  step: Step,
  loop: Loop,
  parent: SpanParent,
  walk: Walk,
  given: ReadonlyMap<string, GivenTexts>,
): Generator<readonly SpanToDescribe[]> {
  const { profile } = walk;
  const below = { spanId: step.spanId, remote: false };
  const few = [span(step, parent, () => profile.step(step, loop, walk), walk)];
  for (const event of step.events) few.push(eventSpan(event, below, walk));
  for (const retry of step.retries) few.push(span(retry, below, () => profile.retry(retry, step, walk), walk));
  if (step.call) few.push(callSpan(step.call, step, loop, walk, given));
  yield few;
  for (const tool of step.tools) yield* toolSpans(tool, below, walk);
  for (const one of step.loops) yield* subagentSpans(one, below, walk);
  yield phaseSpans(step.phases, below, walk);
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

function* toolSpans(tool: Tool, parent: SpanParent, walk: Walk): Generator<readonly SpanToDescribe[]> {
  const below = { spanId: tool.spanId, remote: false };
  const few = [span(tool, parent, () => walk.profile.tool(tool, walk), walk)];
  for (const call of tool.innerCalls) few.push(innerSpan(call, tool, below, walk));
  yield few;
  for (const loop of tool.loops) yield* subagentSpans(loop, below, walk);
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
