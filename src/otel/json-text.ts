/** Values that are sent as JSON in a text. */
import { type Fields, isFields } from "../text/json-fields.js";
import type { JsonBytes } from "./json-bytes.js";

/** JSON that is written when it goes to the wire, and no sooner: as a string it would be there twice. */
export class JsonText {
  /** With its last object a class loses the code that the engine has compiled for it; this one stays. */
  static readonly EMPTY = new JsonText({});

  /** @param value plain data, cleaned */
  constructor(readonly value: Fields | readonly unknown[] | number) {}

  /** In other JSON it is a text. */
  toJSON(): string {
    return String(this);
  }

  toString(): string {
    try {
      return JSON.stringify(this.value);
    } catch {
      return UNWRITABLE;
    }
  }
}

/** What Langfuse's SDK says of it. */
const UNWRITABLE = "<failed to serialize>";

/** A value as an attribute has it, where it is no text: as JSON. @returns undefined where JSON has nothing for it */
export function jsonText(value: unknown): JsonText | string | undefined {
  if (typeof value === "number") return isDigits(value) ? new JsonText(value) : numberText(value);
  if (isPlain(value)) return new JsonText(value);
  try {
    return JSON.stringify(value);
  } catch {
    return UNWRITABLE;
  }
}

/** Writes the JSON of a value. @param layers how many texts of JSON it stands in, each in the next */
export function writeJson({ value }: JsonText, to: JsonBytes, layers: number): void {
  const { length, unescaped } = to;
  try {
    writeValue(value, to, layers);
  } catch {
    to.rewind({ length, unescaped });
    to.text(UNWRITABLE, layers);
  }
}

/** In a loop over an object's names the engine leaves this question out, unlike that of `Object.hasOwn`. */
const isOwn = Object.prototype.hasOwnProperty;

const COMMA = 0x2c;
const COLON = 0x3a;
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d];
const [OPEN_FIELDS, CLOSE_FIELDS] = [0x7b, 0x7d];

function writeValue(value: unknown, to: JsonBytes, layers: number): void {
  if (typeof value === "string") to.string(value, layers);
  else if (typeof value === "number") writeNumber(value, to);
  else if (!isPlain(value)) writeOdd(value, to, layers);
  else if (isList(value)) writeList(value, to, layers);
  else writeFields(value, to, layers);
}

/** What JSON asks how it is to be written, or has a word for. */
function writeOdd(value: unknown, to: JsonBytes, layers: number): void {
  if (!(value instanceof JsonText)) {
    to.text(JSON.stringify(value) ?? "null", layers);
    return;
  }
  to.quote(layers);
  writeJson(value, to, layers + 1);
  to.quote(layers);
}

function writeNumber(value: number, to: JsonBytes): void {
  if (isDigits(value)) to.integer(value);
  else to.text(numberText(value), 0);
}

/** Whether it is written as its digits and nothing else: these become bytes without becoming a string. */
export function isDigits(value: number): boolean {
  return value >= 0 && Number.isSafeInteger(value);
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : "null";
}

function writeList(list: readonly unknown[], to: JsonBytes, layers: number): void {
  to.byte(OPEN_LIST);
  for (let index = 0; index < list.length; index += 1) {
    if (index > 0) to.byte(COMMA);
    writeValue(list[index], to, layers);
  }
  to.byte(CLOSE_LIST);
}

function writeFields(fields: Fields, to: JsonBytes, layers: number): void {
  to.byte(OPEN_FIELDS);
  let isFirst = true;
  for (const key in fields) {
    // What a program has given all objects is no field of this one.
    if (!isOwn.call(fields, key)) continue;
    const value = fields[key];
    if (typeof value !== "string" && typeof value !== "number" && isLeftOut(value)) continue;
    if (!isFirst) to.byte(COMMA);
    isFirst = false;
    to.string(key, layers);
    to.byte(COLON);
    writeValue(value, to, layers);
  }
  to.byte(CLOSE_FIELDS);
}

/** Whether JSON has no field for it. */
function isLeftOut(value: unknown): boolean {
  if (value === undefined || typeof value === "function" || typeof value === "symbol") return true;
  if (typeof value !== "object" || value === null || isPlain(value) || value instanceof JsonText) return false;
  return JSON.stringify(value) === undefined;
}

/** A list, or an object as JSON has it, that has no say in how it is written. */
function isPlain(value: unknown): value is Fields | readonly unknown[] {
  if (Array.isArray(value)) return !("toJSON" in value);
  if (!isFields(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && typeof value.toJSON !== "function";
}

function isList(value: Fields | readonly unknown[]): value is readonly unknown[] {
  return Array.isArray(value);
}
