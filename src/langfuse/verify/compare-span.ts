import { isDeepStrictEqual } from "node:util";
import { LangfuseOtelSpanAttributes as NAMES } from "@langfuse/core";
import { attempt } from "../../errors/thrown.js";
import { isTooDeep } from "../../text/json-depth.js";
import { fieldsOf, isFields } from "../../text/json-fields.js";
import type { Observation } from "../api/observation.js";
import { fileOf } from "../read/call-texts.js";
import { structureOf } from "../read/stored-values.js";
import type { SentSpan } from "./sent-spans.js";

/** A field that Langfuse has otherwise than it would be sent now. */
export interface FieldDifference {
  /** Such as `endTime`, `usage.input` or `metadata.outcome`. */
  readonly field: string;
  /** As it would be sent; null where there is nothing. */
  readonly local: unknown;
  /** As Langfuse has it; null where it has nothing. */
  readonly remote: unknown;
}

/** Costs are kept with twelve decimals. */
const LEAST_USD = 1e-11;

/**
 * What a span says, held against what Langfuse has of it. Only what would be sent is compared: what Langfuse adds, such
 * as costs from its own prices, is no difference, nor are tags and metadata that were given when it was sent.
 */
export function compareSpan(span: SentSpan, remote: Observation): readonly FieldDifference[] {
  const { attributes, status } = span;
  const text = (name: string): string | undefined => {
    const value = attributes.get(name);
    return value === undefined || value === "" ? undefined : String(value);
  };
  const found: FieldDifference[] = [];
  const hold = (field: string, local: unknown, there: unknown, isSame = isDeepStrictEqual): void => {
    if (local !== undefined && !isSame(local, there)) found.push({ field, local, remote: there ?? null });
  };
  const type = text(NAMES.OBSERVATION_TYPE)?.toUpperCase();
  hold("name", span.name, remote.name);
  hold("parent", span.parentSpanId, remote.parentObservationId);
  hold("type", type ?? "SPAN", remote.type);
  hold("startTime", span.start, remote.startTime);
  hold("endTime", span.end, remote.endTime);
  const level = text(NAMES.OBSERVATION_LEVEL)?.toUpperCase();
  hold("level", level ?? (status.isError ? "ERROR" : "DEFAULT"), remote.level);
  hold("statusMessage", text(NAMES.OBSERVATION_STATUS_MESSAGE) ?? status.message ?? undefined, remote.statusMessage);
  hold("model", text(NAMES.OBSERVATION_MODEL), remote.model);
  hold("completionStartTime", momentIn(text(NAMES.OBSERVATION_COMPLETION_START_TIME)), remote.completionStartTime);
  for (const [kind, tokens] of Object.entries(jsonIn(text(NAMES.OBSERVATION_USAGE_DETAILS))))
    hold(`usage.${kind}`, tokens, remote.usageDetails[kind] ?? 0);
  for (const [kind, usd] of Object.entries(jsonIn(text(NAMES.OBSERVATION_COST_DETAILS))))
    hold(`cost.${kind}`, usd, remote.costDetails[kind], isSameCost);
  hold("sessionId", text(NAMES.TRACE_SESSION_ID), remote.sessionId);
  hold("userId", text(NAMES.TRACE_USER_ID), remote.userId);
  hold("environment", text(NAMES.ENVIRONMENT), remote.environment);
  hold("release", text(NAMES.RELEASE), remote.release);
  hold("version", text(NAMES.VERSION), remote.version);
  const tags = attributes.get(NAMES.TRACE_TAGS);
  if (Array.isArray(tags) && !tags.every((tag) => remote.tags.includes(String(tag))))
    found.push({ field: "tags", local: tags, remote: remote.tags });
  return [...found, ...compareTexts(span, remote)];
}

function compareTexts({ attributes }: SentSpan, remote: Observation): readonly FieldDifference[] {
  const found: FieldDifference[] = [];
  // A list of tools that was sent as metadata Langfuse puts beside the input.
  const moved = remote.metadata.tools === undefined ? fieldsOf(structureOf(remote.input)) : {};
  const prefix = `${NAMES.OBSERVATION_METADATA}.`;
  const tools = attributes.get(`${prefix}tools`);
  const isMoved = tools !== undefined && moved.tools !== undefined;
  const input = isMoved ? (moved.messages ?? moved.prompt ?? withoutTools(moved)) : remote.input;
  const pairs: (readonly [string, unknown, unknown])[] = [
    ["input", attributes.get(NAMES.OBSERVATION_INPUT), input],
    ["output", attributes.get(NAMES.OBSERVATION_OUTPUT), remote.output],
  ];
  for (const [name, value] of attributes) {
    if (!name.startsWith(prefix)) continue;
    const key = name.slice(prefix.length);
    const there = key === "tools" && isMoved ? moved.tools : storedAt(remote.metadata, key);
    pairs.push([`metadata.${key}`, value, there]);
  }
  for (const [field, local, there] of pairs) {
    if (local === undefined || local === "") continue;
    if (!isDeepStrictEqual(readValue(local), readValue(there))) found.push({ field, local, remote: there ?? null });
  }
  return found;
}

function withoutTools({ tools: _, ...input }: Readonly<Record<string, unknown>>): unknown {
  return input;
}

/** A value of Langfuse's metadata; an object may have been taken apart. */
function storedAt(metadata: Observation["metadata"], key: string): unknown {
  if (key in metadata) return metadata[key];
  const below = Object.entries(metadata).filter(([name]) => name.startsWith(`${key}.`));
  return below.length === 0
    ? undefined
    : Object.fromEntries(below.map(([name, value]) => [name.slice(key.length + 1), value]));
}

/** Texts that are JSON are compared as what they say: Langfuse reads them, and writes them in its own way. */
function readValue(value: unknown): unknown {
  if (typeof value !== "string") return withoutFiles(value ?? null);
  const read: unknown = attempt(() => JSON.parse(value));
  return read === undefined || isTooDeep(read) ? value : withoutFiles(read);
}

/** A file's content may be in Langfuse, or not have been sent: which file it was is what is compared. */
function withoutFiles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFiles);
  if (!isFields(value)) return value;
  const [file] = value.type === "file" || value.type === "image_url" || "mime" in value ? fileOf(value) : [];
  if (file) return { file: file.mime };
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutFiles(one)]));
}

function jsonIn(text: string | undefined): Readonly<Record<string, unknown>> {
  return fieldsOf(text === undefined ? undefined : attempt((): unknown => JSON.parse(text)));
}

/** An ISO text, or that as JSON. */
function momentIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text.replace(/^"|"$/g, ""));
  return Number.isNaN(at) ? undefined : at;
}

function isSameCost(local: unknown, remote: unknown): boolean {
  return typeof local === "number" && typeof remote === "number" && Math.abs(local - remote) < LEAST_USD;
}
