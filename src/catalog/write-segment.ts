import { crc32 } from "node:zlib";
import type { SessionFacts } from "../analysis/session-facts.js";
import { turnTable } from "../analysis/stats/turn-table.js";
import { type CatalogEntry, rowOf, toStored } from "./entry.js";
import { pack } from "./pack.js";
import { HEAD_BYTES, MAGIC, type Section, type SegmentHeader, WORDS_IN_BLOCK } from "./segment-format.js";
import { tableBytes } from "./table-bytes.js";

/** What a segment holds of one session beside its words. */
export interface SegmentSession {
  readonly entry: CatalogEntry;
  readonly facts: SessionFacts | null;
}

/** Collects sessions, and makes a segment of them. */
export class SegmentWriter {
  readonly #sessions: SegmentSession[] = [];
  /** Of each word the numbers of the sessions that hold it, ascending. */
  readonly #postings = new Map<string, number[]>();
  #size = 0;

  /** How many sessions. */
  get sessions(): number {
    return this.#sessions.length;
  }

  /** How many words of how many sessions: what it takes of memory grows with it. */
  get size(): number {
    return this.#size;
  }

  /** @returns the session's number in the segment */
  add(session: SegmentSession): number {
    return this.#sessions.push(session) - 1;
  }

  /** Sessions are numbered as they were added; of one word they come in this order. */
  addWord(word: string, session: number): void {
    const known = this.#postings.get(word);
    if (known) known.push(session);
    else this.#postings.set(word, [session]);
    this.#size += 1;
  }

  finish(): Buffer {
    const wordList = Buffer.from(`\n${[...this.#postings.keys()].join("\n")}\n`);
    const { blocks, postings } = this.#blocksAndPostings();
    const sections = {
      entries: pack(this.#sessions.map(({ entry }) => toStored(entry))),
      rows: pack(this.#sessions.map(({ entry }) => rowOf(entry))),
      facts: pack(this.#sessions.map(({ facts }) => facts)),
      turns: tableBytes(turnTable(this.#sessions.map(({ facts }) => facts))),
      wordList,
      blocks,
      postings,
    };
    // Where sections are depends on how long that is written down: places count from the header's end.
    let end = 0;
    const placed = (bytes: Buffer): Section => {
      const at = end;
      end += bytes.length;
      return { at, length: bytes.length, crc: crc32(bytes) };
    };
    const header: SegmentHeader = {
      sessions: this.#sessions.length,
      words: this.#postings.size,
      entries: placed(sections.entries),
      rows: placed(sections.rows),
      facts: placed(sections.facts),
      turns: placed(sections.turns),
      wordList: placed(sections.wordList),
      blocks: placed(sections.blocks),
      postings: placed(sections.postings),
    };
    const headerBytes = Buffer.from(JSON.stringify(header));
    const head = Buffer.alloc(HEAD_BYTES);
    MAGIC.copy(head);
    head.writeUInt32LE(headerBytes.length, 16);
    head.writeUInt32LE(crc32(headerBytes), 20);
    head.writeUInt32LE(HEAD_BYTES + headerBytes.length + end, 24);
    return Buffer.concat([head, headerBytes, ...Object.values(sections)]);
  }

  #blocksAndPostings(): { readonly blocks: Buffer; readonly postings: Buffer } {
    const bytes = new VarintWriter();
    const fields: number[] = [];
    const ends: number[] = [];
    let [wordsAt, count] = [1, 0];
    for (const [word, sessions] of this.#postings) {
      if (count % WORDS_IN_BLOCK === 0) {
        if (count > 0) ends.push(bytes.length);
        fields.push(wordsAt, bytes.length, 0);
      }
      count += 1;
      wordsAt += Buffer.byteLength(word) + 1;
      bytes.write(sessions.length);
      let before = 0;
      for (const session of sessions) {
        bytes.write(session - before);
        before = session;
      }
    }
    ends.push(bytes.length);
    const postings = bytes.finish();
    for (let block = 0; block * 3 < fields.length; block += 1)
      fields[block * 3 + 2] = crc32(postings.subarray(fields[block * 3 + 1], ends[block]));
    const blocks = Buffer.alloc(fields.length * 4);
    for (const [index, field] of fields.entries()) blocks.writeUInt32LE(field, index * 4);
    return { blocks, postings };
  }
}

/** Numbers of seven bits a byte, the low ones first; the highest bit says that more follow. */
class VarintWriter {
  #bytes = Buffer.allocUnsafe(1 << 16);
  length = 0;

  write(value: number): void {
    // A 32-bit number takes at most five.
    if (this.length + 5 > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.length++] = rest;
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }
}
