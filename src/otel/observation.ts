import {
  createObservationAttributes,
  type LangfuseGenerationAttributes,
  type LangfuseObservationType,
} from "@langfuse/tracing";
import type { Attributes } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import type { ErrorFacts } from "../errors/error-facts.js";
import { cleanText, cleanValue } from "./clean-value.js";
import type { TraceContext } from "./trace-context.js";

export interface SpanAttributes {
  readonly attributes: Attributes;
  /** Set where the span's OTel status is ERROR. */
  readonly failure: { readonly type: string; readonly message: string } | null;
}

/** What one span is about, whatever kind it is of. */
export interface Observation {
  readonly input?: unknown;
  readonly output?: unknown;
  readonly error: (ErrorFacts | { readonly code: string; readonly message: string }) | null;
  readonly level: "DEFAULT" | "WARNING" | "ERROR";
  readonly statusMessage?: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly generation?: Partial<LangfuseGenerationAttributes>;
  readonly extra?: Attributes;
}

/** The attributes of one span: those of its trace, Langfuse's own, and OTel's beside them. */
export function observation(context: TraceContext, type: LangfuseObservationType, about: Observation): SpanAttributes {
  const clean = (value: unknown): unknown => cleanValue(value, context.textLimit);
  const { error } = about;
  const said = error?.message ?? about.statusMessage;
  const message = said === undefined ? undefined : cleanText(said, context.textLimit);
  const metadata = Object.fromEntries(
    Object.entries({ ...about.metadata, ...(error ? { error } : {}) })
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => [key.toWellFormed(), clean(value)]),
  );
  const attributes: Attributes = {
    ...context.shared,
    ...cleanAttributes(about.extra ?? {}, context.textLimit),
    ...createObservationAttributes(type, {
      ...about.generation,
      ...(about.input === undefined || about.input === null ? {} : { input: clean(about.input) }),
      ...(about.output === undefined || about.output === null ? {} : { output: clean(about.output) }),
      level: about.level,
      ...(message === undefined ? {} : { statusMessage: message }),
      metadata,
    }),
    ...(error ? { [ATTR_ERROR_TYPE]: error.code } : {}),
  };
  return { attributes, failure: error && message !== undefined ? { type: error.code, message } : null };
}

function cleanAttributes(attributes: Attributes, limit: number): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => {
      if (typeof value === "string") return [key, cleanText(value, limit)];
      if (Array.isArray(value)) return [key, value.map((item) => cleanText(String(item), limit))];
      return [key, value];
    }),
  );
}
