import { type BigIntStats, closeSync, fstatSync, openSync, statSync } from "node:fs";
import { attempt, hasCode } from "../errors/thrown.js";
import { SqliteLog } from "./sqlite-log.js";
import { bytesAt, HEAD_BYTES, type Pages, pagesBy, realDatabase } from "./sqlite-tree.js";

/** The pages of a database at one moment. */
export interface SqliteMoment extends Pages {
  /** Changes when pages may have changed without their marks: what is kept of all of them is to be forgotten. */
  readonly name: string;
  /** Tells a page from what it was before, within one name. */
  readonly markOf: (page: number) => number;
  /** Changes with each commit, within one name. */
  readonly end: number;
  /** Changes with each change of a table's or an index's definition, within one name. */
  readonly schemaMark: number;
}

const TRIES = 3;
/** Where the first page has the versions of the format, 2 for a database with a log, and how its texts are written. */
const VERSIONS_AT = 18;
const WITH_LOG = 0x0202;
const SCHEMA_MARK_AT = 40;
const ENCODING_AT = 56;
const UTF_8 = 1;

/**
 * Looks at a SQLite database again and again in which another program writes, and sees it as that has committed it,
 * never in between. Nothing is locked or written, so that program goes on undisturbed: should it have written what could
 * have been read meanwhile, a look is made anew, and the third one in vain gives nothing. Of the log only what is new is
 * read.
 *
 * Pages that are in the log are read from there; the others are not written to before that log begins anew, or has more
 * commits in it than were seen. So after a look it is enough that the log has neither.
 */
export class FollowedSqlite {
  readonly #path: string;
  readonly #log = new SqliteLog();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The sizes and times of the files, which is cheap. Where it changes, something was written; where it does not, there
   * may still be a commit, written over what was in the log within one tick of the file system's clock.
   */
  mark(): string {
    return markOf(realDatabase(this.#path));
  }

  /**
   * @param find may be called again, where what it has read may be of two moments
   * @returns what it returns; undefined where it fails, or nothing can be seen
   */
  look<Found>(find: (moment: SqliteMoment) => Found): Found | undefined {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const looked = attempt(() => this.#lookOnce(find));
      if (looked) return looked.found;
    }
    return undefined;
  }

  /** @returns undefined, or throws, where it is to be tried again */
  #lookOnce<Found>(find: (moment: SqliteMoment) => Found): { readonly found: Found | undefined } | undefined {
    const path = realDatabase(this.#path);
    const before = markOf(path);
    const file = openSync(path, "r");
    let log: number | undefined;
    try {
      log = openIfThere(logOf(path));
      if (filesIn(markBy([file, log].map(statOfOpen))) !== filesIn(before)) return undefined;
      this.#log.update(log, indexOf(path));
      // What fails will fail again, but where something was written meanwhile.
      const found = attempt(() => find(this.#momentOf(file, log, before)));
      const after = this.mark();
      // Without a log nobody has the database open, or is just about to.
      const isAsItWas = log === undefined ? after === before : filesIn(after) === filesIn(before);
      return isAsItWas && !this.#log.update(log, indexOf(path)) ? { found } : undefined;
    } finally {
      for (const one of [file, log]) if (one !== undefined) closeSync(one);
    }
  }

  #momentOf(file: number, logFile: number | undefined, mark: string): SqliteMoment {
    const log = this.#log;
    const inLog = (page: number, length: number): Buffer | undefined => {
      const at = log.offsetOf(page);
      return at === undefined || logFile === undefined ? undefined : bytesAt(logFile, at, length);
    };
    const head = inLog(1, HEAD_BYTES) ?? bytesAt(file, 0, HEAD_BYTES);
    if (head.readUInt16BE(VERSIONS_AT) !== WITH_LOG) throw new Error("a database without a log");
    if (head.readUInt32BE(ENCODING_AT) !== UTF_8) throw new Error("texts in another encoding");
    const pages = pagesBy(head, (page, size) => {
      if (log.name !== undefined && log.pageSize !== size) throw new Error("the log is another database's");
      return inLog(page, size) ?? bytesAt(file, (page - 1) * size, size);
    });
    return {
      ...pages,
      name: log.name === undefined ? mark : `${filesIn(mark)} ${log.name}`,
      end: log.end,
      markOf: (page) => log.offsetOf(page) ?? 0,
      schemaMark: head.readUInt32BE(SCHEMA_MARK_AT),
    };
  }
}

function logOf(path: string): string {
  return `${path}-wal`;
}

/** Of the log. */
function indexOf(path: string): string {
  return `${path}-shm`;
}

function markOf(path: string): string {
  return markBy([path, logOf(path)].map((one) => statSync(one, { throwIfNoEntry: false, bigint: true })));
}

function markBy(stats: readonly (BigIntStats | undefined)[]): string {
  return stats.map((stat) => (stat ? `${stat.dev}:${stat.ino}:${stat.mtimeNs}:${stat.size}` : "none")).join(" ");
}

function statOfOpen(file: number | undefined): BigIntStats | undefined {
  return file === undefined ? undefined : fstatSync(file, { bigint: true });
}

/** Which files a mark is of, written to or not. */
function filesIn(mark: string): string {
  return mark
    .split(" ")
    .map((file) => file.split(":").slice(0, 2).join(":"))
    .join(" ");
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
