/**
 * What is done to every value before it goes on the wire, so that no single one can sink its request.
 */

/** How long one string may be, in UTF-16 code units. */
export const DEFAULT_TEXT_LIMIT = 1_000_000;

/** JSON.parse reads what is nested so deep that JSON.stringify runs out of stack. */
const DEEPEST = 200;

/**
 * The value with every string in it made fit: shortened where it is longer than the limit, media in data URLs replaced
 * by a description, and well-formed Unicode. One lone surrogate in a request makes Langfuse answer 200 and then drop
 * the whole batch, so this comes after every cut.
 *
 * @param limit the longest string that stays whole, in UTF-16 code units
 */
export function cleanValue(value: unknown, limit: number): unknown {
  return cleanNested(value, limit, 0);
}

function cleanNested(value: unknown, limit: number, depth: number): unknown {
  if (typeof value === "string") return cleanText(value, limit);
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEEPEST) return `[nested deeper than ${DEEPEST} levels, not sent]`;
  if (Array.isArray(value)) return value.map((item) => cleanNested(item, limit, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.toWellFormed(), cleanNested(item, limit, depth + 1)]),
  );
}

export function cleanText(text: string, limit: number): string {
  return shorten(describeDataUrl(text) ?? text, limit).toWellFormed();
}

/** Keeps the head and the tail, and says in between how long it was. */
function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cut = Math.ceil(limit * 0.7);
  const head = text.slice(0, isInsidePair(text, cut) ? cut - 1 : cut);
  const resume = text.length - (limit - cut);
  const tail = text.slice(isInsidePair(text, resume) ? resume + 1 : resume);
  const left = text.length - head.length - tail.length;
  return `${head}\n… [${left} of ${text.length} characters left out] …\n${tail}`;
}

/** Whether a cut here would part the two halves of one character. */
function isInsidePair(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

/** Megabytes of base64 help nobody in a trace; what it was and how large it was does. */
function describeDataUrl(text: string): string | undefined {
  if (!text.startsWith("data:")) return undefined;
  const match = /^data:([^;,]*)[^,]{0,100};base64,/.exec(text.slice(0, 300));
  if (!match) return undefined;
  const bytes = Math.floor(((text.length - match[0].length) * 3) / 4);
  return `[${match[1] || "data"}, ${bytes} bytes, not sent]`;
}
