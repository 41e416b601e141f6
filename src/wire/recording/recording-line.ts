import type { z } from "zod";
import { type Fields, isFields } from "../../text/json-fields.js";
import { count, has, isPlainObject, listOf, number, orNone, orNull, type Shape, text } from "../../text/json-shapes.js";
import { lineOf, ofAnyKind, SCHEMAS } from "./line-schemas.js";

/** The newest version of the format that is read. */
export const RECORDING_VERSION = 1;

type Kind = keyof typeof SCHEMAS;
/** One line as it is read. */
export type RecordingLine = { [K in Kind]: z.infer<(typeof SCHEMAS)[K]> }[Kind];
/** One line as it is written: what has a default may be absent. */
export type WrittenLine = { [K in Kind]: z.input<(typeof SCHEMAS)[K]> }[Kind];

/** Reads one line. @returns `unknown` for one of a kind that this looptrace does not know, `broken` for what is none */
export function parseLine(text: string): RecordingLine | "unknown" | "broken" {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "broken";
  }
  const whole = isFields(value) ? wholeLine(value) : undefined;
  if (whole) return whole;
  const line = lineOf.safeParse(value);
  if (line.success) return line.data;
  const kind = ofAnyKind.safeParse(value);
  return kind.success && !Object.hasOwn(SCHEMAS, kind.data.t) ? "unknown" : "broken";
}

const id = orNull((value) => typeof value === "string" && value.length <= 300);
const chunk = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 3 && number(value[0]) && count(value[1]) && count(value[2]);
const headers = (value: unknown): boolean => isPlainObject(value) && Object.values(value).every(text);
const ofRequest: Shape = { n: count, at: number };

const PURPOSES: ReadonlySet<string> = new Set(["primary", "compaction", "title", "generate"]);

/** What stands in each line, but for `lost`, which is rare. */
const SHAPES = {
  tap: { v: number, id: orNone(text), masked: orNone(text) },
  request: {
    ...ofRequest,
    ...{ method: text, url: text, headers, session: id, parent: id, message: id },
    purpose: orNull((value) => typeof value === "string" && PURPOSES.has(value)),
    hash: (value: unknown) => typeof value === "string" && value.length <= 128,
    bytes: count,
    base: orNull(count),
    ...{ prefix: orNone(count), suffix: orNone(count), middle: orNone(text) },
    traceparent: orNone((value) => typeof value === "string" && value.length <= 200),
  },
  response: { ...ofRequest, status: number, headers },
  part: { ...ofRequest, chunks: listOf(chunk), text: orNone(text) },
  end: {
    ...ofRequest,
    how: (value: unknown) => value === "complete" || value === "aborted" || value === "failed",
    error: orNull(text),
  },
  tool: {
    ...{ session: text, call: text, tool: text, start: number, end: orNull(number) },
    traceparent: orNone((value) => typeof value === "string" && value.length <= 200),
  },
  note: { text },
} satisfies Readonly<Record<string, Shape>>;

/** What is missing of a request. */
const MISSING = { session: null, parent: null, message: null, purpose: null, base: null, prefix: 0, suffix: 0 };

/**
 * A line as it is written, told by hand: to load the schemas takes longer than to read a recording. Undefined where the
 * schemas are to read it. Fields that they do not know are left out as they do.
 */
export function wholeLine(row: Fields): RecordingLine | undefined {
  const { t } = row;
  if (typeof t !== "string" || !isTold(t)) return undefined;
  const shape: Shape = SHAPES[t];
  const told: Record<string, unknown> = { t, ...(t === "request" ? MISSING : t === "tool" ? { end: null } : {}) };
  for (const name in shape) if (row[name] !== undefined) told[name] = row[name];
  return isWhole(told, shape) ? told : undefined;
}

function isTold(kind: string): kind is keyof typeof SHAPES {
  return Object.hasOwn(SHAPES, kind);
}

function isWhole(told: Fields, shape: Shape): told is RecordingLine {
  return has(told, shape);
}
