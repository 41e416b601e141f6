/**
 * A tool call's arguments as a text that is the same for the same arguments, whatever the order of their keys.
 *
 * @returns JSON; undefined for arguments that are nested too deeply to be compared
 */
export function signatureOf(input: unknown): string | undefined {
  try {
    // In a list, since undefined alone has no JSON.
    return JSON.stringify([canonical(input)]).slice(1, -1);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The same value with the keys of all its objects sorted. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, item]) => [key, canonical(item)]),
  );
}

/** As deep as a look goes: what is nested deeper is compared by its signature alone. */
const LOOKED_AT_DEEP = 50;

/**
 * Whether two tool calls' arguments, plain data as JSON has it, have other signatures, as far as that shows at the
 * first difference: long arguments mostly differ soon, and their signatures are long too.
 *
 * @returns false where only the signatures tell
 */
export function surelyDiffer(one: unknown, other: unknown, depth = 0): boolean {
  if (one === other || depth > LOOKED_AT_DEEP) return false;
  const kind = kindOf(one);
  if (kind !== kindOf(other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return kind !== "null";
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length !== other.length || one.some((item, index) => surelyDiffer(item, other[index], depth + 1));
  }
  return hasMore(one, other, depth) || hasMore(other, one, depth);
}

/** Whether a field of the first object is none of the second, or another. */
function hasMore(one: object, other: object, depth: number): boolean {
  for (const [key, value] of Object.entries(one)) {
    const beside: unknown = Object.hasOwn(other, key) ? Reflect.get(other, key) : undefined;
    // What is undefined is no field in JSON.
    if (value === undefined ? beside !== undefined : beside === undefined || surelyDiffer(value, beside, depth + 1))
      return true;
  }
  return false;
}

/** What JSON makes of a value; of what it has no word for, null. */
function kindOf(value: unknown): "text" | "number" | "flag" | "list" | "object" | "null" {
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "flag";
  if (typeof value === "number") return Number.isFinite(value) ? "number" : "null";
  if (typeof value !== "object" || value === null) return "null";
  return Array.isArray(value) ? "list" : "object";
}
