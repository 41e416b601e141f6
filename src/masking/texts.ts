/**
 * The texts of plain data: looking at them, and replacing them.
 */

/** What is nested deeper is replaced as a whole: JSON.parse reads what a recursive walk cannot follow. */
const DEEPEST = 1_000;

/**
 * All texts of some plain values, keys of objects among them, joined to pieces by line breaks: few large ones are looked
 * through faster than many small ones.
 *
 * @param size about how many characters a piece has; a longer text is a piece of its own
 */
export function* textPieces(values: readonly unknown[], size = 1_000_000): Generator<string> {
  let piece: string[] = [];
  let length = 0;
  const left: unknown[] = [...values];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === "object" && value !== null) {
      if (!Array.isArray(value)) for (const key of Object.keys(value)) left.push(key);
      for (const item of Object.values(value)) {
        if (typeof item === "string" || typeof item === "object") left.push(item);
      }
      continue;
    }
    if (typeof value !== "string") continue;
    piece.push(value);
    length += value.length;
    if (length < size) continue;
    yield piece.join("\n");
    piece = [];
    length = 0;
  }
  if (piece.length > 0) yield piece.join("\n");
}

/**
 * The same value with all its texts replaced, keys of objects among them. What is not changed stays the same object.
 *
 * @param value plain data, as JSON has it; anything else in it is handed back as it is
 */
export function replaceTexts<T>(value: T, replace: (text: string) => string): T {
  // Texts become texts, and everything else keeps its shape.
  return replaced(value, replace, 0) as T;
}

function replaced(value: unknown, replace: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return replace(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEEPEST) return `[nested deeper than ${DEEPEST} levels, left out]`;
  if (Array.isArray(value)) {
    const items = value.map((item) => replaced(item, replace, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  let changed = false;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const own: [string, unknown] = [replace(key), replaced(item, replace, depth + 1)];
    changed ||= own[0] !== key || own[1] !== item;
    return own;
  });
  return changed ? Object.fromEntries(entries) : value;
}
