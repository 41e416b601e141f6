import { readSync } from "node:fs";
import { committedIn } from "./sqlite-log-index.js";
import { areSums, type Sums, sumOf } from "./sqlite-sums.js";
import { isPageSize } from "./sqlite-tree.js";

const HEAD_BYTES = 32;
const FRAME_BYTES = 24;
/** Of the beginning, what its own sum is made of. */
const SUMMED_HEAD_BYTES = 24;
const FRAMES_AT_ONCE = 64;
/** The same for each format of the log there has ever been. */
const MAGIC = 0x377f0682;
const FORMAT = 3_007_000;

/**
 * What is committed in the log (`-wal`) of a SQLite database, as that grows: only what is new is read. As SQLite itself
 * does, it believes in a page only by the sum over all that was written before, so that what is half written, or was
 * left by an earlier log, counts for nothing (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
 */
export class SqliteLog {
  #head: Buffer | undefined;
  #begun = 0;
  #pageSize = 0;
  #isBig = false;
  /** Where what is committed ends, and the sum up to there. */
  #end = HEAD_BYTES;
  #sums: Sums = [0, 0];
  /** How the last frame of that begins: with the sums over all before it. */
  #last: Buffer | undefined;
  readonly #offsets = new Map<number, number>();

  /** Tells one log from the next, however alike they begin; undefined for none. */
  get name(): string | undefined {
    return this.#head && `${this.#begun}`;
  }

  /** Bytes of each page; 0 where nothing tells. */
  get pageSize(): number {
    return this.#pageSize;
  }

  /** Where what is committed ends in the file. */
  get end(): number {
    return this.#end;
  }

  /** Where in the file a page stands as it was committed last; undefined where it is not in the log. */
  offsetOf(page: number): number | undefined {
    return this.#offsets.get(page);
  }

  /**
   * Reads what was committed since.
   *
   * @param file open, or undefined where there is none
   * @param index where SQLite has its index of the log, if it has one
   * @returns whether there was anything
   * @throws where the log begins in no known way
   */
  update(file: number | undefined, index: string): boolean {
    const head = file === undefined ? undefined : bytesIn(file, 0, HEAD_BYTES);
    const isSame = file !== undefined && head !== undefined && this.#isGoneOn(file, head);
    const isOther = head === undefined ? this.#head !== undefined : !isSame;
    if (isOther) this.#begin(head);
    const before = this.#end;
    if (file !== undefined && head) this.#readOn(file, head, index);
    return isOther || this.#end > before;
  }

  /** Whether a log is still the one that was read: another one may begin alike, as a copy that was put back. */
  #isGoneOn(file: number, head: Buffer): boolean {
    if (this.#head?.equals(head) !== true) return false;
    if (!this.#last) return true;
    return bytesIn(file, this.#end - this.#frameBytes, FRAME_BYTES)?.equals(this.#last) === true;
  }

  get #frameBytes(): number {
    return FRAME_BYTES + this.#pageSize;
  }

  #begin(head: Buffer | undefined): void {
    this.#head = undefined;
    this.#begun += 1;
    this.#offsets.clear();
    this.#end = HEAD_BYTES;
    this.#last = undefined;
    this.#pageSize = 0;
    if (!head) return;
    const magic = head.readUInt32BE(0);
    if (Math.floor(magic / 2) * 2 !== MAGIC || head.readUInt32BE(4) !== FORMAT) throw new Error("no log");
    const stated = head.readUInt32BE(8);
    this.#isBig = magic !== MAGIC;
    this.#sums = sumOf(head.subarray(0, SUMMED_HEAD_BYTES), [0, 0], this.#isBig);
    if (!areSums(this.#sums, head, SUMMED_HEAD_BYTES)) throw new Error("the log is just beginning");
    if (!isPageSize(stated)) throw new Error("no size of a page");
    this.#pageSize = stated;
    this.#head = head;
  }

  #readOn(file: number, head: Buffer, index: string): void {
    // Mostly there is nothing new, and room for all that there could be is dear.
    const next = bytesIn(file, this.#end, FRAME_BYTES);
    if (!next || !isOf(next, head) || this.#isAllOf(head, index)) return;
    const length = this.#frameBytes;
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
        this.#last = Buffer.from(frame.subarray(0, FRAME_BYTES));
      }
      if (frames < FRAMES_AT_ONCE) return;
    }
  }

  /**
   * Whether SQLite has committed no more than was read. What a large transaction has written so far, or has left behind
   * when it was rolled back, would be read in vain at each look.
   */
  #isAllOf(head: Buffer, index: string): boolean {
    const committed = committedIn(index);
    if (!committed?.salts.equals(head.subarray(16, 24))) return false;
    const isSum = committed.sums.every((sum, at) => sum === this.#sums[at]);
    return HEAD_BYTES + committed.frames * this.#frameBytes === this.#end && (isSum || committed.frames === 0);
  }
}

/** @returns undefined where the file ends before */
function bytesIn(file: number, at: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, at) < length ? undefined : bytes;
}

/** Whether a frame is of a log that begins so, and was not left by an earlier one. */
function isOf(frame: Buffer, head: Buffer): boolean {
  return frame.readUInt32BE(8) === head.readUInt32BE(16) && frame.readUInt32BE(12) === head.readUInt32BE(20);
}
