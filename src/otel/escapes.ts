/**
 * How JSON writes the characters of ASCII that it does not write as they are, in a text that stands in texts of JSON
 * itself: a quotation mark is `\"` in one of them and `\\\"` in two.
 */
export interface Escapes {
  /** By a character's code; undefined where it is written as it is. */
  readonly written: readonly (readonly number[] | undefined)[];
  /** How many bytes of those the outermost of the texts has added. */
  readonly added: readonly number[];
}

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

const known: Escapes[] = [];

/** @param layers how many texts of JSON the text stands in, each in the next */
export function escapesIn(layers: number): Escapes {
  const before = known[layers];
  if (before) return before;
  const inner = ASCII.map((character) => nested(character, layers - 1));
  const outer = ASCII.map((character) => nested(character, layers));
  const escapes: Escapes = {
    written: outer.map((text, code) => (text === ASCII[code] ? undefined : [...Buffer.from(text)])),
    added: outer.map((text, code) => text.length - (inner[code] ?? "").length),
  };
  known[layers] = escapes;
  return escapes;
}

function nested(text: string, layers: number): string {
  return layers <= 0 ? text : JSON.stringify(nested(text, layers - 1)).slice(1, -1);
}
