/** Replaces the texts of plain data. */

/** What is nested deeper is replaced as a whole: JSON.parse reads what a recursive walk cannot follow. */
export const DEEPEST = 1_000;

/**
 * The same value with all its texts replaced, keys of objects among them. What is not changed stays the same object.
 *
 * What sessions and traces are put together by (ids, types, states) stays as it is, whatever is to be masked.
 *
 * @param value plain data, as JSON has it; anything else in it is handed back as it is
 */
export function replaceTexts<T>(value: T, replace: Replacing): T {
  // Texts become texts, and everything else keeps its shape.
  return replaced(value, replace, 0, new Map()) as T;
}

/** How texts are replaced. */
export interface Replacing {
  readonly text: (text: string) => string;
  /** The names of fields, such as data of any shape has them; others are texts. */
  readonly name: (name: string) => string;
  /** A text that is the value of a field, by the field's name. */
  readonly field?: ((name: string, value: string) => string) | undefined;
  /** Objects in which nothing is to be replaced, and which are nested half as deep as may be at most. */
  readonly clean?: ReadonlySet<object> | undefined;
}

/** Fields by which sessions and traces are put together, in opencode's words, looptrace's and those of the chat. */
export const STRUCTURE: ReadonlySet<string> = new Set(
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

/** What becomes of the names of fields, which are few. */
type Names = Map<string, string>;

function replaced(value: unknown, replace: Replacing, depth: number, names: Names): unknown {
  if (typeof value === "string") return replace.text(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth <= DEEPEST / 2 && replace.clean?.has(value)) return value;
  if (depth === DEEPEST) return `[nested deeper than ${DEEPEST} levels, left out]`;
  if (Array.isArray(value)) return replacedList(value, replace, depth, names);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  // Made when something changes: in nearly all objects nothing does.
  let entries: Map<string, unknown> | undefined;
  const told = replace.field && namedValue(value);
  const keys = Object.keys(value);
  const items: readonly unknown[] = Object.values(value);
  for (const [index, key] of keys.entries()) {
    const item = items[index];
    const name = nameOf(key, replace, names);
    const own = isKept(key, item) ? item : replaced(shownAs(key, item, told, replace), replace, depth + 1, names);
    if (!entries && (name !== key || own !== item)) {
      entries = new Map(keys.slice(0, index).map((before, place) => [before, items[place]]));
    }
    entries?.set(unused(name, entries), own);
  }
  return entries ? Object.fromEntries(entries) : value;
}

function nameOf(key: string, replace: Replacing, names: Names): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  if (!FIELD_NAME.test(key)) return replace.text(key);
  const name = replace.name(key);
  names.set(key, name);
  return name;
}

function replacedList(list: readonly unknown[], replace: Replacing, depth: number, names: Names): unknown {
  let items: unknown[] | undefined;
  list.forEach((item, index) => {
    const own = replaced(item, replace, depth + 1, names);
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
export const VALUE_FIELDS: readonly string[] = ["value", "Value", "val", "default", "content"];

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
