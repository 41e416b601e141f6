/** What is done to every value before it goes on the wire, so that no single one can sink its request. */
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { type Fields, isFields } from "../text/json-fields.js";
import { dataUrlIn, type FileShelf } from "./file-shelf.js";
import { JsonText } from "./json-text.js";

/** How long one string may be, in UTF-16 code units. */
export const DEFAULT_TEXT_LIMIT = 1_000_000;

/** JSON.parse reads what is nested so deep that JSON.stringify runs out of stack. */
const DEEPEST = 200;

const isOwn = Object.prototype.hasOwnProperty;

/**
 * The value with every string in it made fit: shortened where it is longer than the limit, media in data URLs replaced
 * by a description, and well-formed Unicode. One lone surrogate in a request makes Langfuse answer 200 and then drop
 * the whole batch, so this comes after every cut.
 *
 * @param limit the longest string that stays whole, in UTF-16 code units
 * @param files takes a text that is a data URL as a whole; what it says then stands there
 */
export function cleanValue(value: unknown, limit: number, files?: FileShelf): unknown {
  return cleanNested(value, limit, files, 0);
}

function cleanNested(value: unknown, limit: number, files: FileShelf | undefined, depth: number): unknown {
  if (typeof value === "string") return cleanText(value, limit, files);
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEEPEST) return `[nested deeper than ${DEEPEST} levels, not sent]`;
  if (Array.isArray(value)) return cleanList(value, limit, files, depth + 1);
  return isFields(value) ? cleanFields(value, limit, files, depth + 1) : value;
}

/** The very same list where nothing in it changes, as of most: copies of a session's texts and figures would be many. */
function cleanList(
  list: readonly unknown[],
  limit: number,
  files: FileShelf | undefined,
  depth: number,
): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index];
    const cleaned = cleanNested(item, limit, files, depth);
    if (cleaned === item) continue;
    copy ??= [...list];
    copy[index] = cleaned;
  }
  return copy ?? list;
}

/** The same; what is no plain object becomes one, as it may have a say in how it is written. */
function cleanFields(fields: Fields, limit: number, files: FileShelf | undefined, depth: number): Fields {
  const prototype: unknown = Object.getPrototypeOf(fields);
  if (prototype !== Object.prototype && prototype !== null)
    // That was cleaned when it was made.
    return fields instanceof JsonText ? fields : cleanCopy(Object.entries(fields), limit, files, depth);
  let copy: [string, unknown][] | undefined;
  let index = 0;
  for (const key in fields) {
    // As JSON has it, and at no cost here (`Object.hasOwn` would be one).
    if (!isOwn.call(fields, key)) continue;
    const item = fields[key];
    const cleaned = cleanNested(item, limit, files, depth);
    const name = cleanName(key);
    if (copy === undefined && (cleaned !== item || name !== key)) copy = Object.entries(fields).slice(0, index);
    copy?.push([name, cleaned]);
    index += 1;
  }
  return copy === undefined ? fields : Object.fromEntries(copy);
}

function cleanCopy(
  entries: readonly (readonly [name: string, value: unknown])[],
  limit: number,
  files: FileShelf | undefined,
  depth: number,
): Fields {
  return Object.fromEntries(entries.map(([name, value]) => [cleanName(name), cleanNested(value, limit, files, depth)]));
}

/** A field's name may be anything too, in a tool's arguments say. */
function cleanName(name: string): string {
  return (name.length < SHORTEST_DATA_URL ? name : describeDataUrls(name)).toWellFormed();
}

/** The same for a span's attributes. */
export function cleanAttributes(attributes: Attributes, limit: number): Attributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, cleanAttribute(value, limit)]));
}

/** The same for the value of one. */
export function cleanAttribute(value: AttributeValue | undefined, limit: number): AttributeValue | undefined {
  if (typeof value === "string") return cleanText(value, limit);
  return Array.isArray(value) ? value.map((item) => cleanText(String(item), limit)) : value;
}

export function cleanText(text: string, limit: number, files?: FileShelf): string {
  if (text.length <= limit && text.length < SHORTEST_DATA_URL) return text.toWellFormed();
  return shorten(describeDataUrls(text, files), limit).toWellFormed();
}

/** `data:;base64,` and nothing behind it. */
const SHORTEST_DATA_URL = 13;

/** Keeps the head and the tail, and says in between how long it was. */
function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cut = Math.ceil(limit * 0.7);
  const head = text.slice(0, isInsidePair(text, cut) ? cut - 1 : cut);
  const resume = text.length - (limit - cut);
  const tail = text.slice(isInsidePair(text, resume) ? resume + 1 : resume);
  const left = text.length - head.length - tail.length;
  return `${head}\n… [${left} of ${text.length} characters left out] …\n${tail}`;
}

/** Whether a cut here would part the two halves of one character. */
function isInsidePair(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

/** Long enough to be a medium and no example of one. */
const DATA_URLS = /data:([\w.+/-]*)(?:;[\w.=+-]+)*;base64,([A-Za-z0-9+/]{200,}={0,2})/g;

/** Megabytes of base64 are of no use in a trace; what it was and how large it was is. */
function describeDataUrls(text: string, files?: FileShelf): string {
  if (!text.includes(";base64,")) return text;
  const whole = dataUrlIn(text);
  if (whole) {
    const put = files?.put(whole.mime, whole.base64);
    return put && "reference" in put ? put.reference : described(whole.mime, whole.base64.length, put?.notSent);
  }
  return text.replace(DATA_URLS, (_, mime: string, data: string) => described(mime, data.length));
}

/**
 * @param length of the base64
 * @param why empty where there is nothing to say
 */
function described(mime: string | undefined, length: number, why = ""): string {
  return `[${mime || "data"}, ${Math.floor((length * 3) / 4)} bytes, not sent${why && `: ${why}`}]`;
}
