import { endianness } from "node:os";

const HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;

type Sums = [number, number];

function addTo(sums: Sums, bytes: Buffer, isBig: boolean): void {
  for (let at = 0; at < bytes.length; at += 8) {
    const word = (from: number) => (isBig ? bytes.readInt32BE(from) : bytes.readInt32LE(from));
    sums[0] = (sums[0] + word(at) + sums[1]) | 0;
    sums[1] = (sums[1] + word(at + 4) + sums[0]) | 0;
  }
}

/** A page as a commit has it in the log. */
export interface Page {
  readonly page: number;
  readonly content: Buffer;
}

export interface LogOptions {
  /** Tells one log from the next in the same file. */
  readonly salt?: number;
  /** Whether its sums are made of big-endian words. */
  readonly isBig?: boolean;
}

/**
 * A log as SQLite writes it (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
 *
 * @param commits each of some pages
 * @param options `isOpen` leaves out that the last one was committed
 */
export function logOf(
  commits: readonly (readonly Page[])[],
  { salt = 1, isBig = false, isOpen = false }: LogOptions & { readonly isOpen?: boolean } = {},
): Buffer {
  const sums: Sums = [0, 0];
  const add = (bytes: Buffer): void => addTo(sums, bytes, isBig);
  const put = (bytes: Buffer, at: number): void => {
    bytes.writeInt32BE(sums[0], at);
    bytes.writeInt32BE(sums[1], at + 4);
  };
  const pages = commits.flat();
  const head = Buffer.alloc(HEAD_BYTES);
  for (const [index, word] of [
    isBig ? 0x377f0683 : 0x377f0682,
    3_007_000,
    pages[0]?.content.length ?? 512,
    0,
    salt,
    7,
  ].entries())
    head.writeUInt32BE(word, 4 * index);
  add(head.subarray(0, 24));
  put(head, 24);
  const frames = commits.flatMap((commit, index) =>
    commit.map(({ page, content }, place) => {
      const isLast = place === commit.length - 1 && !(isOpen && index === commits.length - 1);
      const frame = Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), content]);
      frame.writeUInt32BE(page, 0);
      frame.writeUInt32BE(isLast ? 1_000 : 0, 4);
      head.copy(frame, 8, 16, 24);
      add(frame.subarray(0, 8));
      add(frame.subarray(FRAME_HEAD_BYTES));
      put(frame, 16);
      return frame;
    }),
  );
  return Buffer.concat([head, ...frames]);
}

/**
 * The index of a log (`-shm`) as SQLite has it, which says that all of the log is committed.
 *
 * @param log of at least one frame
 */
export function indexOf(log: Buffer): Buffer {
  const isBig = endianness() === "BE";
  const head = Buffer.alloc(48);
  const put = (word: number, at: number) => (isBig ? head.writeInt32BE(word, at) : head.writeInt32LE(word, at));
  const frame = FRAME_HEAD_BYTES + log.readUInt32BE(8);
  put(3_007_000, 0);
  head.writeUInt8(1, 12);
  put((log.length - HEAD_BYTES) / frame, 16);
  for (const at of [0, 4]) put(log.readInt32BE(log.length - frame + 16 + at), 24 + at);
  log.copy(head, 32, 16, 24);
  const sums: Sums = [0, 0];
  addTo(sums, head.subarray(0, 40), isBig);
  for (const [index, sum] of sums.entries()) put(sum, 40 + 4 * index);
  return Buffer.concat([head, head, Buffer.alloc(32_768 - 96)]);
}

/** The commits of a log as SQLite wrote it. */
export function commitsOf(log: Buffer): readonly (readonly Page[])[] {
  const size = log.readUInt32BE(8);
  const commits: Page[][] = [[]];
  for (let at = HEAD_BYTES; at < log.length; at += FRAME_HEAD_BYTES + size) {
    const content = log.subarray(at + FRAME_HEAD_BYTES, at + FRAME_HEAD_BYTES + size);
    commits.at(-1)?.push({ page: log.readUInt32BE(at), content });
    if (log.readUInt32BE(at + 4) !== 0) commits.push([]);
  }
  return commits.slice(0, -1);
}

/** A database with all that its log has committed put into it. */
export function checkpointed(database: Buffer, commits: readonly (readonly Page[])[]): Buffer {
  const size = database.readUInt16BE(16);
  const pages = commits.flat();
  const all = Buffer.alloc(Math.max(database.length, ...pages.map(({ page }) => page * size)));
  database.copy(all);
  for (const { page, content } of pages) content.copy(all, (page - 1) * size);
  return all;
}

/** The page of a database with a time in it, with another one in its place. @param from ms */
export function withTime(database: Buffer, from: number, to: number): Page {
  const size = database.readUInt16BE(16);
  const [was, is] = [from, to].map((time) => {
    const bytes = Buffer.alloc(6);
    bytes.writeIntBE(time, 0, 6);
    return bytes;
  });
  const at = was && database.indexOf(was);
  if (at === undefined || at < 0) throw new Error("no such time");
  const start = at - (at % size);
  const content = Buffer.from(database.subarray(start, start + size));
  is?.copy(content, at - start);
  return { page: start / size + 1, content };
}
