/** Characters by their codes: asked one by one, they are told faster than by patterns. */

/** A table of the first 128 characters, with those of a text. */
export function tableOf(characters: string): Uint8Array {
  return Uint8Array.from({ length: 128 }, (_, code) => (characters.includes(String.fromCharCode(code)) ? 1 : 0));
}

export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
export const DIGITS = "0123456789";

export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Whether it is one that a line ends with. */
export function isBreak(code: number): boolean {
  return code === 10 || code === 13;
}

/** How many characters stand between a place and the next of those in a table; at most so many are counted. */
export function countUntil(stops: Uint8Array, text: string, from: number, most: number): number {
  let count = 0;
  while (count < most && from + count < text.length && stops[text.charCodeAt(from + count)] !== 1) count += 1;
  return count;
}

/** What `startsWith` says too, which takes longer than to see that a short text is another one. */
export function standsAt(short: string, text: string, at: number): boolean {
  for (let index = 0; index < short.length; index += 1) {
    if (short.charCodeAt(index) !== text.charCodeAt(at + index)) return false;
  }
  return true;
}
