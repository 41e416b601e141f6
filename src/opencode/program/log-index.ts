import type { FileHandle } from "node:fs/promises";
import { openRegularFile } from "../../files/own-files.js";
import { isMarkOf } from "../read/log-marks.js";

/** Where lines stand: by twos, where they begin and where they end, bytes. */
type Places = number[];

const PIECE_BYTES = 1024 * 1024;
/** A line that is longer is looked at no further; it is kept all the same. */
const LONGEST_LINE_BYTES = 4 * PIECE_BYTES;
/** By so much of what was read last it is told whether the file still goes on from there. */
const TAIL_BYTES = 256;
const NEWLINE = 0x0a;
const SESSION = /ses_[0-9A-Za-z]+/g;
const MARK = / message=("creating instance"|"booting location services"|tracking) /;
const RUN = /(?<= run=)[0-9A-Za-z-]+/;
/** A server writes thousands of lines about snapshots; those of a session stand among its own, or just beside them. */
const NEAR_BYTES = 64 * 1024;
/** As of 1.17 each line begins so. */
const DATED = "timestamp=";

/** What was read of a file that stood at a path. */
interface ReadOn {
  /** Which file it is, as the file system tells them apart. */
  readonly file: string;
  /** How far it was read: to the end of the last whole line. */
  read: number;
  /** How much of it there was. */
  size: number;
  /** The last bytes of that. */
  tail: Buffer;
  /** Of the last line, if it tells its time by itself: whose it is. */
  last: Places[];
  isDated: boolean;
  readonly bySession: Map<string, Places>;
  /** Of a process: what tells for which directory it does something, and no session. */
  readonly marks: Map<string, Places>;
  readonly snapshots: Map<string, Places>;
}

function nothingOf(file: string): ReadOn {
  const places = (): Map<string, Places> => new Map();
  const maps = { bySession: places(), marks: places(), snapshots: places() };
  return { file, read: 0, size: 0, tail: Buffer.alloc(0), last: [], isDated: false, ...maps };
}

/**
 * Where in one of opencode's log files what is said about which session. It is read once, and then only what has been
 * added: each of ten thousand sessions would look through the lines of all.
 */
export class LogIndex {
  readonly #path: string;
  #known: ReadOn = nothingOf("");
  #reading: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * What the file says about some sessions, and what the processes that say so did for their directory. A log up to
   * 1.15, in which a line's time follows from those before it, is taken whole.
   *
   * @param sessionIds a session and those of its subagents
   * @param directory where they work
   * @returns the empty string when it says nothing
   * @throws the file system's error
   */
  async linesAbout(sessionIds: readonly string[], directory: string): Promise<string> {
    const file = await openRegularFile(this.#path);
    try {
      // Several sessions are read at a time, and the file by one of them; one that cannot is in no other's way.
      const reading = this.#reading.then(() => this.#readOn(file));
      this.#reading = reading.catch(() => undefined);
      const { bySession, marks: ofRuns, snapshots, isDated, size } = await reading;
      const own = joined(sessionIds.flatMap((id) => bySession.get(id) ?? []));
      if (own.length === 0) return "";
      if (!isDated) return await textAt(file, [0, size]);
      const lines = await textAt(file, own);
      const runs = new Set(lines.split("\n").map((line) => RUN.exec(line)?.[0] ?? ""));
      const near = { from: (own[0] ?? 0) - NEAR_BYTES, to: (own.at(-1) ?? 0) + NEAR_BYTES };
      const about: Places = [];
      for (const run of runs) {
        const marks = [...(ofRuns.get(run) ?? []), ...within(snapshots.get(run) ?? [], near)];
        for (let at = 0; at < marks.length; at += 2) {
          const place = marks.slice(at, at + 2);
          if (isMarkOf(await textAt(file, place), directory)) about.push(...place);
        }
      }
      return about.length === 0 ? lines : await textAt(file, joined([...own, ...about]));
    } finally {
      await file.close();
    }
  }

  /** Reads what there is now and was not read yet. */
  async #readOn(file: FileHandle): Promise<ReadOn> {
    const { size, dev, ino } = await file.stat();
    const name = `${dev} ${ino}`;
    // Another file is in its place, or another text in the file: it may be longer by now than what was read.
    if (name !== this.#known.file || !(await goesOn(this.#known, file))) this.#known = nothingOf(name);
    if (size > this.#known.size) await readTo(this.#known, file, size);
    return this.#known;
  }
}

/** Whether the file still holds what was read of it. Each line has its time, so that another text ends otherwise there. */
async function goesOn({ size, tail }: ReadOn, file: FileHandle): Promise<boolean> {
  return tail.equals(await bytesAt(file, size - tail.length, tail.length));
}

/** Fewer where the file has no more. */
async function bytesAt(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, from);
  return bytes.subarray(0, bytesRead);
}

async function readTo(known: ReadOn, file: FileHandle, size: number): Promise<void> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  let rest = Buffer.alloc(0);
  for (let at = known.read; at < size; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(PIECE_BYTES, size - at), at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const text = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
    const from = at - text.length;
    let begin = 0;
    for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE, begin)) {
      takeLine(known, text.toString("latin1", begin, end), from + begin, from + end + 1);
      begin = end + 1;
    }
    rest = text.length - begin > LONGEST_LINE_BYTES ? Buffer.alloc(0) : text.subarray(begin);
    known.read = at - rest.length;
  }
  known.size = size;
  known.tail = await bytesAt(file, Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES));
  // A last line without an end may still grow: it is looked at again.
  if (rest.length > 0) takeLine(known, rest.toString("latin1"), known.read, size);
}

/** @param line its bytes as characters: ids and names are ASCII */
function takeLine(known: ReadOn, line: string, from: number, to: number): void {
  if (!line.startsWith(DATED) && known.isDated) {
    // It goes on with what was said before.
    for (const places of known.last) places.push(from, to);
    return;
  }
  known.isDated ||= line.startsWith(DATED);
  const of = line.includes("ses_") ? [...new Set(line.match(SESSION))] : [];
  known.last = of.map((id) => placesIn(known.bySession, id));
  // What `isMarkOf` asks first, which is all that most lines are asked.
  const [, kind] = (of.length === 0 && MARK.exec(line)) || [];
  if (kind !== undefined)
    known.last = [placesIn(kind === "tracking" ? known.snapshots : known.marks, RUN.exec(line)?.[0] ?? "")];
  for (const places of known.last) places.push(from, to);
}

function placesIn(places: Map<string, Places>, name: string): Places {
  const known = places.get(name) ?? [];
  places.set(name, known);
  return known;
}

function within(places: Places, { from, to }: { readonly from: number; readonly to: number }): Places {
  const found: Places = [];
  for (let at = 0; at < places.length; at += 2) {
    const [begin = 0, end = 0] = [places[at], places[at + 1]];
    if (begin >= from && end <= to) found.push(begin, end);
  }
  return found;
}

/** In the file's order, each once, neighbours in one. */
function joined(places: Places): Places {
  const pairs: [number, number][] = [];
  for (let at = 0; at < places.length; at += 2) pairs.push([places[at] ?? 0, places[at + 1] ?? 0]);
  pairs.sort(([a], [b]) => a - b);
  const out: Places = [];
  for (const [from, to] of pairs) {
    const last = out.length - 1;
    const end = out[last];
    if (end !== undefined && from <= end) out[last] = Math.max(end, to);
    else out.push(from, to);
  }
  return out;
}

async function textAt(file: FileHandle, places: Places): Promise<string> {
  const texts: string[] = [];
  for (let at = 0; at < places.length; at += 2) {
    const [from = 0, to = 0] = places.slice(at, at + 2);
    texts.push((await bytesAt(file, from, to - from)).toString("utf8"));
  }
  return texts.map((text) => (text.endsWith("\n") ? text.slice(0, -1) : text)).join("\n");
}
