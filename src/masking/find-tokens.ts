import { standsAt } from "./characters.js";
import { matchOf, type SecretMatch } from "./secret-match.js";
import { isOfBothCases, valueStrength } from "./secret-values.js";
import { AROUND, isTokenPart, SHAPES, type Shape } from "./token-shapes.js";

/** By the first two characters, which shapes may begin there; by the first one, those whose prefix has no second. */
const byTwo: (readonly Shape[] | undefined)[] = new Array(128 * 128).fill(undefined);
const byOne: (readonly Shape[] | undefined)[] = new Array(128).fill(undefined);
for (const each of SHAPES) {
  const { prefix } = each;
  const [shapes, key] = prefix.length > 1 ? [byTwo, startAt(prefix, 0)] : [byOne, prefix.charCodeAt(0)];
  shapes[key] = [...(shapes[key] ?? []), each];
}
function startAt(text: string, at: number): number {
  return text.charCodeAt(at) * 128 + text.charCodeAt(at + 1);
}

/**
 * Tokens that their shape tells.
 *
 * @param places where they may begin, ascending
 * @param around the words in the middle of tokens that stand in the text
 */
export function findTokenShapes(
  text: string,
  places: readonly number[],
  around: ReadonlySet<string>,
): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  for (const at of places) {
    const shape = shapeAt(text, at, byTwo[startAt(text, at)]) ?? shapeAt(text, at, byOne[text.charCodeAt(at)]);
    if (!shape) continue;
    const from = at + shape.kept;
    found.push(matchOf(from, text.slice(from, shape.end), shape.label, from, true));
  }
  for (const [label, word, pattern, least = 0] of AROUND) {
    if (!around.has(word)) continue;
    for (const { 0: token, index } of text.matchAll(pattern)) {
      if (valueStrength(token) >= least) found.push(matchOf(index, token, label, index, true));
    }
  }
  return found;
}

function shapeAt(
  text: string,
  at: number,
  shapes: readonly Shape[] = [],
): { readonly label: string; readonly kept: number; readonly end: number } | undefined {
  for (const shape of shapes) {
    if (!standsAt(shape.prefix, text, at)) continue;
    const end = endOf(shape, text, at + shape.prefix.length);
    if (end >= 0) return { label: shape.label, kept: shape.kept, end };
  }
  return undefined;
}

const LONGEST_WRAPPED = 400;
const BREAK = /\r?\n[ \t]{0,40}(?:[+|>#*] ?)?/g;

/** Where a token ends; one may go on in the next line when this one ends before it can be whole. */
function endOf({ rest, least, isMixed }: Shape, text: string, from: number): number {
  let end = from;
  while (end - from < LONGEST_WRAPPED && isTokenPart(text.charCodeAt(end))) end += 1;
  // Most of what may begin is a word, and too short.
  if (end - from >= least) {
    rest.lastIndex = from;
    const match = rest.exec(text);
    if (match) return !isMixed || isMixture(match[0]) ? from + match[0].length : -1;
  }
  const stop = text.charCodeAt(end);
  if (end - from < 4 || (stop !== 10 && stop !== 13)) return -1;
  const wrapped = wrappedFrom(text, from);
  rest.lastIndex = 0;
  const joined = rest.exec(wrapped.replace(BREAK, ""));
  if (!joined || !isMixture(joined[0])) return -1;
  let left = joined[0].length;
  let at = 0;
  for (const { 0: gap, index } of wrapped.matchAll(BREAK)) {
    if (left <= index - at) break;
    left -= index - at;
    at = index + gap.length;
  }
  return from + at + left;
}

/** The text from there on, up to the first line break that no token goes on behind. */
function wrappedFrom(text: string, from: number): string {
  const wrapped = text.slice(from, from + LONGEST_WRAPPED);
  let lineFrom = text.lastIndexOf("\n", from) + 1;
  let lengthBefore = -1;
  for (const { 0: gap, index } of wrapped.matchAll(BREAK)) {
    const next = from + index + gap.length;
    const length = from + index - lineFrom;
    // The last piece may be too short to look like anything: the lines before it tell.
    const isFull = length >= SHORTEST_WRAPPED_LINE || length === lengthBefore;
    if (!goesOn(isFull, text.slice(next, next + LONGEST_WRAPPED))) return wrapped.slice(0, index);
    lineFrom = from + index + gap.indexOf("\n") + 1;
    lengthBefore = length;
  }
  return wrapped;
}

/** Hardly anything wraps lines shorter than this. */
const SHORTEST_WRAPPED_LINE = 40;

/** `NAME=value`, `name: value`; what base64 ends with is no value. */
const NAMED = /^(?:export[ \t]+|set[ \t]+)?(?:[A-Za-z_][\w.-]*[ \t]*[:=][ \t]*(?![=\s]|$)|[A-Z][A-Z_]+[:=])/;

/** A word of a sentence or of a command. */
const PLAIN_WORD = /^[A-Za-z]?[a-z]+(?:[ \t]|[,.:;!?][ \t\r\n])/;

/**
 * Whether a line goes on with what the line before broke off: what stands in a line of its own does not, and what
 * breaks off a short line only where chance alone makes it.
 */
function goesOn(isFull: boolean, next: string): boolean {
  if (NAMED.test(next)) return false;
  if (isFull) return !PLAIN_WORD.test(next);
  return valueStrength(/^[\w+/.=-]*/.exec(next)?.[0] ?? "") === 3;
}

function isMixture(text: string): boolean {
  const isMixed = (/\d/.test(text) && /[A-Za-z]/.test(text)) || isOfBothCases(text);
  return isMixed && !/(.)\1{7}/.test(text);
}
