/**
 * Texts as words, for the index: what is looked for is cut in the same way as what is searched. A word is a run of
 * letters, digits and underscores in lower case; all else only parts words.
 */

/** A longer run, such as an encoded key, is cut into pieces. */
const LONGEST_WORD = 64;
/** Pieces begin so far apart, so that whatever is not longer stands whole in one of them. */
const STRIDE = 32;

const ASCII_WORD = /[a-z0-9_]+/g;
const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
/** Scripts that put no spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;
const BEYOND_ASCII = /[^\0-\x7f]/;
/** Files inside of texts. */
const EMBEDDED = /;base64,[A-Za-z0-9+/=]{64,}/g;

/** Adds the words of a text to those that are known. */
export function addWords(text: string, words: Set<string>): void {
  const lower = foldCase(text.includes(";base64,") ? text.replace(EMBEDDED, " ") : text);
  for (const run of lower.match(BEYOND_ASCII.test(lower) ? WORD : ASCII_WORD) ?? [])
    if (run.length <= LONGEST_WORD && !BEYOND_ASCII.test(run)) words.add(run);
    else for (const word of piecesOf(run)) words.add(word);
}

/**
 * What a session has to hold so that it is found: each of the words, as a part of one of its own.
 *
 * @returns none for what holds no letter and no digit
 */
export function wordsToFind(text: string): readonly string[] {
  const parts = (foldCase(text).match(WORD) ?? []).flatMap(partsOf);
  const words = new Set(parts.flatMap((part) => (part.isSpaced ? [head(part.text)] : pairsOf(part.text))));
  return [...words];
}

function foldCase(text: string): string {
  return BEYOND_ASCII.test(text) ? text.normalize("NFKC").toLowerCase() : text.toLowerCase();
}

function piecesOf(run: string): readonly string[] {
  return partsOf(run).flatMap(({ text, isSpaced }) => {
    if (!isSpaced) return pairsOf(text);
    if (text.length <= LONGEST_WORD) return [text];
    const pieces: string[] = [];
    for (let at = 0; at < text.length - STRIDE; at += STRIDE)
      pieces.push(text.slice(at, at + LONGEST_WORD).toWellFormed());
    return pieces;
  });
}

interface Part {
  readonly text: string;
  readonly isSpaced: boolean;
}

/** A run by whether its script parts words with spaces. */
function partsOf(run: string): readonly Part[] {
  if (!BEYOND_ASCII.test(run)) return [{ text: run, isSpaced: true }];
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: text, index } of run.matchAll(UNSPACED)) {
    if (index > end) parts.push({ text: run.slice(end, index), isSpaced: true });
    parts.push({ text, isSpaced: false });
    end = index + text.length;
  }
  if (end < run.length) parts.push({ text: run.slice(end), isSpaced: true });
  return parts;
}

/** Each two characters that stand beside each other. */
function pairsOf(text: string): readonly string[] {
  const characters = [...text];
  if (characters.length < 3) return [text];
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

/** As much of a word as stands whole in one piece; half a character at its end would be found nowhere. */
function head(word: string): string {
  return word.slice(0, STRIDE).replace(/[\ud800-\udbff]$/, "");
}
