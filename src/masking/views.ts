/**
 * Other ways to read a text: with its escapes resolved, percent-decoded, decoded from base64. What is found in one of
 * them is told as a place in the text itself.
 */

import { after } from "./assigned-values.js";
import { DIGITS, LETTERS } from "./characters.js";
import { lowBytesOf } from "./low-bytes.js";

/** A text, and where each of its characters comes from. */
export interface View {
  readonly text: string;
  /** The place in the original of a place in this text; of its end too. */
  readonly origin: (at: number) => number;
}

const ESCAPE =
  /\u001b\[[0-9;]{0,20}[A-Za-z]|(?<!\\)\\{1,64}(?:u00[0-7][0-9a-fA-F]|x[0-7][0-9a-fA-F]|["'`/nrtbf])|&(?:quot|apos|amp|lt|gt|#39|#34|#x27|#x22|#61|#x3[dD]);/g;
const ESCAPE_BEGINNING = /\\["'`/nrtbfux]|\u001b\[|&(?:quot|apos|amp|lt|gt|#\w{2,3});/y;
/** The first characters of all of them. */
const ESCAPES = ["\\", "\u001b", "&"] as const;

const ENTITIES: Readonly<Record<string, string>> = {
  quot: '"',
  apos: "'",
  amp: "&",
  lt: "<",
  gt: ">",
  "#39": "'",
  "#34": '"',
  "#x27": "'",
  "#x22": '"',
};
const CONTROLS: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: " ", f: " " };

/** Without colours, with the escapes of JSON, shells and HTML resolved however deep; of lines that have any. */
export function unescapedView(text: string): View | undefined {
  const lines = linesWithEscapes(text);
  if (lines.length === 0) return undefined;
  return joinedView(text, lines, (line) =>
    replacedView(line, ESCAPE, (found) => {
      if (found.startsWith("\u001b")) return "";
      if (found.startsWith("&")) return ENTITIES[found.slice(1, -1)] ?? "=";
      const kind = found.replace(/^\\+/, "");
      if (kind.length > 1) return String.fromCharCode(Number.parseInt(kind.slice(1), 16));
      return CONTROLS[kind] ?? kind;
    }),
  );
}

interface Part {
  readonly from: number;
  readonly to: number;
}

/** Neighbouring lines that have an escape in them, as parts of the text. */
function linesWithEscapes(text: string): readonly Part[] {
  const parts: Part[] = [];
  const ahead = ESCAPES.map((first) => placeOf(first, text, 0));
  for (let at = Math.min(...ahead); at < text.length; at = Math.min(...ahead)) {
    let next = at + 1;
    if (after(ESCAPE_BEGINNING, text, at) !== undefined) {
      const from = text.lastIndexOf("\n", at) + 1;
      const to = placeOf("\n", text, at);
      const last = parts.at(-1);
      if (last && from <= last.to + 1) parts[parts.length - 1] = { from: last.from, to };
      else parts.push({ from, to });
      next = Math.max(to, next);
    }
    ESCAPES.forEach((first, index) => {
      if ((ahead[index] ?? 0) < next) ahead[index] = placeOf(first, text, next);
    });
  }
  return parts;
}

/** Where a character stands next; the text's end where it does not. */
function placeOf(character: string, text: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}

/** Parts of a text, each read in another way and on lines of their own. */
function joinedView(text: string, parts: readonly Part[], read: (part: string) => View): View {
  const views: { readonly view: View; readonly from: number; readonly start: number }[] = [];
  const texts: string[] = [];
  let start = 0;
  for (const { from, to } of parts) {
    const view = read(text.slice(from, to));
    views.push({ view, from, start });
    texts.push(view.text);
    start += view.text.length + 1;
  }
  return {
    text: texts.join("\n"),
    origin: (at) => {
      const part = views[lastBefore(views.length, (index) => (views[index]?.start ?? 0) <= at)];
      return part ? part.from + part.view.origin(Math.min(at - part.start, part.view.text.length)) : 0;
    },
  };
}

const PERCENT = /%(?:25){0,3}([2-7][0-9a-fA-F]|0[aAdD])/g;

/** What is percent-encoded in a text, decoded however often it was encoded; each run on a line of its own. */
export function percentView(text: string): View | undefined {
  const runs = [...percentRuns(text)];
  if (runs.length === 0) return undefined;
  return joinedView(text, runs, (run) =>
    replacedView(run, PERCENT, (found) => String.fromCharCode(Number.parseInt(found.slice(-2), 16))),
  );
}

const RUN_SPAN = /[^\s"<>`\\]/;
const LONGEST_RUN = 8_000;

/** Runs without blanks or quotes around what is percent-encoded. */
function* percentRuns(text: string): Generator<Part> {
  let done = 0;
  for (let at = text.indexOf("%"); at >= 0; at = text.indexOf("%", Math.max(done, at + 1))) {
    if (!/^%[0-9a-fA-F]{2}/.test(text.slice(at, at + 3))) continue;
    let from = at;
    while (from > done && at - from < LONGEST_RUN && RUN_SPAN.test(text.charAt(from - 1))) from -= 1;
    let to = at + 3;
    while (to < text.length && to - at < LONGEST_RUN && RUN_SPAN.test(text.charAt(to))) to += 1;
    yield { from, to };
    done = to;
  }
}

/** One pattern replaced in a text, with the places kept. */
export function replacedView(text: string, pattern: RegExp, replace: (found: string) => string): View {
  // Where pieces that were left as they are begin, here and in the original.
  const here: number[] = [0];
  const there: number[] = [0];
  let result = "";
  let done = 0;
  for (const match of text.matchAll(pattern)) {
    result += text.slice(done, match.index);
    here.push(result.length);
    there.push(match.index);
    result += replace(match[0]);
    done = match.index + match[0].length;
    here.push(result.length);
    there.push(done);
  }
  result += text.slice(done);
  return {
    text: result,
    origin: (at) => {
      const index = lastBefore(here.length, (each) => (here[each] ?? 0) <= at);
      return (there[index] ?? 0) + at - (here[index] ?? 0);
    },
  };
}

function lastBefore(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What base64 is written with, also that of addresses. */
const BASE64_CODES = new Uint8Array(1 << 16);
for (const character of `${LETTERS}${DIGITS}+/_-`) {
  BASE64_CODES[character.charCodeAt(0)] = 1;
}
const SHORTEST_RUN = 20;
const GOES_ON = /={0,2}\r?\n[ \t]{0,40}(?=[A-Za-z0-9+/_-]{4})/y;
const LINES = /\r?\n[ \t]*/g;
/** No more of a run is decoded: no secret is so long. */
const LONGEST_ENCODED = 400_000;

/** Texts that stand in base64 in a text, also broken into lines, with where each stands. */
export function* decodedFromBase64(
  text: string,
): Generator<{ readonly from: number; readonly to: number; readonly text: string }> {
  let done = 0;
  for (const probe of longRuns(text)) {
    // What goes on in further lines has been looked at, and what is one by its lower bytes alone is none.
    if (probe < done || BASE64_CODES[text.charCodeAt(probe)] === 0) continue;
    let from = probe;
    while (from > done && BASE64_CODES[text.charCodeAt(from - 1)] === 1) from -= 1;
    done = runEnd(text, probe);
    if (done - from < SHORTEST_RUN) continue;
    // Most runs are no base64 of a text, which shows in their first characters.
    if (!isPrintable(text.slice(from, from + 16))) continue;
    const line = done;
    let next = after(GOES_ON, text, done);
    for (; next !== undefined && done - from < LONGEST_ENCODED; next = after(GOES_ON, text, done)) {
      done = runEnd(text, next);
    }
    const whole = decoded(text.slice(from, done));
    if (whole !== undefined) yield { from, to: done, text: whole };
    else if (done > line) {
      done = line;
      const alone = decoded(text.slice(from, line));
      if (alone !== undefined) yield { from, to: line, text: alone };
    }
  }
}

/**
 * Places in what may be long runs, ascending, at least one in each: told by the lower bytes of characters, and of these
 * most are passed over.
 */
function longRuns(text: string): readonly number[] {
  const places: number[] = [];
  const { bytes, four } = lowBytesOf(text);
  for (let last = SHORTEST_RUN - 1; last < text.length; last += SHORTEST_RUN) {
    // What is none of a run ends all that begin before it. Four at a time, most are blanks and marks.
    if (hasNone(four.getInt32(last - 3, true))) last -= 3;
    else if (hasNone(four.getInt32(last - 7, true))) last -= 7;
    else if (hasNone(four.getInt32(last - 11, true))) last -= 11;
    else {
      let at = last;
      while (at > last - SHORTEST_RUN && BASE64_CODES[bytes[at] ?? 0] === 1) at -= 1;
      if (at === last - SHORTEST_RUN) places.push(last);
      else last = at;
    }
  }
  return places;
}

/** Whether one of four characters stands before all of those that base64 is written with. */
function hasNone(four: number): boolean {
  return ((four - ALL_PLUS) & ~four & HIGHEST) !== 0;
}

/** In each of four bytes `+`, the first of those. */
const ALL_PLUS = 0x2b2b2b2b;
const HIGHEST = 0x80808080;

function runEnd(text: string, from: number): number {
  let to = from;
  while (BASE64_CODES[text.charCodeAt(to)] === 1) to += 1;
  return to;
}

/** Whether the first bytes that a run of base64 stands for are characters of a text. */
function isPrintable(encoded: string): boolean {
  for (let at = 0; at + 3 < encoded.length; at += 4) {
    let bits = 0;
    for (let next = at; next < at + 4; next += 1) bits = bits * 64 + sextetOf(encoded.charCodeAt(next));
    for (const byte of [bits >> 16, (bits >> 8) & 255, bits & 255]) {
      if ((byte < 32 || byte > 126) && byte !== 9 && byte !== 10 && byte !== 13) return false;
    }
  }
  return true;
}

function sextetOf(code: number): number {
  if (code >= 97) return code - 71;
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 48 && code <= 57) return code + 4;
  return code === 43 || code === 45 ? 62 : 63;
}

function decoded(run: string): string | undefined {
  const text = Buffer.from(run.slice(0, LONGEST_ENCODED).replace(LINES, ""), "base64").toString("latin1");
  return /^[\t\n\r -~\u0080-\u00ff]*$/.test(text) ? text : undefined;
}
