import { endianness } from "node:os";

/** The two sums by which SQLite tells what is whole in a log and its index. */
export type Sums = readonly [number, number];

/** Whether a log has these, at this place. */
export function areSums([first, second]: Sums, bytes: Buffer, at: number): boolean {
  return bytes.readInt32BE(at) === first && bytes.readInt32BE(at + 4) === second;
}

export const HOST_IS_BIG = endianness() === "BE";

/**
 * @param bytes a multiple of eight
 * @param before of what stands before them
 * @param isBig whether they are words whose first byte counts most
 */
export function sumOf(bytes: Buffer, [before, beforeThat]: Sums, isBig: boolean): Sums {
  // Words are read where they begin at a multiple of four, and in the order of this machine.
  const own = isBig !== HOST_IS_BIG || bytes.byteOffset % 4 !== 0 ? new Uint8Array(bytes) : bytes;
  if (isBig !== HOST_IS_BIG) Buffer.from(own.buffer, own.byteOffset, own.length).swap32();
  const words = new Int32Array(own.buffer, own.byteOffset, own.length / 4);
  let first = before;
  let second = beforeThat;
  for (let at = 0; at < words.length; at += 2) {
    first = (first + (words[at] ?? 0) + second) | 0;
    second = (second + (words[at + 1] ?? 0) + first) | 0;
  }
  return [first, second];
}
