/** No file that people write and no model's answer comes near it; recursion through a value bears ten times as much. */
const DEEPEST = 500;

/**
 * Whether a value of JSON is nested so deep that who walks through it may run out of stack: JSON.parse reads any depth,
 * JSON.stringify, zod and structuredClone do not bear it.
 */
export function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  // What a program has made may hold itself.
  const seen = new Set<object>();
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one !== "object" || one === null || seen.has(one)) continue;
      seen.add(one);
      for (const inner of Object.values(one)) if (typeof inner === "object" && inner !== null) next.push(inner);
    }
    if (next.length > 0 && depth >= DEEPEST) return true;
    level = next;
  }
  return false;
}

/** Whether a text of JSON is long enough for that: each level begins and ends with a character. */
export function mayBeTooDeep(text: string): boolean {
  return text.length > 2 * DEEPEST;
}

/** What is said of it; goes on with what it is said of. */
export const TOO_DEEP = `is nested too deeply (more than ${DEEPEST} levels)`;
