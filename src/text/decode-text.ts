/** So much of a text tells in which encoding it is. */
const SAMPLE_BYTES = 4_096;

/**
 * The text of a file, or of standard input, as shells write them: UTF-8 or UTF-16 in either byte order (what `>` of
 * PowerShell 5.1 makes), with or without a byte order mark, which is no part of the text.
 *
 * @param fatal whether bytes that are no text are refused, instead of read as U+FFFD
 * @throws {TypeError} when there are such bytes and they are
 */
export function decodeText(bytes: Uint8Array, { fatal = false }: { readonly fatal?: boolean } = {}): string {
  return new TextDecoder(encodingOf(bytes), { fatal }).decode(bytes);
}

function encodingOf(bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  // No JSON, and no line of a shell's, begins with a zero byte, or has one behind its first character.
  if (first === 0 && second) return "utf-16be";
  if (first && second === 0) return "utf-16le";
  // Texts begin otherwise too, but few have no ASCII characters, each of which has a zero byte in UTF-16.
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  const [even, odd] = [zeroes(sample, 0), zeroes(sample, 1)];
  const many = Math.max(3, sample.length / 8);
  if (odd > many && odd > 4 * even) return "utf-16le";
  return even > many && even > 4 * odd ? "utf-16be" : "utf-8";
}

/** How many bytes are zero at every other place. */
function zeroes(bytes: Uint8Array, from: 0 | 1): number {
  let count = 0;
  for (let at = from; at < bytes.length; at += 2) if (bytes[at] === 0) count += 1;
  return count;
}
