/**
 * The attributes of each kind of span: Langfuse's, built with its own helper, and beside them OTel's GenAI semantic
 * conventions, so that any OTLP backend understands the spans.
 */
import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  GEN_AI_OPERATION_NAME_VALUE_CHAT,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
} from "@opentelemetry/semantic-conventions/incubating";
import type { ErrorFacts } from "../errors/error-facts.js";
import { countMarkers } from "../masking/marker.js";
import { doomLoopText } from "../trace/doom-loop-text.js";
import type { Call, InnerCall, Loop, OtherCall, Retry, Step, StepEvent, Tool, Totals } from "../trace/model.js";
import { otherCallsIn, spentOnOthers } from "../trace/other-calls.js";
import { NO_USAGE, recordedUsage, totalTokens } from "../trace/usage.js";
import { LOOPTRACE_VERSION } from "../version.js";
import { cleanText } from "./clean-value.js";
import { observation, type SpanAttributes } from "./observation.js";
import { providerName } from "./provider-name.js";
import type { TraceContext } from "./trace-context.js";
import { doubtOf, genAiUsage, usageDetails } from "./usage-attributes.js";
import { fullInput, type GivenTexts, wireAttributes, wireMetadata } from "./wire-attributes.js";

export function loopAttributes(loop: Loop, context: TraceContext, root: boolean): SpanAttributes {
  const { trace, options } = context;
  const { session } = trace;
  const about = root
    ? {
        title: session.title,
        directory: session.directory,
        opencodeVersion: session.opencodeVersion,
        looptraceVersion: LOOPTRACE_VERSION,
        turn: session.turn,
        run: loop.run?.id,
        attempt: loop.run?.attempt,
        unread: nonEmpty(session.unread),
        ...options.metadata,
      }
    : { subagentSession: loop.sessionId };
  return observation(context, "agent", {
    input: loop.input,
    // A failed turn's output is its error, and a silent one's says so: Langfuse's session page hides a root without.
    output: loop.error ? { error: loop.error, text: loop.output } : (loop.output ?? { text: null }),
    error: loop.error,
    level: loop.error ? "ERROR" : "DEFAULT",
    metadata: {
      ...about,
      timing: loop.timing,
      outcome: loop.outcome,
      agent: loop.agent,
      userMessage: loop.userMessageId,
      copied: loop.copied ? true : undefined,
      masked: maskedIn(loop) || undefined,
      totals: totalsOf(loop.totals),
      totalsWithSubagents: totalsOf(loop.totalsWithSubagents),
      otherCalls: othersOf(loop),
      timeAccountMs: loop.account,
      unanswered: loop.unanswered.length > 0 ? loop.unanswered : undefined,
      wireNotes: root && trace.wire && trace.wire.notes.length > 0 ? trace.wire.notes : undefined,
      notes: loop.notes.length > 0 ? loop.notes : undefined,
    },
    extra: {
      [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
      ...(loop.agent === null ? {} : { [ATTR_GEN_AI_AGENT_NAME]: loop.agent }),
      // Below another program's span Langfuse would take the loop for no root at all; exactly one span may say this.
      ...(root && options.parent ? { [LangfuseOtelSpanAttributes.IS_APP_ROOT]: true } : {}),
    },
  });
}

export function stepAttributes(step: Step, loop: Loop, context: TraceContext): SpanAttributes {
  const decisive = loop.failedStep === step.index;
  const error = step.call?.error ?? null;
  const failedTools = step.tools.filter(({ failure }) => failure !== null);
  const failed = error !== null || step.retries.length > 0 || failedTools.length > 0;
  const level = decisive ? "ERROR" : failed ? "WARNING" : "DEFAULT";
  return observation(context, "span", {
    input: step.call?.input,
    output: step.call?.output,
    error: decisive ? loop.error : null,
    level,
    statusMessage: level === "WARNING" ? warningOf(step, error, failedTools) : undefined,
    metadata: {
      timing: step.timing,
      outcome: step.outcome,
      kind: step.kind,
      agent: step.agent,
      message: step.messageId,
      timeAccountMs: step.account,
      recovered: step.recovered ? true : undefined,
      notes: step.notes.length > 0 ? step.notes : undefined,
      filesChanged: step.patches.length > 0 ? step.patches.flatMap(({ files }) => files) : undefined,
    },
  });
}

/** @param given what it was given and no call of its loop before it; undefined where its request was not recorded */
export function callAttributes(
  call: Call,
  step: Step,
  loop: Loop,
  context: TraceContext,
  given?: GivenTexts,
): SpanAttributes {
  const { model, usage, usageDoubt, cumulative } = call;
  const decisive = loop.failedStep === step.index;
  const error = call.error ?? (call.outcome === "unfinished" && decisive ? loop.error : null);
  const isUsageKnown = usage !== null || usageDoubt?.kind === "partial";
  return observation(context, "generation", {
    input: fullInput(call, context.trace.wire) ?? call.input,
    output: call.output,
    error,
    level: error ? "ERROR" : "DEFAULT",
    metadata: {
      timing: call.timing,
      outcome: call.outcome,
      provider: model?.providerId,
      agent: call.agent,
      mode: call.mode,
      variant: model?.variant,
      finish: call.finish,
      usage: usageDoubt?.kind ?? (usage ? undefined : "unknown"),
      usageDoubt: doubtOf(usageDoubt),
      // Said, but not counted: the session that was forked has it.
      copiedUsage: loop.copied ? (usage ?? undefined) : undefined,
      recovered: call.error && step.recovered ? true : undefined,
      contextTokens: cumulative.contextTokens,
      contextGrowth: cumulative.contextGrowth,
      cumulative: { ...cumulative.usage, total: totalTokens(cumulative.usage), cost: cumulative.cost },
      cacheHitRatio: cumulative.cacheHitRatio,
      contextCauses: call.contextCauses.length > 0 ? call.contextCauses : undefined,
      outputTokensPerSecond: call.outputTokensPerSecond,
      timeToFirstTokenMs: call.firstTokenAt === null ? undefined : call.firstTokenAt - call.start,
      ...wireMetadata(call, context.trace.wire, given),
    },
    generation: {
      ...(model ? { model: cleanText(model.modelId, context.textLimit) } : {}),
      modelParameters: parametersOf(call, context),
      usageDetails: usageDetails(loop.copied ? NO_USAGE : recordedUsage(call), isUsageKnown),
      // Only what opencode priced: without a cost Langfuse prices from its own table of models.
      ...(call.cost !== null && !loop.copied ? { costDetails: { total: call.cost } } : {}),
      ...(call.firstTokenAt !== null ? { completionStartTime: new Date(call.firstTokenAt) } : {}),
    },
    extra: {
      [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_CHAT,
      ...(model
        ? { [ATTR_GEN_AI_PROVIDER_NAME]: providerName(model.providerId), [ATTR_GEN_AI_REQUEST_MODEL]: model.modelId }
        : {}),
      ...(call.finish === null ? {} : { [ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: [call.finish] }),
      ...(loop.copied ? {} : genAiUsage(call)),
      ...wireAttributes(call, given),
    },
  });
}

/** A call beside the steps: what it wrote is known from the wire alone. */
export function otherCallAttributes(call: OtherCall, context: TraceContext): SpanAttributes {
  const { kind, model, usage, cost } = call;
  const known = { usage, usageDoubt: null };
  const isRefused = (call.wire?.status ?? 0) >= 400;
  return observation(context, "generation", {
    output: call.output,
    error: null,
    level: isRefused ? "WARNING" : "DEFAULT",
    statusMessage: isRefused ? `the provider answered with HTTP status ${call.wire?.status}` : undefined,
    metadata: {
      timing: call.timing,
      kind,
      provider: model?.providerId,
      variant: model?.variant,
      usage: usage ? undefined : "unknown",
      ...wireMetadata(call, context.trace.wire),
    },
    generation: {
      ...(model ? { model: cleanText(model.modelId, context.textLimit) } : {}),
      usageDetails: usageDetails(usage ?? NO_USAGE, usage !== null),
      ...(cost === null ? {} : { costDetails: { total: cost } }),
    },
    extra: {
      [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_CHAT,
      ...(model
        ? {
            [ATTR_GEN_AI_PROVIDER_NAME]: providerName(model.providerId),
            [ATTR_GEN_AI_REQUEST_MODEL]: model.modelId,
          }
        : {}),
      ...genAiUsage(known),
      ...wireAttributes(call),
    },
  });
}

export function toolAttributes(tool: Tool, context: TraceContext): SpanAttributes {
  const { failure } = tool;
  return observation(context, "tool", {
    input: tool.input,
    output: tool.attachments.length > 0 ? { output: tool.output, attachments: tool.attachments } : tool.output,
    error: failure ? { code: failure.kind, ...failure } : null,
    level: failure ? "ERROR" : "DEFAULT",
    metadata: {
      timing: tool.timing,
      outcome: tool.outcome,
      status: tool.status,
      title: tool.title,
      tool_call_id: tool.callId,
      argumentsStreamedFrom: tool.argumentsAt === null ? undefined : new Date(tool.argumentsAt).toISOString(),
      // Where opencode's own start is not to be trusted the tool is taken to begin with its arguments.
      argumentsMs:
        tool.argumentsAt === null || tool.timing === "bounded" ? undefined : Math.max(0, tool.start - tool.argumentsAt),
      permissionWaitMs: tool.permissionWaitMs ?? undefined,
      mcpServer: tool.server,
      providerExecuted: tool.origin === "provider" ? true : undefined,
      subagentSession: tool.childSessionId,
      subagentMissing: tool.subagentMissing ? true : undefined,
      notes: tool.notes.length > 0 ? tool.notes : undefined,
      result: nonEmpty(tool.metadata),
    },
    // gen_ai.tool.name is left out on purpose: Langfuse would rename the span to it.
    extra: {
      [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
      [ATTR_GEN_AI_TOOL_CALL_ID]: tool.callId,
    },
  });
}

export function innerCallAttributes(call: InnerCall, tool: Tool, context: TraceContext): SpanAttributes {
  const failure =
    call.outcome === "failed" ? { code: "failed", message: "The call failed; opencode does not record why." } : null;
  return observation(context, "tool", {
    input: call.input,
    error: failure,
    level: failure ? "ERROR" : "DEFAULT",
    metadata: {
      // Its span is as long as its script's, for want of anything better.
      timing: "bounded",
      durationMs: call.durationMs ?? undefined,
      outcome: call.outcome,
      calledBy: tool.callId,
      mcpServer: call.server,
    },
    extra: { [ATTR_GEN_AI_OPERATION_NAME]: GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL },
  });
}

export function retryAttributes(retry: Retry, context: TraceContext): SpanAttributes {
  return observation(context, "span", {
    output: retry.output.text !== null || retry.output.thinking !== null ? retry.output : undefined,
    error: null,
    level: "WARNING",
    statusMessage: `${retry.error?.message ?? "the stream broke off"}; opencode tried again`,
    metadata: {
      timing: retry.timing,
      attempt: retry.attempt,
      error: retry.error ?? undefined,
      recovered: true,
      ...wireMetadata(retry, undefined),
    },
    ...(retry.error ? { extra: { [ATTR_ERROR_TYPE]: retry.error.code } } : {}),
  });
}

export function eventAttributes(event: StepEvent, context: TraceContext): SpanAttributes {
  const { askedAt, ...attributes } = event.attributes;
  const warning = warningOfEvent(event);
  return observation(context, "event", {
    error: null,
    level: warning === undefined ? "DEFAULT" : "WARNING",
    statusMessage: warning ?? (attributes.answer === "none" ? UNANSWERED : undefined),
    metadata: { ...attributes, ...(typeof askedAt === "number" ? { askedAt: new Date(askedAt).toISOString() } : {}) },
  });
}

const UNANSWERED = "nobody had answered when the turn ended";

function warningOfEvent({ name, attributes }: StepEvent): string | undefined {
  switch (name) {
    case "doom-loop": {
      const { lastError } = attributes;
      return `${doomLoopText(attributes)}${lastError === undefined ? "" : `; last error: ${lastError}`}`;
    }
    case "cache-break": {
      const cause = attributes.cause === undefined ? "" : `: ${attributes.cause}`;
      return `${attributes.tokensReadAnew} tokens that had been cached were read anew${cause}`;
    }
    case "permission": {
      if (attributes.answer !== "reject") return undefined;
      const by = attributes.by === "policy" ? " by policy" : "";
      return `the permission for ${attributes.permission} was rejected${by}`;
    }
    case "compaction":
      return attributes.outcome === "failed"
        ? `the conversation could not be summed up${attributes.error === undefined ? "" : `: ${attributes.error}`}`
        : undefined;
    case "plan":
    case "skill":
    case "agent-switched":
    case "model-switched":
    case "location-switched":
    case "system":
      return undefined;
    default:
      return name satisfies never;
  }
}

/** What sums lack is told where they lack something. */
function totalsOf({ doubtfulCalls, ...totals }: Totals): object {
  return doubtfulCalls > 0 ? { ...totals, doubtfulCalls } : totals;
}

/** What the sums leave out: the calls beside the steps, those of subagents too. */
function othersOf(loop: Loop): object | undefined {
  const calls = otherCallsIn(loop);
  if (calls.length === 0) return undefined;
  const spent = spentOnOthers(calls);
  const withoutUsage = calls.filter(({ usage }) => usage === null).length;
  if (withoutUsage === 0) return { calls: calls.length, ...spent };
  return { calls: calls.length, withoutUsage, ...spent, ...(withoutUsage === calls.length ? { usage: null } : {}) };
}

function parametersOf(call: Call, context: TraceContext): Record<string, string> {
  const { model, agent, mode } = call;
  const parameters = { provider: model?.providerId ?? null, agent, mode, variant: model?.variant ?? null };
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([key, value]) =>
      value === null ? [] : [[key, cleanText(value, context.textLimit)]],
    ),
  );
}

function warningOf(step: Step, error: ErrorFacts | null, failedTools: readonly Tool[]): string {
  const reasons = [
    ...(error ? [`${step.recovered ? "recovered from " : ""}${error.code}: ${error.message}`] : []),
    ...(step.retries.length > 0 ? [`${step.retries.length} attempt(s) failed and were tried again`] : []),
    ...failedTools.map((tool) => `tool.${tool.name}: ${tool.failure?.message ?? "failed"}`),
  ];
  return reasons.join("; ");
}

/** How many secrets were masked in the loop and below it; what a call is given was said before and counts there. */
function maskedIn(loop: Loop): number {
  const beside = loop.loops.reduce(addMasked, 0);
  return loop.steps.reduce(
    (sum, { call, retries, tools, loops, events }) => {
      const said = [call?.output, call?.error, retries.map(({ output, error }) => [output, error]), events];
      const done = tools.map((tool) => countMarkers({ ...tool, loops: [] }) + tool.loops.reduce(addMasked, 0));
      return sum + countMarkers(said) + done.reduce((before, count) => before + count, loops.reduce(addMasked, 0));
    },
    beside + countMarkers([loop.input, loop.unanswered, loop.error]),
  );
}

function addMasked(sum: number, loop: Loop): number {
  return sum + maskedIn(loop);
}

function nonEmpty<T extends object>(value: T): T | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
