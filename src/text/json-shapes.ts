/**
 * Whether a value of JSON is just as a schema would have it, told by hand: to load a schema takes longer than to look at
 * the few values that most runs have for it. Whatever is not just so is left to the schema.
 */
import { type Fields, isFields } from "./json-fields.js";

/** Whether a value is of a kind. */
export type Is = (value: unknown) => boolean;
/** What stands in an object's fields, those that may be missing too; what else stands there does not matter. */
export type Shape = Readonly<Record<string, Is>>;

export const text: Is = (value) => typeof value === "string";
export const number: Is = (value) => Number.isFinite(value);
/** A number of things. */
export const count: Is = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
export const flag: Is = (value) => typeof value === "boolean";

/** An object whose fields a schema would all keep: what JSON calls `__proto__` is none for it. */
export const isPlainObject = (value: unknown): value is Fields => isFields(value) && !Object.hasOwn(value, "__proto__");

/** The same, or nothing. */
export const orNone =
  (is: Is): Is =>
  (value) =>
    value === undefined || is(value);

/** The same, nothing, or null. */
export const orNull =
  (is: Is): Is =>
  (value) =>
    value === undefined || value === null || is(value);

export const listOf =
  (is: Is): Is =>
  (value) =>
    Array.isArray(value) && value.every(is);

export const having =
  (shape: Shape): Is =>
  (value) =>
    isPlainObject(value) && has(value, shape);

/** Whether an object is of a shape. */
export function has(value: Fields, shape: Shape): boolean {
  for (const name in shape) if (shape[name]?.(value[name]) !== true) return false;
  return true;
}
