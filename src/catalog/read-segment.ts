import type { FileHandle } from "node:fs/promises";
import type { SessionFacts } from "../analysis/session-facts.js";
import type { TurnTable } from "../analysis/stats/turn-table.js";
import { openOwnFile } from "../files/own-files.js";
import { type CatalogEntry, fromStored, type StoredEntry } from "./entry.js";
import { unpack } from "./pack.js";
import {
  BLOCK_FIELDS,
  checkCrc,
  DamagedSegmentError,
  HEAD_BYTES,
  MAGIC,
  type Section,
  type SegmentHeader,
  segmentHeader,
  uint32,
  WORDS_IN_BLOCK,
} from "./segment-format.js";
import type { SessionRow } from "./session-row.js";
import { readTable } from "./table-bytes.js";
import type { SegmentWriter } from "./write-segment.js";

/** Where a segment's bytes are: in a file, or in memory where they could not be written. */
interface Bytes {
  readonly length: number;
  /** @param into is used where it is long enough */
  read(at: number, length: number, into?: Buffer): Promise<Buffer>;
  close(): Promise<void>;
}

/** A segment to be read. Its entries are read at once, all else when it is asked for. */
export class Segment {
  readonly #bytes: Bytes;
  readonly #header: SegmentHeader;
  /** Where the sections begin. */
  readonly #from: number;
  readonly entries: readonly CatalogEntry[];

  private constructor(bytes: Bytes, header: SegmentHeader, from: number, entries: readonly CatalogEntry[]) {
    this.#bytes = bytes;
    this.#header = header;
    this.#from = from;
    this.entries = entries;
  }

  /**
   * @throws {DamagedSegmentError} when the file is none, or not as it was written
   * @throws {UnfitFileError} when it is a link or another user's
   * @throws the file system's error
   */
  static async open(path: string): Promise<Segment> {
    const file = await openOwnFile(path);
    try {
      return await Segment.#read(await fileBytes(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** A segment that is in memory only. */
  static of(bytes: Buffer): Promise<Segment> {
    return Segment.#read({
      length: bytes.length,
      read: async (at, length) => bytes.subarray(at, at + length),
      close: async () => undefined,
    });
  }

  static async #read(bytes: Bytes): Promise<Segment> {
    if (bytes.length < HEAD_BYTES) throw new DamagedSegmentError("it is too short");
    const head = await bytes.read(0, HEAD_BYTES);
    if (!head.subarray(0, MAGIC.length).equals(MAGIC)) throw new DamagedSegmentError("it is no segment");
    const [length, crc, whole] = [uint32(head, 4), uint32(head, 5), uint32(head, 6)];
    if (whole !== bytes.length || HEAD_BYTES + length > whole) throw new DamagedSegmentError("it is cut");
    const text = await bytes.read(HEAD_BYTES, length);
    checkCrc(text, crc, "header's bytes");
    const header = segmentHeader.parse(JSON.parse(text.toString()));
    const from = HEAD_BYTES + length;
    const read = async ({ at, length: size, crc: sum }: Section, what: string): Promise<Buffer> => {
      const some = await bytes.read(from + at, size);
      checkCrc(some, sum, what);
      return some;
    };
    const entries = unpack(await read(header.entries, "entries")) as readonly StoredEntry[];
    const rows = await read(header.rows, "rows");
    let known: readonly SessionRow[] | undefined;
    const rowAt = (number: number): SessionRow => {
      known ??= unpack(rows) as readonly SessionRow[];
      const row = known[number];
      if (!row) throw new DamagedSegmentError("a session has no row");
      return row;
    };
    return new Segment(
      bytes,
      header,
      from,
      entries.map((entry, number) => fromStored(entry, () => rowAt(number))),
    );
  }

  /** In the order of the entries; null for what has none. */
  async facts(): Promise<readonly (SessionFacts | null)[]> {
    const bytes = await this.#section(this.#header.facts, "facts");
    return unpack(bytes) as readonly (SessionFacts | null)[];
  }

  /** What statistics add up of the facts; a turn's owner is an entry by its number. */
  async turns(): Promise<TurnTable> {
    return readTable(await this.#section(this.#header.turns, "turns"));
  }

  /**
   * Which of the sessions hold all of some words, each as a part of one of theirs.
   *
   * @param scratch what is read may be put there
   * @returns by a session's number whether it does: 1, else 0
   */
  async find(words: readonly string[], scratch?: Buffer): Promise<Uint8Array> {
    const list = await this.#section(this.#header.wordList, "words", scratch);
    const blocks = await this.#section(this.#header.blocks, "blocks");
    let found: Uint8Array = new Uint8Array(this.#header.sessions).fill(1);
    for (const word of words) {
      if (!found.includes(1)) break;
      const holding = await this.#holding(placesOf(word, list, blocks), blocks);
      found = found.map((isFound, session) => isFound & (holding[session] ?? 0));
    }
    return found;
  }

  /** How long a buffer has to be to be of use for `find`. */
  get scratchBytes(): number {
    return this.#header.wordList.length;
  }

  /**
   * Adds some of its sessions to another segment, with all that is known of them.
   *
   * @param isWanted by a session's number
   */
  async copyTo(writer: SegmentWriter, isWanted: (session: number) => boolean): Promise<void> {
    const facts = await this.facts();
    const numbers = this.entries.map((entry, session) =>
      isWanted(session) ? writer.add({ entry, facts: facts[session] ?? null }) : undefined,
    );
    const list = (await this.#section(this.#header.wordList, "words")).toString();
    const blocks = await this.#section(this.#header.blocks, "blocks");
    const words = list.slice(1, -1).split("\n");
    for (let block = 0; block * WORDS_IN_BLOCK < this.#header.words; block += 1) {
      const postings = new PostingsReader(await this.#postingsOf(block, block + 1, blocks), 0);
      for (const word of words.slice(block * WORDS_IN_BLOCK, (block + 1) * WORDS_IN_BLOCK)) {
        postings.next((session) => {
          const number = numbers[session];
          if (number !== undefined) writer.addWord(word, number);
        });
      }
    }
  }

  close(): Promise<void> {
    return this.#bytes.close();
  }

  async #section({ at, length, crc }: Section, what: string, scratch?: Buffer): Promise<Buffer> {
    const bytes = await this.#bytes.read(this.#from + at, length, scratch);
    checkCrc(bytes, crc, what);
    return bytes;
  }

  /** The postings of some blocks, those from `first` to before `end`. */
  async #postingsOf(first: number, end: number, blocks: Buffer): Promise<Buffer> {
    const from = uint32(blocks, first * BLOCK_FIELDS + 1);
    const to = this.#postingsAt(end, blocks);
    const bytes = await this.#bytes.read(this.#from + this.#header.postings.at + from, to - from);
    for (let block = first; block < end; block += 1) {
      const [begin, until] = [this.#postingsAt(block, blocks) - from, this.#postingsAt(block + 1, blocks) - from];
      checkCrc(bytes.subarray(begin, until), uint32(blocks, block * BLOCK_FIELDS + 2), "postings");
    }
    return bytes;
  }

  #postingsAt(block: number, blocks: Buffer): number {
    const isBehind = block * BLOCK_FIELDS * 4 >= blocks.length;
    return isBehind ? this.#header.postings.length : uint32(blocks, block * BLOCK_FIELDS + 1);
  }

  /** @param places of words, ascending */
  async #holding(places: readonly Place[], blocks: Buffer): Promise<Uint8Array> {
    const holding = new Uint8Array(this.#header.sessions);
    let missing = holding.length;
    // Each read costs as much as some blocks; what lies between two that are near is read with them.
    for (let at = 0; at < places.length && missing > 0; ) {
      const first = places[at]?.block ?? 0;
      let end = first + 1;
      let next = at;
      for (
        let place = places[next];
        place && place.block < end + BLOCKS_SKIPPED && place.block - first < BLOCKS_AT_ONCE;
      ) {
        end = place.block + 1;
        next += 1;
        place = places[next];
      }
      const bytes = await this.#postingsOf(first, end, blocks);
      const from = this.#postingsAt(first, blocks);
      let reader: { readonly block: number; readonly postings: PostingsReader; word: number } | undefined;
      for (const { block, word } of places.slice(at, next)) {
        if (reader?.block !== block)
          reader = { block, postings: new PostingsReader(bytes, this.#postingsAt(block, blocks) - from), word: 0 };
        for (; reader.word < word; reader.word += 1) reader.postings.next();
        reader.word += 1;
        reader.postings.next((session) => {
          if (holding[session] !== 0) return;
          holding[session] = 1;
          missing -= 1;
        });
      }
      at = next;
    }
    return holding;
  }
}

const BLOCKS_SKIPPED = 16;
const BLOCKS_AT_ONCE = 1024;

/** Where a word's postings are: in which block, and there the how manieth. */
interface Place {
  readonly block: number;
  readonly word: number;
}

/** A shorter word of ASCII stands in so many others that only itself can be meant. */
const SHORTEST_PART = 3;
const LINE_BREAK = 10;

function placesOf(word: string, list: Buffer, blocks: Buffer): readonly Place[] {
  const isWhole = word.length < SHORTEST_PART && /^[\0-\x7f]*$/.test(word);
  const needle = Buffer.from(isWhole ? `\n${word}\n` : word);
  const places: Place[] = [];
  const count = blocks.length / (BLOCK_FIELDS * 4);
  /** Where the words of the block, and the word that was passed last, begin. */
  let [block, index, begin] = [0, 0, 1];
  for (let at = list.indexOf(needle); at >= 0; ) {
    const inside = isWhole ? at + 1 : at;
    const right = blockAt(inside, block, count, blocks);
    if (right !== block) [block, index, begin] = [right, 0, uint32(blocks, right * BLOCK_FIELDS)];
    let end = list.indexOf(LINE_BREAK, begin);
    while (end < inside) {
      index += 1;
      begin = end + 1;
      end = list.indexOf(LINE_BREAK, begin);
    }
    places.push({ block, word: index });
    at = list.indexOf(needle, end);
  }
  return places;
}

/** The block that a place in the list of words lies in, which is not before another one. */
function blockAt(place: number, after: number, count: number, blocks: Buffer): number {
  let [low, high] = [after, count - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (uint32(blocks, middle * BLOCK_FIELDS) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

class PostingsReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Goes over one word's sessions. */
  next(use?: (session: number) => void): void {
    let session = 0;
    for (let left = this.#number(); left > 0; left -= 1) {
      session += this.#number();
      use?.(session);
    }
  }

  #number(): number {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
      shift += 7;
    }
  }
}

async function fileBytes(file: FileHandle): Promise<Bytes> {
  return {
    length: (await file.stat()).size,
    async read(at, length, into) {
      const buffer = into && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafe(length);
      let read = 0;
      while (read < length) {
        const { bytesRead } = await file.read(buffer, read, length - read, at + read);
        if (bytesRead === 0) throw new DamagedSegmentError("it is cut");
        read += bytesRead;
      }
      return buffer;
    },
    close: () => file.close(),
  };
}
