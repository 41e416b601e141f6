import {
  createObservationAttributes,
  type LangfuseGenerationAttributes,
  type LangfuseObservationType,
} from "@langfuse/tracing";
import type { Attributes } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import { cleanAttributes, cleanText, cleanValue } from "../clean-value.js";
import type { SpanFacts } from "../facts/span-facts.js";
import type { Verdict } from "../facts/verdicts.js";
import type { SpanFace } from "../span-profile.js";
import type { TraceContext } from "../trace-context.js";
import { metadataOf, type READING } from "./metadata.js";

/** What one span is about, whatever kind it is of. */
export interface Observation {
  readonly input?: unknown;
  readonly output?: unknown;
  readonly verdict: Verdict;
  /** By which its metadata are put in order. */
  readonly kind: keyof typeof READING;
  readonly metadata: SpanFacts;
  readonly generation?: Partial<LangfuseGenerationAttributes>;
  readonly extra?: Attributes;
}

/** The attributes of one span: those of its trace, Langfuse's own, and OTel's beside them. */
export function observation(
  context: TraceContext,
  type: LangfuseObservationType,
  about: Observation,
): Pick<SpanFace, "attributes" | "failure"> {
  const clean = (value: unknown): unknown => cleanValue(value, context.textLimit, context.files);
  const { error, level, statusMessage } = about.verdict;
  const said = statusMessage ?? error?.message;
  const message = said === undefined ? undefined : cleanText(said, context.textLimit);
  const metadata = Object.fromEntries(
    Object.entries(metadataOf(about.kind, { ...about.metadata, ...(error ? { error } : {}) })).map(([key, value]) => [
      key.toWellFormed(),
      clean(value),
    ]),
  );
  const attributes: Attributes = {
    ...context.shared,
    ...cleanAttributes(about.extra ?? {}, context.textLimit),
    ...createObservationAttributes(type, {
      ...about.generation,
      ...(about.input === undefined || about.input === null ? {} : { input: clean(about.input) }),
      ...(about.output === undefined || about.output === null ? {} : { output: clean(about.output) }),
      level,
      ...(message === undefined ? {} : { statusMessage: message }),
      metadata,
    }),
    ...(error ? { [ATTR_ERROR_TYPE]: error.code } : {}),
  };
  return { attributes, failure: error && message !== undefined ? { type: error.code, message } : null };
}
