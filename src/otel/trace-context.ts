import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import type { Attributes } from "@opentelemetry/api";
import { ATTR_GEN_AI_CONVERSATION_ID } from "@opentelemetry/semantic-conventions/incubating";
import { ConfigurationError } from "../errors/configuration-error.js";
import type { Loop, LoopTrace } from "../trace/model.js";
import { cleanText, DEFAULT_TEXT_LIMIT } from "./clean-value.js";
import { environmentName, type TraceOptions } from "./options.js";

/** What all spans of a trace have in common. */
export interface TraceContext {
  readonly traceId: string;
  readonly trace: LoopTrace;
  readonly options: TraceOptions;
  readonly textLimit: number;
  /**
   * What belongs to the trace and therefore stands on every span: Langfuse copies nothing between siblings, so a filter
   * by session, user or tag finds only the spans that carry it.
   */
  readonly shared: Attributes;
}

export function traceContext(trace: LoopTrace, options: TraceOptions): TraceContext {
  const { session, loop } = trace;
  const textLimit = options.textLimit ?? DEFAULT_TEXT_LIMIT;
  const clean = (text: string): string => cleanText(text, textLimit);
  const shared: Attributes = {
    [LangfuseOtelSpanAttributes.TRACE_NAME]: clean(options.traceName ?? "opencode.loop"),
    [LangfuseOtelSpanAttributes.TRACE_SESSION_ID]: clean(session.id),
    [LangfuseOtelSpanAttributes.TRACE_TAGS]: tagsOf(loop, options).map(clean),
    // A resource's service.version would else become the version that Langfuse shows.
    [LangfuseOtelSpanAttributes.VERSION]: clean(session.opencodeVersion),
    [ATTR_GEN_AI_CONVERSATION_ID]: clean(session.id),
  };
  if (options.userId !== undefined) shared[LangfuseOtelSpanAttributes.TRACE_USER_ID] = clean(options.userId);
  if (options.environment !== undefined) shared[LangfuseOtelSpanAttributes.ENVIRONMENT] = checked(options.environment);
  if (options.release !== undefined) shared[LangfuseOtelSpanAttributes.RELEASE] = clean(options.release);
  return { traceId: options.parent?.traceId ?? trace.traceId, trace, options, textLimit, shared };
}

/** The agent and the model, then the caller's own; each once. */
function tagsOf(loop: Loop, options: TraceOptions): string[] {
  const model = loop.model ? `${loop.model.providerId}/${loop.model.modelId}` : "";
  const tags = [loop.agent ?? "", model, ...(options.tags ?? [])];
  return [...new Set(tags.filter((tag) => tag !== ""))];
}

/** @throws {ConfigurationError} for a name that Langfuse would silently store as `default` */
function checked(environment: string): string {
  const result = environmentName.safeParse(environment);
  if (result.success) return result.data;
  throw new ConfigurationError(
    "environment",
    `The environment ${JSON.stringify(environment)} ${result.error.issues[0]?.message ?? "is unusable"}.`,
  );
}
