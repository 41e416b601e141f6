import { isLetter } from "./characters.js";
import type { Codes } from "./codes.js";

/** Some words, by the lower five bits of their first two letters. */
export type Words = readonly (readonly (readonly number[])[] | undefined)[];

/** @param words of two letters and more, as they are looked for: in capitals or not */
export function wordsBy(words: readonly string[]): Words {
  const table: (readonly (readonly number[])[] | undefined)[] = new Array(32 * 32).fill(undefined);
  for (const word of words) {
    const codes = [...word].map((letter) => letter.charCodeAt(0));
    const start = startOf(codes[0] ?? 0, codes[1] ?? 0);
    table[start] = [...(table[start] ?? []), codes];
  }
  return table;
}

function startOf(first: number, second: number): number {
  return ((first & 31) << 5) | (second & 31);
}

/** Where one of the words ends that begins at a place, with no letter behind it; -1 where none does. */
export function wordEnd(words: Words, codes: Codes, at: number): number {
  const alike = words[startOf(codes[at] ?? 0, codes[at + 1] ?? 0)];
  if (alike === undefined) return -1;
  for (const word of alike) {
    let length = 0;
    while (length < word.length && codes[at + length] === word[length]) length += 1;
    if (length === word.length && !isLetter(codes[at + length] ?? 0)) return at + length;
  }
  return -1;
}
