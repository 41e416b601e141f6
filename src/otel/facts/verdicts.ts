/** How each kind of span went: its error, how loudly that is said, and one line about it. */
import type { ErrorFacts } from "../../errors/error-facts.js";
import { doomLoopText } from "../../trace/doom-loop-text.js";
import type { Call, InnerCall, Loop, OtherCall, Retry, Step, StepEvent, Tool } from "../../trace/model.js";
import { toolFailureText } from "../../trace/tool-failure-text.js";

/** How a span went. */
export interface Verdict {
  /** Set where the span's OTel status is ERROR. */
  readonly error: (ErrorFacts | { readonly code: string; readonly message: string }) | null;
  readonly level: "DEFAULT" | "WARNING" | "ERROR";
  /** What is said instead of the error's message, or without an error. */
  readonly statusMessage?: string | undefined;
}

export function loopVerdict({ error }: Loop): Verdict {
  return { error, level: error ? "ERROR" : "DEFAULT" };
}

/** Nothing fails in opencode's own time that is known of. */
export const PHASE_VERDICT: Verdict = { error: null, level: "DEFAULT", statusMessage: undefined };

export function stepVerdict(step: Step, loop: Loop): Verdict {
  const decisive = loop.failedStep === step.index;
  const error = step.call?.error ?? null;
  const failedTools = step.tools.filter(({ failure }) => failure !== null);
  const failed = error !== null || step.retries.length > 0 || failedTools.length > 0;
  const level = decisive ? "ERROR" : failed ? "WARNING" : "DEFAULT";
  return {
    error: decisive ? loop.error : null,
    level,
    statusMessage: level === "WARNING" ? warningOf(step, error, failedTools) : undefined,
  };
}

export function callVerdict(call: Call, step: Step, loop: Loop): Verdict {
  const decisive = loop.failedStep === step.index;
  const error = call.error ?? (call.outcome === "unfinished" && decisive ? loop.error : null);
  return { error, level: error ? "ERROR" : "DEFAULT" };
}

export function otherCallVerdict({ wire }: OtherCall): Verdict {
  const isRefused = (wire?.status ?? 0) >= 400;
  return {
    error: null,
    level: isRefused ? "WARNING" : "DEFAULT",
    statusMessage: isRefused ? `the provider answered with HTTP status ${wire?.status}` : undefined,
  };
}

/** What failed comes first: many tools fail in one session, and each says only how. */
export function toolVerdict(tool: Tool): Verdict {
  const { failure } = tool;
  return {
    error: failure ? { code: failure.kind, ...failure } : null,
    level: failure ? "ERROR" : "DEFAULT",
    statusMessage: toolFailureText(tool) ?? undefined,
  };
}

export function innerCallVerdict({ outcome }: InnerCall): Verdict {
  const error =
    outcome === "failed" ? { code: "failed", message: "The call failed; opencode does not record why." } : null;
  return { error, level: error ? "ERROR" : "DEFAULT" };
}

export function retryVerdict({ error }: Retry): Verdict {
  const statusMessage = `${error?.message ?? "the stream broke off"}; opencode tried again`;
  return { error: null, level: "WARNING", statusMessage };
}

export function eventVerdict(event: StepEvent): Verdict {
  const warning = warningOfEvent(event);
  return {
    error: null,
    level: warning === undefined ? "DEFAULT" : "WARNING",
    statusMessage: warning ?? (event.attributes.answer === "none" ? UNANSWERED : undefined),
  };
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

function warningOf(step: Step, error: ErrorFacts | null, failedTools: readonly Tool[]): string {
  const reasons = [
    ...(error ? [`${step.recovered ? "recovered from " : ""}${error.code}: ${error.message}`] : []),
    ...(step.retries.length > 0 ? [`${step.retries.length} attempt(s) failed and were tried again`] : []),
    ...failedTools.map((tool) => `tool.${tool.name}: ${toolFailureText(tool) ?? "failed"}`),
  ];
  return reasons.join("; ");
}
