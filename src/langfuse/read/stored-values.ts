/**
 * What Langfuse gives back of values that were sent. Its metadata are texts, and it reads every text that is JSON: a
 * title `123` comes back as a number. What is known to be a text is made one again.
 */
import { attempt } from "../../errors/thrown.js";
import { isTooDeep } from "../../text/json-depth.js";
import { type Fields, isFields } from "../../text/json-fields.js";

/** What Langfuse itself puts beside the metadata that were sent. */
const LANGFUSES_OWN: ReadonlySet<string> = new Set(["scope", "resourceAttributes", "attributes"]);

/**
 * Metadata as they were sent: objects that Langfuse has taken apart (`a.b`) are put together again, what it has added
 * is left out.
 */
export function sentMetadata(stored: Fields): Fields {
  const fields = new Map<string, unknown>();
  for (const [path, value] of Object.entries(stored)) {
    const [first = "", ...rest] = path.split(".");
    if (LANGFUSES_OWN.has(first)) continue;
    if (rest.length === 0) fields.set(first, value);
    else putAt(fields, [first, ...rest], value);
  }
  return asFields(fields);
}

type Branch = Map<string, unknown>;

function putAt(branch: Branch, [first = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    if (!branch.has(first)) branch.set(first, value);
    return;
  }
  const below = branch.get(first);
  if (below instanceof Map) putAt(below, rest, value);
  else if (below === undefined) {
    const made: Branch = new Map();
    branch.set(first, made);
    putAt(made, rest, value);
  }
}

function asFields(branch: Branch): Fields {
  return Object.fromEntries(
    [...branch].map(([name, value]) => [name, value instanceof Map ? asFields(value) : value] as const),
  );
}

/** A text, also where Langfuse took it for JSON; null where there is none. */
export function textOf(value: unknown): string | null {
  if (value === undefined || value === null || value === "") return null;
  return typeof value === "string" ? value : (attempt(() => JSON.stringify(value)) ?? null);
}

/** A number; null where there is none. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** A list of texts; empty where there is none. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((one) => textOf(one) ?? []) : [];
}

/** A moment that was sent as an ISO text, in ms since the epoch; null where there is none. */
export function momentOf(value: unknown): number | null {
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** The fields of an object that stands there as one, or as JSON; none where it is none. */
export function objectOf(value: unknown): Fields {
  const read = structureOf(value);
  return isFields(read) ? read : {};
}

/**
 * Inputs and outputs come back as the texts that they were sent as: objects and lists as JSON, texts as they are. What
 * does not read as an object or a list was a text.
 */
export function structureOf(value: unknown): unknown {
  if (typeof value !== "string") return value ?? null;
  if (!/^\s*[[{]/.test(value)) return value;
  const read: unknown = attempt(() => JSON.parse(value));
  return read === undefined || isTooDeep(read) ? value : read;
}
