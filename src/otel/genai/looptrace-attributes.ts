import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { cleanText, cleanValue } from "../clean-value.js";
import type { SpanFacts } from "../facts/span-facts.js";

/**
 * What looptrace knows and no convention has a name for: `looptrace.` and the fact's name in the conventions' style.
 * Figures that belong together get a name each, such as `looptrace.totals.calls`, so that a backend can sum them;
 * anything else that is no single value is JSON.
 *
 * @param limit the longest text that stays whole, in UTF-16 code units
 */
export function looptraceAttributes(facts: SpanFacts, limit: number): Attributes {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) => flat(`looptrace.${snakeCase(name)}`, value, limit)),
  );
}

function flat(name: string, value: unknown, limit: number): [string, AttributeValue][] {
  if (value === null || value === undefined) return [];
  if (isFigures(value)) {
    return Object.entries(value).flatMap(([key, item]) => flat(`${name}.${snakeCase(key)}`, item, limit));
  }
  return [[name, attributeValue(value, limit)]];
}

/** A fact as an attribute can hold it. */
export function attributeValue(value: unknown, limit: number): AttributeValue {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return cleanText(value, limit);
  if (isTexts(value)) return value.map((item) => cleanText(item, limit));
  return JSON.stringify(cleanValue(value, limit)) ?? "";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** An object with numbers only, also in objects in it, under names that are looptrace's own words. */
function isFigures(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length > 0 &&
    entries.every(
      ([key, item]) =>
        /^[a-z][A-Za-z0-9]*$/.test(key) && (item === null || typeof item === "number" || isFigures(item)),
    )
  );
}

function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .toWellFormed();
}
