/**
 * Words such as `token` that are only mentioned, as most are in sentences and in code, told by the characters around
 * them. Of all others nothing is said here: `assignments.ts` looks at them, and would find nothing behind these.
 */
import { isWeakName, STEMS } from "./assigned-names.js";
import { isBlank, isBreak, isCapital, isDigit, isLetter, isSmall, tableOf } from "./characters.js";
import type { Codes } from "./codes.js";
import { isSpace, LEADS_ON } from "./mentions.js";
import { wordEnd, wordsBy } from "./words.js";

const [SPACE, EXCLAMATION, COMMA, HYPHEN, COLON, EQUALS, GREATER] = [32, 33, 44, 45, 58, 61, 62];

/** Words of secrets, and many of them, that are names of little or no strength by themselves. */
const weak = wordsBy(STEMS.flatMap((stem) => [stem, `${stem}s`]).filter(isWeakName));
const leading = wordsBy([...LEADS_ON]);

/** How many blanks are looked at before and behind a word. */
const MOST_BLANKS = 8;
/** How much may stand between a word at the end of a line and the next one. */
const MOST_SPACES = 40;

/** A longer part is no word of a name. */
const LONGEST_PART = 24;
/** What can stand between the words of a name. */
const BETWEEN_WORDS = tableOf("._-/");

/** More may be a value: of these signs, of which the first is one that no pattern begins with. */
const MOST_SIGNS = 3;
const FIRST_SIGNS = tableOf("{}([/");
const SIGNS = tableOf("{}()[]/*;0123456789");

/** @param at where the word begins */
export function isPlainMention(codes: Codes, at: number): boolean {
  if (at === 0 || !isBlank(codes[at - 1] ?? 0)) return false;
  const to = wordEnd(weak, codes, at);
  return to > 0 && !isSaid(codes, at - 1) && isWithoutValue(codes, to);
}

/** Whether the name of a field stands before it, so that it may be what that field calls something. */
function isSaid(codes: Codes, blank: number): boolean {
  let at = blank;
  while (blank - at < MOST_BLANKS && codes[at] === SPACE) at -= 1;
  return codes[at] === COLON || codes[at] === EQUALS;
}

/** @param to where the word ends */
function isWithoutValue(codes: Codes, to: number): boolean {
  const code = codes[to] ?? 0;
  if (code === COMMA) return true;
  if (isBreak(code)) return isWordBelow(codes, to);
  if (!isBlank(code)) return false;
  const start = blanksEnd(codes, to);
  const first = codes[start] ?? 0;
  const second = codes[start + 1] ?? 0;
  // What a name of little strength is compared with is no value of it.
  if ((first === EQUALS || first === EXCLAMATION) && second === EQUALS) return true;
  if (first === EQUALS && second === GREATER) return wordyEnd(codes, blanksEnd(codes, start + 2)) > 0;
  if (wordEnd(leading, codes, start) > 0) return false;
  const end = FIRST_SIGNS[first] === 1 ? signsEnd(codes, start) : wordyEnd(codes, start);
  // Behind a type its value may follow.
  return end > 0 && !isAssigned(codes[blanksEnd(codes, end)] ?? 0);
}

/** Whether a line ends there, and what begins the next one is neither a value nor leads to one. */
function isWordBelow(codes: Codes, to: number): boolean {
  let at = to;
  while (at - to < MOST_SPACES && isSpace(codes[at] ?? 0)) at += 1;
  const code = codes[at] ?? 0;
  return isDigit(code) || FIRST_SIGNS[code] === 1 || (isLetter(code) && wordEnd(leading, codes, at) < 0);
}

function isAssigned(code: number): boolean {
  return code === COLON || code === EQUALS;
}

function blanksEnd(codes: Codes, from: number): number {
  let at = from;
  while (at - from < MOST_BLANKS && isBlank(codes[at] ?? 0)) at += 1;
  return at;
}

/** Where a few signs end that stand alone; -1 where there are more of them, or others. */
function signsEnd(codes: Codes, from: number): number {
  let at = from;
  while (at - from < MOST_SIGNS && SIGNS[codes[at] ?? 0] === 1) at += 1;
  return isSpace(codes[at] ?? 0) ? at : -1;
}

/**
 * Where a number ends that stands alone, or what is made of words: `valueStrength` says of it that it is no more than a
 * name. -1 where anything else stands there.
 */
function wordyEnd(codes: Codes, from: number): number {
  if (codes[from] === HYPHEN) return -1;
  const end = isDigit(codes[from] ?? 0) ? digitsEnd(codes, from) : wordsEnd(codes, from);
  return end > from && isSpace(codes[end] ?? 0) ? end : -1;
}

/** Of more than one: in front of a password a single one says how it is written. */
function digitsEnd(codes: Codes, from: number): number {
  let at = from;
  while (isDigit(codes[at] ?? 0)) at += 1;
  return at - from > 1 ? at : -1;
}

/** Words of small letters that may begin with a capital, as names have them; capitals by turns are made by chance. */
function wordsEnd(codes: Codes, from: number): number {
  let part = 0;
  let turns = 0;
  for (let at = from; ; at += 1) {
    const code = codes[at] ?? 0;
    part += 1;
    if (isCapital(code)) {
      if (!isSmall(codes[at + 1] ?? 0) || !isSmall(codes[at + 2] ?? 0)) turns += 1;
      part = 1;
    } else if (BETWEEN_WORDS[code] === 1) part = 0;
    else if (!isSmall(code)) return at;
    if (part > LONGEST_PART || turns > 1) return -1;
  }
}
