import type { Name } from "./assigned-names.js";
import { isBlank, isBreak, isLetter } from "./characters.js";

const [LINE_FEED, COMMA] = [10, 44];

/** More blanks than that may mean something. */
const MOST_BLANKS = 4;
const LONGEST_WORD = 15;

/** Words that can stand between a name and its value. */
const LEADS_ON: ReadonlySet<string> = new Set("is was are to ist lautet est es equals set value or".split(" "));
/** By the lower five bits of their first two letters: most words are told by these. */
const leading = new Uint8Array(1 << 10);
for (const word of LEADS_ON) leading[beginningOf(word, 0)] = 1;

function beginningOf(text: string, at: number): number {
  return ((text.charCodeAt(at) & 31) << 5) | (text.charCodeAt(at + 1) & 31);
}

/**
 * Whether a name is only mentioned, as most are in sentences and in code: none of the ways in which a value can follow
 * begins like what stands behind it. Names that are themselves the value of a field are for others to tell.
 */
export function isMention(text: string, { from, to, strength, isHeader }: Name): boolean {
  if (isHeader || text[from - 1] === "<") return false;
  const code = text.charCodeAt(to);
  // In files of comma-separated values a line begins with it.
  if (code === COMMA) return isSpace(text.charCodeAt(to + 1)) || (from > 0 && text.charCodeAt(from - 1) !== LINE_FEED);
  if (!isSpace(code)) return false;
  let at = to;
  while (at - to <= MOST_BLANKS && isSpace(text.charCodeAt(at))) at += 1;
  if (at - to > MOST_BLANKS) return false;
  const word = at;
  while (at - word <= LONGEST_WORD && isLetter(text.charCodeAt(at))) at += 1;
  if (at === word || at - word > LONGEST_WORD) return false;
  if (leading[beginningOf(text, word)] === 1 && LEADS_ON.has(text.slice(word, at))) return false;
  // In a line of its own it has its value on that line.
  if (!isBlank(code)) return true;
  // Of a name that says little no plain word is the value.
  if (strength > 1 || !isSpace(text.charCodeAt(at))) return false;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return text[at] !== ":" && text[at] !== "=";
}

function isSpace(code: number): boolean {
  return isBlank(code) || isBreak(code);
}
