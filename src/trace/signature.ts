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
