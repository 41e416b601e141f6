/**
 * How JSON writes the characters of ASCII that it does not write as they are, in a text that stands in texts of JSON
 * itself: a quotation mark is `\"` in one of them and `\\\"` in two.
 */
export interface Escapes {
  /** By a character's code, its bytes; undefined where it is written as it is. */
  readonly written: readonly (readonly number[] | undefined)[];
  /** By a character's code, the first eight of these bytes as two integers of 32 bits, the lowest byte first. */
  readonly words: Int32Array;
  /** By a character's code, how many bytes they are. */
  readonly lengths: Uint32Array;
  /** How many bytes of those the outermost of the texts has added. */
  readonly added: Uint32Array;
}

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

const known: Escapes[] = [];

/** @param layers how many texts of JSON the text stands in, each in the next */
export function escapesIn(layers: number): Escapes {
  const before = known[layers];
  if (before) return before;
  const inner = ASCII.map((character) => nested(character, layers - 1));
  const outer = ASCII.map((character) => nested(character, layers));
  const words = new Int32Array(2 * ASCII.length);
  outer.forEach((text, code) => {
    const eight = Buffer.alloc(8);
    eight.write(text);
    words.set([eight.readInt32LE(0), eight.readInt32LE(4)], 2 * code);
  });
  const escapes: Escapes = {
    written: outer.map((text, code) => (text === ASCII[code] ? undefined : [...Buffer.from(text)])),
    words,
    lengths: Uint32Array.from(outer, ({ length }) => length),
    added: Uint32Array.from(outer, (text, code) => text.length - (inner[code] ?? "").length),
  };
  known[layers] = escapes;
  return escapes;
}

function nested(text: string, layers: number): string {
  return layers <= 0 ? text : JSON.stringify(nested(text, layers - 1)).slice(1, -1);
}
