/** The texts of plain data: looking at them, and replacing them. */
import { TextMap } from "./text-map.js";

/** What is nested deeper is replaced as a whole: JSON.parse reads what a recursive walk cannot follow. */
const DEEPEST = 1_000;

/**
 * About how many characters a piece has, if it is not one long text: the engine puts texts together several times faster
 * while what comes of them is no large object.
 */
const PIECE_SIZE = 12_000;

/** Of a text that was looked through before, what stands next to others is looked at again. */
const EDGE = 1_000;

/**
 * All texts of some plain values, keys of objects among them, joined to pieces by line breaks: few large ones are
 * looked through faster than many small ones. Of a long text that stands there again only the edges are in a piece
 * once more: traces have the output of a tool where it ran, and where the model is told of it.
 *
 * @param fields is told of the fields that are texts, of all objects
 */
export function* textPieces(
  values: readonly unknown[],
  fields?: (name: string, text: string) => void,
): Generator<string> {
  let piece: string[] = [];
  let length = 0;
  const known = new TextMap<true>();
  const left: unknown[] = [...values];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === "object" && value !== null) addParts(value, left, fields);
    if (typeof value !== "string") continue;
    const text = known.get(value) ? edgesOf(value) : value;
    if (text === value) known.set(value, true);
    piece.push(text);
    length += text.length;
    // What stands behind base64 tells where it ends.
    if (length < PIECE_SIZE || left.length === 0 || text.endsWith("=")) continue;
    // No text begins or ends with a piece but the first and the last one of all.
    piece.push("");
    yield piece.join("\n");
    piece = [""];
    length = 0;
  }
  if (length > 0) yield piece.join("\n");
}

/** The texts and objects that a value is made of. */
function addParts(value: object, left: unknown[], fields?: (name: string, text: string) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "string" || typeof item === "object") left.push(item);
    return;
  }
  for (const key of Object.keys(value)) left.push(key);
  const told = fields && namedValue(value);
  for (const [key, item] of Object.entries(value)) {
    if (typeof item === "string") fields?.(told?.key === key ? told.name : key, item);
    if (typeof item === "string" || typeof item === "object") left.push(item);
  }
}

/** The first lines and the last ones, whole; of a text without such lines all of it. */
function edgesOf(text: string): string {
  const head = text.lastIndexOf("\n", EDGE);
  const tail = text.indexOf("\n", text.length - EDGE);
  return head > 0 && tail > head ? `${text.slice(0, head)}\n${text.slice(tail)}` : text;
}

/**
 * The same value with all its texts replaced, keys of objects among them. What is not changed stays the same object.
 *
 * What sessions and traces are put together by (ids, types, states) stays as it is, whatever is to be masked.
 *
 * @param value plain data, as JSON has it; anything else in it is handed back as it is
 */
export function replaceTexts<T>(value: T, replace: Replacing): T {
  // Texts become texts, and everything else keeps its shape.
  return replaced(value, replace, 0) as T;
}

/** How texts are replaced. */
export interface Replacing {
  readonly text: (text: string) => string;
  /** The names of fields, such as data of any shape has them; others are texts. */
  readonly name: (name: string) => string;
  /** A text that is the value of a field, by the field's name. */
  readonly field?: ((name: string, value: string) => string) | undefined;
}

/** Fields by which sessions and traces are put together, in opencode's words, looptrace's and those of the chat. */
const STRUCTURE: ReadonlySet<string> = new Set(
  `id sessionID messageID parentID callID projectID type role status finish reason tool
   traceId spanId sessionId parentId userMessageId messageId partId callId runId childSessionId
   kind outcome timing code evidence tool_call_id by of version permission`.split(/\s+/),
);

/** An answer to a question may hold anything under this name; only these are opencode's, of a permission. */
const ANSWERS: ReadonlySet<unknown> = new Set(["once", "always", "reject", "none"]);

/** What stands in such a field when it is what it seems: opencode's and OTel's ids, a word of a protocol, a version. */
const STRUCTURAL =
  /^(?:(?:ses|msg|prt|evt|per|tool|call|toolu|run)_[\w-]+|[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z]+(?:[-_][a-z]+)*|[\d.]+)$/;

const FIELD_NAME = /^[A-Za-z_$][\w$-]{0,40}$/;

function replaced(value: unknown, replace: Replacing, depth: number): unknown {
  if (typeof value === "string") return replace.text(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEEPEST) return `[nested deeper than ${DEEPEST} levels, left out]`;
  if (Array.isArray(value)) return replacedList(value, replace, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  // Made when something changes: in nearly all objects nothing does.
  let entries: Map<string, unknown> | undefined;
  const told = replace.field && namedValue(value);
  const all: readonly [string, unknown][] = Object.entries(value);
  all.forEach(([key, item], index) => {
    const name = FIELD_NAME.test(key) ? replace.name(key) : replace.text(key);
    const own = isKept(key, item) ? item : replaced(shownAs(key, item, told, replace), replace, depth + 1);
    if (!entries && (name !== key || own !== item)) entries = new Map(all.slice(0, index));
    entries?.set(unused(name, entries), own);
  });
  return entries ? Object.fromEntries(entries) : value;
}

function replacedList(list: readonly unknown[], replace: Replacing, depth: number): unknown {
  let items: unknown[] | undefined;
  list.forEach((item, index) => {
    const own = replaced(item, replace, depth + 1);
    if (own !== item) items ??= [...list];
    if (items) items[index] = own;
  });
  return items ?? list;
}

function isKept(key: string, item: unknown): boolean {
  if (STRUCTURE.has(key)) return typeof item === "string" && STRUCTURAL.test(item);
  return key === "answer" && ANSWERS.has(item);
}

function shownAs(key: string, item: unknown, told: ReturnType<typeof namedValue>, { field }: Replacing): unknown {
  return field && typeof item === "string" ? field(told?.key === key ? told.name : key, item) : item;
}

/** In lists of variables a field says the name, and another one the value. */
const NAME_FIELDS = ["name", "Name", "key", "Key", "variable", "parameter"];
const VALUE_FIELDS = ["value", "Value", "val", "default", "content"];

/** Of an object such as `{ "name": "DB_PASSWORD", "value": "…" }`, which field has the value, and of what name. */
export function namedValue(value: object): { readonly key: string; readonly name: string } | undefined {
  const key = VALUE_FIELDS.find((each) => typeof fieldOf(value, each) === "string");
  if (key === undefined) return undefined;
  const name = NAME_FIELDS.map((each) => fieldOf(value, each)).find((each) => typeof each === "string");
  return typeof name === "string" ? { key, name } : undefined;
}

function fieldOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

/** Two names can become one, and none of them is to be lost. */
function unused(name: string, entries: ReadonlyMap<string, unknown>): string {
  if (!entries.has(name)) return name;
  let number = 2;
  while (entries.has(`${name} ${number}`)) number += 1;
  return `${name} ${number}`;
}
