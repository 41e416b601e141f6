/** Longer texts have a buffer of their own. */
const SHARED_SIZE = 1 << 18;
/** How many zeros stand behind a text at least: whoever looks a few characters ahead need not ask for its end. */
const ZEROS = 8;

/** The lower half of each character's code, by its place in a text, and some zeros behind. */
export interface LowBytes {
  readonly bytes: Uint8Array;
  /** The same bytes, to be read four at a time. */
  readonly four: DataView;
}

const shared = viewed(Buffer.alloc(SHARED_SIZE + ZEROS));
/** Whose bytes those are. */
let sharedText = "";

function viewed(bytes: Buffer): LowBytes & { readonly bytes: Buffer } {
  return { bytes, four: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/**
 * They are looked through several times faster than a text is asked for its characters one by one. To be read at once:
 * the next call writes over them.
 */
export function lowBytesOf(text: string): LowBytes {
  const { length } = text;
  if (length <= SHARED_SIZE && text === sharedText) return shared;
  const low = length > SHARED_SIZE ? viewed(Buffer.alloc(length + ZEROS)) : shared;
  low.bytes.write(text, 0, "latin1");
  low.bytes.fill(0, length, length + ZEROS);
  if (low === shared) sharedText = text;
  return low;
}
