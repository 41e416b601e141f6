/**
 * What of a text decides how many tokens it is. Tokenizers cut a text at much the same places: words with the space
 * before them, digits in threes, runs of punctuation, white space. What becomes of long or rare words differs from one
 * to the next.
 */
export interface TokenFeatures {
  /** Words with a space before them. */
  readonly words: number;
  /** Words without one, as behind punctuation, and the humps of camel case. */
  readonly bareWords: number;
  /** Letters of words beyond the sixth. */
  readonly longLetters: number;
  /** Letters behind a digit, as in ids and hashes. */
  readonly gluedLetters: number;
  /** Digits, in threes. */
  readonly digits: number;
  /** Runs of punctuation. */
  readonly marks: number;
  /** Punctuation of a run beyond its first. */
  readonly moreMarks: number;
  /** Line ends, and runs of blanks. */
  readonly spaces: number;
  /** Letters beyond ASCII. */
  readonly foreignLetters: number;
  /** Chinese, Japanese, Korean: a letter is a word or half of one. */
  readonly wideLetters: number;
  /** All other characters: emoji, lines of tables, control characters. */
  readonly symbols: number;
}

/** What one of each is with the tokenizers in use, fitted to GPT's on prose, code, JSON and logs. */
export const USUAL_TOKENS: TokenFeatures = {
  words: 1,
  bareWords: 0.71,
  longLetters: 0.031,
  gluedLetters: 0.82,
  digits: 1.17,
  marks: 0.92,
  moreMarks: 0.257,
  spaces: 1.14,
  foreignLetters: 0.4,
  wideLetters: 0.8,
  symbols: 2.3,
};

const [OTHER, LOWER, UPPER, DIGIT, MARK, BLANK, BREAK] = [0, 1, 2, 3, 4, 5, 6] as const;

const CLASSES: readonly number[] = Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-z]/.test(character)) return LOWER;
  if (/[A-Z]/.test(character)) return UPPER;
  if (/\d/.test(character)) return DIGIT;
  if (/[!-/:-@[-`{-~]/.test(character)) return MARK;
  if (character === "\n") return BREAK;
  return /\s/.test(character) ? BLANK : OTHER;
});

/** Counts them in one pass. */
export function tokenFeatures(text: string): TokenFeatures {
  const found = { ...NONE };
  const classAt = (place: number): number => CLASSES[text.charCodeAt(place)] ?? OTHER;
  const endOf = (from: number, kind: number): number => {
    let end = from;
    while (end < text.length && classAt(end) === kind) end += 1;
    return end;
  };
  let before: number = OTHER;
  let at = 0;
  while (at < text.length) {
    const kind = classAt(at);
    let end = at + 1;
    if (kind === LOWER || kind === UPPER) {
      end = kind === LOWER ? endOf(at, LOWER) : endOf(at, UPPER);
      // A capital begins a word; of several the last one does.
      const small = kind === UPPER ? endOf(end, LOWER) : end;
      if (small > end) end = end - at > 1 ? end - 1 : small;
      const letters = end - at;
      if (before === DIGIT) found.gluedLetters += letters;
      else {
        if (before === BLANK) found.words += 1;
        else found.bareWords += 1;
        found.longLetters += Math.max(0, letters - 6);
      }
    } else if (kind === DIGIT) {
      end = endOf(at, DIGIT);
      found.digits += Math.ceil((end - at) / 3);
    } else if (kind === MARK) {
      end = endOf(at, MARK);
      found.marks += 1;
      found.moreMarks += end - at - 1;
      // Line ends behind it go with it.
      const behind = endOf(end, BREAK);
      if (behind > end) {
        before = BREAK;
        at = behind;
        continue;
      }
    } else if (kind === BLANK || kind === BREAK) {
      while (end < text.length && (classAt(end) === BLANK || classAt(end) === BREAK)) end += 1;
      // Of the run alone: a text may be one line of megabytes.
      const run = text.slice(at, end);
      const lineEnd = run.lastIndexOf("\n");
      const indent = run.length - 1 - lineEnd;
      // One blank goes with the word behind it.
      if (lineEnd >= 0) found.spaces += 1;
      if (indent > 1) found.spaces += 1;
      before = indent > 0 ? BLANK : BREAK;
      at = end;
      continue;
    } else {
      const point = text.codePointAt(at) ?? 0;
      if (point > 0xffff) end = at + 2;
      if (isSign(point) || !LETTER.test(String.fromCodePoint(point))) found.symbols += 1;
      else if (point >= FIRST_WIDE) found.wideLetters += 1;
      else found.foreignLetters += 1;
    }
    before = kind;
    at = end;
  }
  return found;
}

/** Made when it is tested first, which takes longer than all else of a short text. */
const LETTER = /[\p{L}\p{M}]/u;

/** Quotes, dashes, dots, arrows, lines of tables: what most texts have beyond ASCII, and no letter among them. */
function isSign(point: number): boolean {
  return (point >= 0x2000 && point < 0x2070) || (point >= 0x2190 && point < 0x2c00);
}

const FIRST_WIDE = 0x2e80;

const NONE: TokenFeatures = {
  words: 0,
  bareWords: 0,
  longLetters: 0,
  gluedLetters: 0,
  digits: 0,
  marks: 0,
  moreMarks: 0,
  spaces: 0,
  foreignLetters: 0,
  wideLetters: 0,
  symbols: 0,
};
