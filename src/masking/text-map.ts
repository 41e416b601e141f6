/** Shorter texts are looked through faster than they are looked up. */
const SHORTEST = 500;

/** Of so many texts that are found in the same place the last ones are known: a tool's outputs may all be alike. */
const MOST_ALIKE = 8;

/**
 * What was found out about long texts. Equal ones are found by their length and some of their characters, and only
 * then compared: to reckon a key of all characters takes as long as to look through them.
 */
export class TextMap<Value> {
  readonly #alike = new Map<number, { readonly text: string; readonly value: Value }[]>();

  /** @returns what `set` was given for an equal text; undefined too where many were alike since */
  get(text: string): Value | undefined {
    if (text.length < SHORTEST) return undefined;
    const alike = this.#alike.get(keyOf(text));
    if (alike) for (const one of alike) if (one.text === text) return one.value;
    return undefined;
  }

  /** @param text one that is not there yet; short ones are left out */
  set(text: string, value: Value): void {
    if (text.length < SHORTEST) return;
    const key = keyOf(text);
    const alike = this.#alike.get(key);
    if (!alike) {
      this.#alike.set(key, [{ text, value }]);
      return;
    }
    if (alike.length === MOST_ALIKE) alike.shift();
    alike.push({ text, value });
  }
}

function keyOf(text: string): number {
  const { length } = text;
  let key = length;
  for (const share of SHARES) key = key * 31 + text.charCodeAt(Math.floor(length * share));
  return key % 0x3fff_ffff;
}

/** Where the characters stand that are looked at. */
const SHARES = [0.3, 0.5, 0.7, 0.9];
