import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import type { Attributes } from "@opentelemetry/api";
import { ATTR_GEN_AI_CONVERSATION_ID } from "@opentelemetry/semantic-conventions/incubating";
import { ConfigurationError } from "../../errors/configuration-error.js";
import type { Loop, LoopTrace } from "../../trace/model.js";
import { environmentName, type TraceOptions } from "../options.js";
import { traceTags } from "../trace-tags.js";
import { experimentAttributes } from "./experiment-attributes.js";
import { traceName } from "./trace-name.js";

/**
 * What belongs to the trace and therefore stands on every span: Langfuse copies nothing between siblings, so a filter
 * by session, user or tag finds only the spans that carry it.
 *
 * @throws {ConfigurationError} for an environment that Langfuse would silently store as `default`
 */
export function sharedAttributes(trace: LoopTrace, options: TraceOptions, clean: (text: string) => string): Attributes {
  const { session, loop } = trace;
  const shared: Attributes = {
    [LangfuseOtelSpanAttributes.TRACE_NAME]: clean(options.traceName ?? traceName(trace, options.nameFrom ?? "title")),
    [LangfuseOtelSpanAttributes.TRACE_SESSION_ID]: clean(session.id),
    [LangfuseOtelSpanAttributes.TRACE_TAGS]: traceTags(loop, options).map(clean),
    // A resource's service.version would else become the version that Langfuse shows.
    [LangfuseOtelSpanAttributes.VERSION]: clean(session.opencodeVersion),
    [ATTR_GEN_AI_CONVERSATION_ID]: clean(session.id),
    ...experimentAttributes(trace, options.experiment, options.content ?? true, clean),
  };
  if (options.userId !== undefined) shared[LangfuseOtelSpanAttributes.TRACE_USER_ID] = clean(options.userId);
  if (options.environment !== undefined) shared[LangfuseOtelSpanAttributes.ENVIRONMENT] = checked(options.environment);
  if (options.release !== undefined) shared[LangfuseOtelSpanAttributes.RELEASE] = clean(options.release);
  return shared;
}

/**
 * A subagent's spans are told apart by two more tags: Langfuse filters and groups figures by a span's own tags, not by
 * metadata. Their names stay, as they are what steps, calls and tools are known by.
 */
export function subagentAttributes(loop: Loop, shared: Attributes, clean: (text: string) => string): Attributes {
  const before = shared[LangfuseOtelSpanAttributes.TRACE_TAGS];
  const tags = (Array.isArray(before) ? before : []).map(String);
  const own = loop.agent === null ? [] : [clean(`${SUBAGENT}:${loop.agent}`)];
  return { ...shared, [LangfuseOtelSpanAttributes.TRACE_TAGS]: [...tags, SUBAGENT, ...own] };
}

const SUBAGENT = "subagent";

function checked(environment: string): string {
  const result = environmentName.safeParse(environment);
  if (result.success) return result.data;
  throw new ConfigurationError(
    "environment",
    `The environment ${JSON.stringify(environment)} ${result.error.issues[0]?.message ?? "is unusable"}.`,
  );
}
