import { countUntil, DIGITS, isBlank, isDigit, isLetter, LETTERS, tableOf } from "./characters.js";

export const LONGEST_VALUE = 2_000;

/** What stands between the cells of a table. */
export const BARS = "|│┃║";

export interface Value {
  readonly from: number;
  readonly to: number;
  readonly quoted: boolean;
}

export function after(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

const QUOTES = tableOf("\"'`");
/** The same with what programs put before a quote. */
const BEFORE_QUOTES = tableOf("bruf@$L\"'`");
const QUOTE = /[bruf@$L]{0,2}(?:"""|'''|["'`])/y;

export function quotedAt(text: string, at: number): Value | undefined {
  if (BEFORE_QUOTES[text.charCodeAt(at)] !== 1) return undefined;
  QUOTE.lastIndex = at;
  const quote = QUOTE.exec(text)?.[0];
  if (quote === undefined) return undefined;
  const mark = quote.charAt(quote.length - 1);
  const from = at + quote.length;
  const last = Math.min(text.length, from + LONGEST_VALUE);
  let breaks = 0;
  for (let to = from; to < last; to += 1) {
    const character = text[to];
    if (character === mark) return { from, to, quoted: true };
    if (character === "\\") to += 1;
    // A value that was wrapped goes on without a blank before or after.
    else if (character === "\n") {
      breaks += 1;
      if (breaks > 8 || to - from < 16 || /\s/.test(text.slice(from, to - 1))) return undefined;
    }
  }
  // Cut off, as outputs are: what is there is a part of it.
  return last === text.length && breaks === 0 && last - from >= 8 ? { from, to: last, quoted: true } : undefined;
}

/** @param stops the characters that end the value, as in a class of a regular expression */
export function bareAt(text: string, from: number, stops: string): Value | undefined {
  let pattern = bare.get(stops);
  if (!pattern) {
    pattern = new RegExp(`[^${stops}]{0,${LONGEST_VALUE}}`, "y");
    bare.set(stops, pattern);
  }
  return trimmed(text, from, after(pattern, text, from) ?? from);
}

const bare = new Map<string, RegExp>();

/** As shells and files of settings have it: up to the next blank. */
export function settingAt(text: string, from: number): Value | undefined {
  const value = bareAt(text, from, "\\s\"'`");
  if (!value) return undefined;
  const next = /[;&|](?=[\w.-]+=|$)|[;&|]{2}|[;]$/.exec(text.slice(value.from, value.to));
  return next ? trimmed(text, value.from, value.from + next.index) : value;
}

/** What ends a value without quotes behind a name and a blank, or behind `is`: for `bareAt`. */
export const SPACED_STOPS = "\\s\"'`;|&<>";
export const SAID_STOPS = "\\s\"'`<>";
/** The same as far as the first 128 characters do. */
const ENDS = stopTable(SPACED_STOPS);
const SAID_ENDS = stopTable(SAID_STOPS);

function stopTable(stops: string): Uint8Array {
  return tableOf(stops.replace("\\s", " \t\n\v\f\r"));
}
/** Of what has fewer characters `valueStrength` says 0, or less than 3. */
const [SHORTEST_WEAK, SHORTEST_STRONG] = [4, 16];

/** Whether what stands without quotes behind `is` is shorter than what chance makes. */
export function isSurelyWeak(text: string, at: number): boolean {
  return countUntil(SAID_ENDS, text, at, SHORTEST_STRONG) < SHORTEST_STRONG;
}

/**
 * Whether what stands without quotes at a place is surely no secret: it is too short for one.
 *
 * @param orWord whether a word of letters alone, or a number, is none either
 */
export function isSurelyPlain(text: string, at: number, orWord: boolean): boolean {
  const count = countUntil(ENDS, text, at, SHORTEST_STRONG);
  // Behind a letter or two a quote may begin the value.
  if (count === SHORTEST_STRONG || QUOTES[text.charCodeAt(at + count)] === 1) return false;
  if (count < SHORTEST_WEAK) return true;
  if (!orWord) return false;
  const isAlike = isDigit(text.charCodeAt(at)) ? isDigit : isLetter;
  let alike = 0;
  while (alike < count && isAlike(text.charCodeAt(at + alike))) alike += 1;
  return alike === count;
}

const TYPES = tableOf(`${LETTERS}${DIGITS}_.*[]`);
const TYPED_AFTER = /[ \t]{1,8}[\w.*[\]]{1,24}[ \t]{1,8}:?=[ \t]{0,8}(?=["'`])/y;
const LONGEST_TYPE = 24;
const LONGEST_GAP = 8;

/**
 * Where the value stands that is assigned behind a type: `token string = "…"`.
 *
 * @param to where the name ends
 * @param start where the blanks end behind it
 */
export function typedAfter(text: string, to: number, start: number): number | undefined {
  let at = start;
  while (at - start < LONGEST_TYPE && TYPES[text.charCodeAt(at)] === 1) at += 1;
  if (at === start || !isBlank(text.charCodeAt(at))) return undefined;
  const gap = at;
  while (at - gap < LONGEST_GAP && isBlank(text.charCodeAt(at))) at += 1;
  // What is no assignment, as nearly all is, needs no pattern.
  return text[at] === ":" || text[at] === "=" ? after(TYPED_AFTER, text, to) : undefined;
}

export function lineEnd(text: string, from: number): number {
  const last = Math.min(text.length, from + LONGEST_VALUE);
  for (let to = from; to < last; to += 1) if (text.charCodeAt(to) === 10) return to;
  return last;
}

/** Without blanks around, remarks behind, and signs that belong to what surrounds it. */
export function trimmed(text: string, from: number, to: number): Value | undefined {
  let raw = text.slice(from, to);
  const remark = /\s[#;](?:\s|$)|<\/[a-z]/.exec(raw);
  if (remark) raw = raw.slice(0, remark.index);
  const lead = raw.length - raw.trimStart().length;
  let value = withoutEnd(raw.trim(), "\\\"'`,;");
  while (value.endsWith("**")) value = value.slice(0, -1);
  const closed = /[([{<]/.test(value) ? value : withoutEnd(value, ")]}>.");
  return closed === "" ? undefined : { from: from + lead, to: from + lead + closed.length, quoted: false };
}

function withoutEnd(text: string, characters: string): string {
  let to = text.length;
  while (to > 0 && characters.includes(text.charAt(to - 1))) to -= 1;
  return text.slice(0, to);
}
