/** Longer texts have memory of their own. */
const SHARED_SIZE = 1 << 18;
/** How many zeros stand behind a text at least: whoever looks a few characters ahead need not ask for its end. */
const ZEROS = 8;

/** The codes of a text's characters by their places, and some zeros behind. */
export type Codes = Uint16Array;

interface Memory {
  readonly codes: Codes;
  readonly bytes: Buffer;
}

function memoryFor(length: number): Memory {
  const codes = new Uint16Array(length + ZEROS);
  return { codes, bytes: Buffer.from(codes.buffer) };
}

const shared = memoryFor(SHARED_SIZE);

/**
 * Where a text is asked for many characters one by one, these are read several times faster. To be read at once: the
 * next call writes over them.
 */
export function codesOf(text: string): Codes {
  const { length } = text;
  const { codes, bytes } = length > SHARED_SIZE ? memoryFor(length) : shared;
  bytes.write(text, 0, "utf16le");
  codes.fill(0, length, length + ZEROS);
  return codes;
}
