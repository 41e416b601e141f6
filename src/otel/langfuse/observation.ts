import {
  type LangfuseGenerationAttributes,
  type LangfuseObservationType,
  LangfuseOtelSpanAttributes as names,
} from "@langfuse/tracing";
import type { Attributes } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import { isoTime } from "../../text/iso-time.js";
import { cleanAttribute, cleanText, cleanValue } from "../clean-value.js";
import type { SpanFacts } from "../facts/span-facts.js";
import type { Verdict } from "../facts/verdicts.js";
import { type JsonText, jsonText } from "../json-text.js";
import type { ValueToWrite } from "../span-data.js";
import type { SpanFace } from "../span-profile.js";
import type { TraceContext } from "../trace-context.js";
import { type READING, tellMetadata } from "./metadata.js";

/** What one span is about, whatever kind it is of. */
export interface Observation {
  readonly input?: unknown;
  readonly output?: unknown;
  readonly verdict: Verdict;
  /** By which its metadata are put in order. */
  readonly kind: keyof typeof READING;
  readonly metadata: SpanFacts;
  readonly generation?: {
    readonly [Field in GenerationField]?: LangfuseGenerationAttributes[Field] | undefined;
  } & {
    /** ms since the epoch. */
    readonly firstTokenAt?: number | undefined;
  };
  readonly extra?: Attributes;
}

type GenerationField = "model" | "modelParameters" | "usageDetails" | "costDetails";

/**
 * The attributes of one span: those of its trace, Langfuse's own, and OTel's beside them. Langfuse's are what its
 * `createObservationAttributes` makes, which copies them three times; a session has ten thousands of spans.
 */
export function observation(
  context: TraceContext,
  type: LangfuseObservationType,
  about: Observation,
): Pick<SpanFace, "shared" | "own" | "failure"> {
  const { textLimit, files } = context;
  const { error, level, statusMessage } = about.verdict;
  const { generation = {} } = about;
  const said = statusMessage ?? error?.message;
  const message = said === undefined ? undefined : cleanText(said, textLimit);
  const own = { names: [] as string[], values: [] as ValueToWrite[] };
  const set = (name: string, value: ValueToWrite): void => {
    if (value === undefined) return;
    own.names.push(name);
    own.values.push(value);
  };
  const { extra = {} } = about;
  // Made here, and of no class: a list of its fields would be an object for each.
  for (const name in extra) set(name, cleanAttribute(extra[name], textLimit));
  set(names.OBSERVATION_TYPE, type);
  set(names.OBSERVATION_LEVEL, level);
  set(names.OBSERVATION_STATUS_MESSAGE, message);
  set(names.OBSERVATION_INPUT, written(cleanValue(about.input, textLimit, files)));
  set(names.OBSERVATION_OUTPUT, written(cleanValue(about.output, textLimit, files)));
  set(names.OBSERVATION_MODEL, generation.model);
  set(names.OBSERVATION_USAGE_DETAILS, written(generation.usageDetails));
  set(names.OBSERVATION_COST_DETAILS, written(generation.costDetails));
  if (generation.firstTokenAt !== undefined) {
    // Langfuse's SDK writes it as JSON, with its quotation marks.
    set(names.OBSERVATION_COMPLETION_START_TIME, `"${isoTime(generation.firstTokenAt)}"`);
  }
  set(names.OBSERVATION_MODEL_PARAMETERS, written(generation.modelParameters));
  tellMetadata(about.kind, about.metadata, error, (key, value) => {
    const text = written(cleanValue(value, textLimit, files));
    // Of an empty one there is nothing to show.
    if (text) set(metadataName(key), text);
  });
  if (error) set(ATTR_ERROR_TYPE, error.code);
  return {
    shared: context.shared,
    own,
    failure: error && message !== undefined ? { type: error.code, message } : null,
  };
}

/** Those that many spans have are put together once. */
const metadataNames = new Map<string, string>();
const MOST_NAMES = 200;

function metadataName(key: string): string {
  const known = metadataNames.get(key);
  if (known !== undefined) return known;
  const name = `${names.OBSERVATION_METADATA}.${key}`;
  if (metadataNames.size < MOST_NAMES) metadataNames.set(key, name);
  return name;
}

/** As Langfuse's SDK writes a value: a text as it is, anything else as JSON. */
function written(value: unknown): JsonText | string | undefined {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? undefined : jsonText(value);
}
