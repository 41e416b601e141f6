/**
 * A segment: some sessions' entries and facts, and which words stand in which of them, in one file that never changes.
 *
 *     head      magic (16 bytes), then 32-bit numbers: the header's length and CRC, the file's length, 0
 *     header    JSON: where each section is, and its CRC
 *     entries   packed (`pack.ts`), a list
 *     rows      packed, for lists, in the same order; null for a session without
 *     facts     packed, a list in the same order; null for a session without
 *     turns     what statistics add up of the facts, as columns (`table-bytes.ts`)
 *     words     each word once, in UTF-8, a line break before the first and behind each
 *     blocks    of 64 words each: where its words begin, where its postings begin, the CRC of those
 *     postings  for each word how many sessions hold it, then which: the distance from the one before; varints
 *
 * Numbers are little-endian. Everything that is read is held against its CRC first.
 */
import { crc32 } from "node:zlib";
import { z } from "zod";

export const MAGIC = Buffer.from("looptrace.index\n");
export const HEAD_BYTES = 32;
export const WORDS_IN_BLOCK = 64;
/** 32-bit numbers of each block. */
export const BLOCK_FIELDS = 3;

const section = z.object({ at: z.number(), length: z.number(), crc: z.number() });

export const segmentHeader = z.object({
  /** How many sessions. */
  sessions: z.number(),
  words: z.number(),
  entries: section,
  rows: section,
  facts: section,
  turns: section,
  wordList: section,
  blocks: section,
  /** Held against the blocks' CRCs. */
  postings: section,
});

export type SegmentHeader = z.infer<typeof segmentHeader>;
export type Section = z.infer<typeof section>;

/** A segment that is not as it was written: cut, overwritten, or none at all. */
export class DamagedSegmentError extends Error {
  override readonly name = "DamagedSegmentError";
}

/** @throws {DamagedSegmentError} when the bytes are other ones */
export function checkCrc(bytes: Uint8Array, crc: number, what: string): void {
  if (crc32(bytes) !== crc) throw new DamagedSegmentError(`its ${what} are not as they were written`);
}

/** A 32-bit number; every place that is read lies within what was checked. */
export function uint32(bytes: Buffer, index: number): number {
  return bytes.readUInt32LE(index * 4);
}
