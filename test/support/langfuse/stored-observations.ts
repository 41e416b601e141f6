/**
 * What Langfuse makes of spans, by its source (packages/shared/src/server/otel/OtelIngestionProcessor.ts,
 * worker/src/services/IngestionService, packages/shared/src/server/ingestion/extractToolsBackend.ts): times cut to
 * milliseconds, metadata taken apart into texts, tools of the metadata moved beside the input, usage and cost with what
 * its own prices add.
 */
import { fieldsOf, isFields } from "../../../src/text/json-fields.js";
import { type ReceivedSpan, readSpans } from "../received-spans.js";

/** A row of Langfuse's table of events. */
export interface StoredObservation {
  readonly id: string;
  readonly traceId: string;
  readonly parentObservationId: string;
  readonly name: string;
  readonly type: string;
  readonly level: string;
  readonly statusMessage: string | null;
  readonly version: string | null;
  readonly release: string | null;
  readonly environment: string;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly traceName: string | null;
  readonly tags: readonly string[];
  readonly isAppRoot: boolean;
  /** ms since the epoch. */
  readonly startTime: number;
  readonly endTime: number;
  readonly completionStartTime: number | null;
  readonly model: string | null;
  readonly modelParameters: unknown;
  readonly usageDetails: Readonly<Record<string, number>>;
  readonly costDetails: Readonly<Record<string, number>>;
  readonly input: string | null;
  readonly output: string | null;
  readonly metadata: readonly (readonly [name: string, value: string])[];
  /** When it was written: which of two rows counts after they are merged. */
  readonly writtenAt: number;
}

/** Prices that Langfuse has of its own, in USD a token: it adds costs where none were sent. */
export type ModelPrices = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The rows that one request becomes. */
export function storedObservations(
  request: unknown,
  writtenAt: number,
  prices: ModelPrices = {},
): readonly StoredObservation[] {
  return readSpans(request, []).map((span) => stored(span, writtenAt, prices));
}

const TYPES = new Set(
  "span generation event embedding agent tool chain retriever guardrail evaluator".split(" ").map(String),
);
const OBSERVATION = "langfuse.observation";

function stored(span: ReceivedSpan, writtenAt: number, prices: ModelPrices): StoredObservation {
  const { attributes, resource, scope } = span;
  const text = (...names: readonly string[]): string | null => {
    const value = names.map((name) => attributes[name]).find((one) => one !== undefined && one !== null && one !== "");
    return value === undefined || value === null ? null : typeof value === "string" ? value : JSON.stringify(value);
  };
  const type = text(`${OBSERVATION}.type`) ?? "";
  const model = text(`${OBSERVATION}.model.name`, "gen_ai.response.model", "gen_ai.request.model");
  const moved = withToolsMoved(text(`${OBSERVATION}.input`), {
    ...(scope.name.startsWith("langfuse-sdk") ? {} : { attributes }),
    resourceAttributes: resource,
    scope: { name: scope.name, version: scope.version, attributes: {} },
    ...metadataOf(attributes, OBSERVATION),
    ...metadataOf(attributes, "langfuse.trace"),
  });
  const isAgentStep = ["invoke_agent", "agent_step"].includes(String(attributes["gen_ai.operation.name"]));
  const usage = isAgentStep ? {} : counts(jsonObject(attributes[`${OBSERVATION}.usage_details`]));
  const given = isAgentStep ? {} : jsonObject(attributes[`${OBSERVATION}.cost_details`]);
  const tags = attributes["langfuse.trace.tags"];
  const level = text(`${OBSERVATION}.level`)?.toUpperCase();
  return {
    id: span.spanId,
    traceId: span.traceId,
    parentObservationId: span.parentSpanId,
    name: text("gen_ai.tool.name") ?? span.name,
    type: TYPES.has(type) ? type.toUpperCase() : "SPAN",
    level: level ?? (span.status.code === 2 ? "ERROR" : "DEFAULT"),
    statusMessage: text(`${OBSERVATION}.status_message`) ?? span.status.message ?? null,
    version: text("langfuse.version"),
    release: text("langfuse.release"),
    environment: text("langfuse.environment") ?? "default",
    userId: text("langfuse.user.id", "user.id"),
    sessionId: text("langfuse.session.id", "session.id", "gen_ai.conversation.id"),
    traceName: text("langfuse.trace.name"),
    tags: Array.isArray(tags) ? tags.map(String) : [],
    isAppRoot: attributes["langfuse.internal.is_app_root"] === true,
    startTime: millis(span.startTimeUnixNano),
    endTime: millis(span.endTimeUnixNano),
    completionStartTime: momentOf(text(`${OBSERVATION}.completion_start_time`)),
    model: isAgentStep ? null : model,
    modelParameters: sanitized(jsonObject(attributes[`${OBSERVATION}.model.parameters`])),
    usageDetails: usage,
    costDetails: costs(usage, given, model === null ? undefined : prices[model]),
    input: moved.input,
    output: text(`${OBSERVATION}.output`),
    metadata: taken(moved.metadata),
    writtenAt,
  };
}

function millis(nanos: string): number {
  return Number(BigInt(nanos) / 1_000_000n);
}

function momentOf(text: string | null): number | null {
  if (text === null) return null;
  const at = Date.parse(text.startsWith('"') ? String(JSON.parse(text)) : text);
  return Number.isNaN(at) ? null : at;
}

function jsonObject(value: unknown): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(String(value)));
  } catch {
    return {};
  }
}

function metadataOf(attributes: ReceivedSpan["attributes"], domain: string): Record<string, unknown> {
  const prefix = `${domain}.metadata.`;
  return {
    ...jsonObject(attributes[`${domain}.metadata`]),
    ...Object.fromEntries(
      Object.entries(attributes).flatMap(([key, value]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
      ),
    ),
  };
}

/** Only whole numbers from zero on are tokens; a total that was not sent is their sum. */
function counts(given: Readonly<Record<string, unknown>>): Record<string, number> {
  const kept = Object.entries(given).filter(
    (entry): entry is [string, number] => Number.isInteger(entry[1]) && Number(entry[1]) >= 0,
  );
  const usage = Object.fromEntries(kept);
  if (kept.length > 0 && usage.total === undefined) usage.total = kept.reduce((sum, [, value]) => sum + value, 0);
  return usage;
}

/** Decimals of twelve places; where nothing was sent, what the prices say. */
function costs(
  usage: Readonly<Record<string, number>>,
  given: Readonly<Record<string, unknown>>,
  price: Readonly<Record<string, number>> | undefined,
): Record<string, number> {
  const sent = Object.entries(given).flatMap(([kind, value]) =>
    typeof value === "number" ? [[kind, decimal(value)] as const] : [],
  );
  if (sent.length > 0) return Object.fromEntries(sent);
  const reckoned = Object.entries(usage).flatMap(([kind, tokens]) =>
    price?.[kind] === undefined ? [] : [[kind, decimal(price[kind] * tokens)] as const],
  );
  if (reckoned.length === 0) return {};
  return Object.fromEntries([...reckoned, ["total", decimal(reckoned.reduce((sum, [, usd]) => sum + usd, 0))]]);
}

function decimal(value: number): number {
  return Number(value.toFixed(12));
}

function sanitized(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [
      key,
      ["string", "number"].includes(typeof value) ? value : JSON.stringify(value),
    ]),
  );
}

/** A list of tools in the metadata goes beside the input. */
function withToolsMoved(
  input: string | null,
  metadata: Record<string, unknown>,
): { readonly input: string | null; readonly metadata: Record<string, unknown> } {
  const tools = listOf(metadata.tools)?.map(parsed);
  const isTool = (tool: unknown): boolean => {
    const { name, function: named } = fieldsOf(tool);
    return Boolean(fieldsOf(named).name ?? name);
  };
  if (!tools || tools.length === 0 || !tools.every(isTool)) return { input, metadata };
  const { tools: _moved, ...rest } = metadata;
  return { input: JSON.stringify(besideTools(input === null ? null : parsed(input), tools)), metadata: rest };
}

function besideTools(input: unknown, tools: readonly unknown[]): object {
  if (Array.isArray(input)) return { messages: input, tools };
  if (isFields(input)) return { ...input, tools };
  return input === null ? { tools } : { prompt: input, tools };
}

function listOf(value: unknown): readonly unknown[] | undefined {
  const read = typeof value === "string" ? parsed(value) : value;
  return Array.isArray(read) ? read : undefined;
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Objects become dotted names, all values texts. */
function taken(value: Readonly<Record<string, unknown>>, prefix = ""): (readonly [string, string])[] {
  return Object.entries(value).flatMap(([key, one]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (isFields(one)) return taken(one, path);
    return [[path, one === null || one === undefined ? "" : typeof one === "string" ? one : JSON.stringify(one)]];
  });
}
