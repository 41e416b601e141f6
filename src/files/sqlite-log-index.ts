import { closeSync, openSync, readSync } from "node:fs";
import { attempt } from "../errors/thrown.js";
import { HOST_IS_BIG, type Sums, sumOf } from "./sqlite-sums.js";

/** As far as a log is committed. */
export interface LogEnd {
  readonly frames: number;
  /** Over all of them. */
  readonly sums: Sums;
  /** As the log has them that is meant. */
  readonly salts: Buffer;
}

const HEAD_BYTES = 48;
const SUMMED_BYTES = 40;
const VERSION = 3_007_000;

/**
 * What those who have a database open tell each other of its log, at the beginning of the index (`-shm`) that they share:
 * SQLite writes a commit there once it is in the log, twice, and with sums of its own, in the words of the machine
 * (https://www.sqlite.org/walformat.html#the_wal_index_header).
 *
 * @returns undefined where there is no index, or it is just being written
 */
export function committedIn(path: string): LogEnd | undefined {
  return attempt(() => {
    const file = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(2 * HEAD_BYTES);
      return readSync(file, bytes, 0, bytes.length, 0) < bytes.length ? undefined : endIn(bytes);
    } finally {
      closeSync(file);
    }
  });
}

function endIn(bytes: Buffer): LogEnd | undefined {
  const head = bytes.subarray(0, HEAD_BYTES);
  const wordAt = (at: number): number => (HOST_IS_BIG ? head.readInt32BE(at) : head.readInt32LE(at));
  const isWhole = head.equals(bytes.subarray(HEAD_BYTES)) && wordAt(0) === VERSION && head.readUInt8(12) === 1;
  const [first, second] = sumOf(head.subarray(0, SUMMED_BYTES), [0, 0], HOST_IS_BIG);
  if (!isWhole || wordAt(40) !== first || wordAt(44) !== second) return undefined;
  return { frames: wordAt(16), sums: [wordAt(24), wordAt(28)], salts: head.subarray(32, 40) };
}
