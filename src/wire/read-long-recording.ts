import { openOwnFile } from "../files/own-files.js";
import { sessionLines, type WantedSessions } from "./lines-of-sessions.js";

/** Bounds for what is read of a recording, in bytes. */
export interface LongRecordingLimits {
  /** Of all lines with their texts; beyond it lines have sizes and times only. */
  readonly texts: number;
  /** Of one line; a longer one is left out. */
  readonly line: number;
  /** Of all lines; those beyond are left out. */
  readonly all: number;
}

const LIMITS: LongRecordingLimits = { texts: 64 * 1024 * 1024, line: 64 * 1024 * 1024, all: 96 * 1024 * 1024 };
const PIECE_BYTES = 1024 * 1024;
/** In which whose a line is stands. */
const BEGINNING_BYTES = 4096;
const NEW_LINE = 0x0a;

/**
 * The lines of a recording that are about some sessions, those below them, or the whole recording, read piece by piece:
 * a server that lives long records many sessions, of which one is wanted. Where the wanted ones are too long, the first
 * keep their texts, of which later ones are told, and those behind keep sizes and times; a line says so.
 *
 * @param from where to begin, in bytes
 * @throws {UnfitFileError} when it is no file of looptrace's own
 * @throws the file system's error
 */
export async function readLongRecording(
  path: string,
  wanted: WantedSessions & { readonly from?: number },
  limits: LongRecordingLimits = LIMITS,
): Promise<string> {
  const isWanted = sessionLines(wanted);
  const kept = new Kept(limits);
  const file = await openOwnFile(path);
  try {
    let line: Buffer[] = [];
    let [length, isTooLong] = [0, false];
    const ended = (last: Buffer): void => {
      const beginning = (line[0] ?? last).subarray(0, BEGINNING_BYTES).toString("utf8");
      if (isTooLong) kept.leaveOut();
      else if (isWanted(beginning)) kept.add(line.length === 0 ? last : Buffer.concat([...line, last]));
      [line, length, isTooLong] = [[], 0, false];
    };
    // What is kept of a piece is copied.
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    for (let at = wanted.from ?? 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const piece = buffer.subarray(0, bytesRead);
      let begin = 0;
      for (let end = piece.indexOf(NEW_LINE); end >= 0; end = piece.indexOf(NEW_LINE, begin)) {
        ended(piece.subarray(begin, end + 1));
        begin = end + 1;
      }
      const rest = piece.subarray(begin);
      length += rest.length;
      isTooLong ||= length > limits.line;
      if (isTooLong) line = [];
      // A copy, since a piece that is kept for a few bytes of it would stay whole.
      else if (rest.length > 0) line.push(Buffer.from(rest));
    }
    if (length > 0) ended(Buffer.alloc(0));
  } finally {
    await file.close();
  }
  return kept.text();
}

/** The lines that are kept, within bounds. */
class Kept {
  readonly #limits: LongRecordingLimits;
  readonly #lines: Buffer[] = [];
  #bytes = 0;
  #isOver = false;
  #leftOut = 0;

  constructor(limits: LongRecordingLimits) {
    this.#limits = limits;
  }

  add(line: Buffer): void {
    // From here on all: a later text may be told by one that is left out.
    this.#isOver ||= this.#bytes + line.length > this.#limits.texts;
    const kept = this.#isOver ? withoutTexts(line.toString("utf8")) : Buffer.from(line);
    if (this.#bytes + kept.length > this.#limits.all) this.leaveOut();
    else {
      this.#bytes += kept.length;
      this.#lines.push(kept);
    }
  }

  leaveOut(): void {
    this.#leftOut += 1;
  }

  text(): string {
    const megabytes = Math.round(this.#limits.texts / (1024 * 1024));
    if (this.#isOver) this.#say(`of what comes behind the first ${megabytes} MB only sizes and times are read`);
    if (this.#leftOut > 0) this.#say(`${this.#leftOut} of its lines are longer than is read, or too many`);
    return Buffer.concat(this.#lines).toString("utf8");
  }

  #say(why: string): void {
    this.#lines.push(Buffer.from(`${JSON.stringify({ t: "lost", why })}\n`));
  }
}

/** A line as it is where only sizes, hashes and times are recorded. */
function withoutTexts(line: string): Buffer {
  try {
    const { middle: _middle, text: _text, ...rest } = JSON.parse(line);
    return Buffer.from(`${JSON.stringify(rest)}\n`);
  } catch {
    // A kill has cut it short.
    return Buffer.alloc(0);
  }
}
