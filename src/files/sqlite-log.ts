import { readSync } from "node:fs";
import { endianness } from "node:os";

const HEAD_BYTES = 32;
const FRAME_BYTES = 24;
/** Of the beginning, what its own sum is made of. */
const SUMMED_HEAD_BYTES = 24;
const FRAMES_AT_ONCE = 64;
/** The same for each format of the log there has ever been. */
const MAGIC = 0x377f0682;
const FORMAT = 3_007_000;

type Sums = readonly [number, number];

/** A log of which nothing is known that could be in it. */
export class SqliteLogError extends Error {}

/**
 * What is committed in the log (`-wal`) of a SQLite database, as that grows: only what is new is read. As SQLite itself
 * does, it believes in a page only by the sum over all that was written before, so that what is half written, or was
 * left by an earlier log, counts for nothing (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
 */
export class SqliteLog {
  #head: Buffer | undefined;
  #pageSize = 0;
  #isBig = false;
  /** Where what is committed ends, and the sum up to there. */
  #end = HEAD_BYTES;
  #sums: Sums = [0, 0];
  readonly #offsets = new Map<number, number>();

  /** Tells one log from the next in the same file; undefined for none. */
  get name(): string | undefined {
    return this.#head?.toString("hex");
  }

  /** Bytes of each page; 0 where nothing tells. */
  get pageSize(): number {
    return this.#pageSize;
  }

  /** Where in the file a page stands as it was committed last; undefined where it is not in the log. */
  offsetOf(page: number): number | undefined {
    return this.#offsets.get(page);
  }

  /**
   * Reads what was committed since.
   *
   * @param file open, or undefined where there is none
   * @returns whether there was anything
   * @throws {SqliteLogError} where the log begins in no known way
   */
  update(file: number | undefined): boolean {
    const head = file === undefined ? undefined : headOf(file);
    const isOther = head === undefined ? this.#head !== undefined : this.#head?.equals(head) !== true;
    if (isOther) this.#begin(head);
    const before = this.#end;
    if (file !== undefined && head) this.#readOn(file, head);
    return isOther || this.#end > before;
  }

  #begin(head: Buffer | undefined): void {
    this.#head = undefined;
    this.#offsets.clear();
    this.#end = HEAD_BYTES;
    this.#pageSize = 0;
    if (!head) return;
    const magic = head.readUInt32BE(0);
    if (Math.floor(magic / 2) * 2 !== MAGIC || head.readUInt32BE(4) !== FORMAT) throw new SqliteLogError("no log");
    const stated = head.readUInt32BE(8);
    this.#isBig = magic !== MAGIC;
    this.#sums = sumOf(head.subarray(0, SUMMED_HEAD_BYTES), [0, 0], this.#isBig);
    if (!areSums(this.#sums, head, SUMMED_HEAD_BYTES)) throw new SqliteLogError("the log is just beginning");
    if (stated < 512 || stated > 65_536 || (stated & (stated - 1)) !== 0) throw new SqliteLogError("no size of a page");
    this.#pageSize = stated;
    this.#head = head;
  }

  #readOn(file: number, head: Buffer): void {
    // Mostly there is nothing new, and room for all that there could be is dear.
    const next = Buffer.alloc(FRAME_BYTES);
    if (readSync(file, next, 0, FRAME_BYTES, this.#end) < FRAME_BYTES || !isOf(next, head)) return;
    const length = FRAME_BYTES + this.#pageSize;
    const open = new Map<number, number>();
    let at = this.#end;
    let sums = this.#sums;
    const chunk = Buffer.alloc(FRAMES_AT_ONCE * length);
    for (;;) {
      const frames = Math.floor(readSync(file, chunk, 0, chunk.length, at) / length);
      for (let index = 0; index < frames; index += 1) {
        const frame = chunk.subarray(index * length, (index + 1) * length);
        if (!isOf(frame, head)) return;
        sums = sumOf(frame.subarray(0, 8), sums, this.#isBig);
        sums = sumOf(frame.subarray(FRAME_BYTES), sums, this.#isBig);
        if (!areSums(sums, frame, 16)) return;
        open.set(frame.readUInt32BE(0), at + FRAME_BYTES);
        at += length;
        // The last of a commit says how large the database is then; what no commit has followed does not count.
        if (frame.readUInt32BE(4) === 0) continue;
        for (const [page, offset] of open) this.#offsets.set(page, offset);
        open.clear();
        this.#end = at;
        this.#sums = sums;
      }
      if (frames < FRAMES_AT_ONCE) return;
    }
  }
}

function headOf(file: number): Buffer | undefined {
  const head = Buffer.alloc(HEAD_BYTES);
  return readSync(file, head, 0, HEAD_BYTES, 0) < HEAD_BYTES ? undefined : head;
}

/** Whether a frame is of a log that begins so, and was not left by an earlier one. */
function isOf(frame: Buffer, head: Buffer): boolean {
  return frame.readUInt32BE(8) === head.readUInt32BE(16) && frame.readUInt32BE(12) === head.readUInt32BE(20);
}

function areSums([first, second]: Sums, bytes: Buffer, at: number): boolean {
  return bytes.readInt32BE(at) === first && bytes.readInt32BE(at + 4) === second;
}

const HOST_IS_BIG = endianness() === "BE";

/** @param bytes a multiple of eight */
function sumOf(bytes: Buffer, [before, beforeThat]: Sums, isBig: boolean): Sums {
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
