/**
 * Fields in which a provider may write whatever it likes, as `lenient.ts` reads them, told by hand: to load the schemas
 * takes longer than to read a run's answers. What is none of its kind counts as left out.
 */
import { type Fields, isFields } from "../../text/json-fields.js";

/** A text. */
export function textIn(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** A number of tokens; what cannot be one is 0. */
export function tokensIn(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
}

/** Of a list's items those that are objects. */
export function listIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}
