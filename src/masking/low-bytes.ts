/** Longer texts have a buffer of their own. */
const SHARED_SIZE = 1 << 18;
/** How many zeros stand behind a text at least: whoever looks a few characters ahead need not ask for its end. */
const ZEROS = 4;

const shared = Buffer.alloc(SHARED_SIZE + ZEROS);

/**
 * The lower half of each character's code, by its place in the text, and some zeros behind. They are looked through
 * several times faster than a text is asked for its characters one by one. To be read at once: the next call writes
 * over them.
 */
export function lowBytesOf(text: string): Uint8Array {
  const { length } = text;
  const bytes = length > SHARED_SIZE ? Buffer.alloc(length + ZEROS) : shared;
  bytes.write(text, 0, "latin1");
  bytes.fill(0, length, length + ZEROS);
  return bytes;
}
