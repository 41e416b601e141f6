/**
 * What looptrace knows of each kind of span beside what conventions have names for, whoever reads the spans: each
 * profile of a destination says it in that destination's way. An undefined or null value is not said.
 */

import { isoTime } from "../../text/iso-time.js";
import type {
  Call,
  Cumulative,
  InnerCall,
  Loop,
  OtherCall,
  OwnPhase,
  Retry,
  Step,
  StepEvent,
  Tool,
  UsageDoubt,
} from "../../trace/model.js";
import { totalTokens } from "../../trace/usage.js";

/** Facts by their names, in the order in which they are said. */
export type SpanFacts = Readonly<Record<string, unknown>>;

/** @param agent null where it need not be said */
export function stepFacts(step: Step, agent: string | null = step.agent): SpanFacts {
  return {
    timing: step.timing,
    outcome: step.outcome,
    kind: step.kind,
    agent,
    message: step.messageId,
    timeAccountMs: step.account,
    recovered: step.recovered ? true : undefined,
    notes: step.notes.length > 0 ? step.notes : undefined,
    filesChanged: step.patches.length > 0 ? step.patches.flatMap(({ files }) => files) : undefined,
  };
}

export function callFacts(call: Call, step: Step, loop: Loop): SpanFacts {
  const { model, usage, usageDoubt, cumulative } = call;
  return {
    timing: call.timing,
    outcome: call.outcome,
    provider: model?.providerId,
    agent: call.agent,
    mode: call.mode,
    variant: model?.variant,
    finish: call.finish,
    usage: usageDoubt?.kind ?? (usage ? undefined : "unknown"),
    usageDoubt: doubtOf(usageDoubt),
    costFrom: call.costFrom,
    // Said, but not counted: the session that was forked has it.
    copiedUsage: loop.copied ? (usage ?? undefined) : undefined,
    recovered: call.error && step.recovered ? true : undefined,
    contextTokens: cumulative.contextTokens,
    contextGrowth: cumulative.contextGrowth,
    cumulative: spentSoFar(cumulative),
    cacheHitRatio: cumulative.cacheHitRatio,
    contextCauses: call.contextCauses.length > 0 ? call.contextCauses : undefined,
    outputTokensPerSecond: call.outputTokensPerSecond,
    timeToFirstTokenMs: call.firstTokenAt === null ? undefined : call.firstTokenAt - call.start,
  };
}

/** Field by field: of objects that are put together of others the engine takes each for a class of its own. */
function spentSoFar({ usage, cost }: Cumulative): object {
  const { input, output, reasoning, cacheRead, cacheWrite } = usage;
  return { input, output, reasoning, cacheRead, cacheWrite, total: totalTokens(usage), cost };
}

export function otherCallFacts({ timing, kind, model, usage, costFrom }: OtherCall): SpanFacts {
  const { providerId: provider, variant } = model ?? {};
  return { timing, kind, provider, variant, usage: usage ? undefined : "unknown", costFrom };
}

export function toolFacts(tool: Tool): SpanFacts {
  return {
    timing: tool.timing,
    outcome: tool.outcome,
    status: tool.status,
    title: tool.title,
    tool_call_id: tool.callId,
    argumentsStreamedFrom: tool.argumentsAt === null ? undefined : isoTime(tool.argumentsAt),
    // Where opencode's own start is not to be trusted the tool is taken to begin with its arguments.
    argumentsMs:
      tool.argumentsAt === null || tool.timing === "bounded" ? undefined : Math.max(0, tool.start - tool.argumentsAt),
    permissionWaitMs: tool.permissionWaitMs ?? undefined,
    mcpServer: tool.server,
    providerExecuted: tool.origin === "provider" ? true : undefined,
    subagentSession: tool.childSessionId,
    subagentMissing: tool.subagentMissing ? true : undefined,
    notes: tool.notes.length > 0 ? tool.notes : undefined,
    result: Object.keys(tool.metadata).length > 0 ? tool.metadata : undefined,
  };
}

export function innerCallFacts(call: InnerCall, tool: Tool): SpanFacts {
  return {
    // Its span is as long as its script's, for want of anything better.
    timing: "bounded",
    durationMs: call.durationMs ?? undefined,
    outcome: call.outcome,
    calledBy: tool.callId,
    mcpServer: call.server,
  };
}

export function retryFacts(retry: Retry): SpanFacts {
  return { timing: retry.timing, attempt: retry.attempt, error: retry.error ?? undefined, recovered: true };
}

export function eventFacts(event: StepEvent): SpanFacts {
  const { askedAt, ...attributes } = event.attributes;
  return { ...attributes, ...(typeof askedAt === "number" ? { askedAt: isoTime(askedAt) } : {}) };
}

export function phaseFacts({ timing, evidence }: OwnPhase): SpanFacts {
  return { timing, evidence };
}

/** What was recorded, and why that is not the truth; the sentence first. */
function doubtOf(doubt: UsageDoubt | null): object | undefined {
  if (!doubt) return undefined;
  const { reason, unsure, recorded, total } = doubt;
  return { reason, unsure, recorded, total };
}
