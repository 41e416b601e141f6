import type { SessionFacts } from "../analysis/session-facts.js";
import { type TurnTable, turnsOf } from "../analysis/stats/turn-table.js";
import { describeDiskFailure } from "../files/disk-failure.js";
import { refuseUnreadableStore } from "../files/store-obstacle.js";
import { refuseUntrustedStore } from "../files/trusted-store.js";
import { GitHistories } from "../git/git-histories.js";
import { CatalogFolder } from "./catalog-folder.js";
import type { CatalogEntry } from "./entry.js";
import { type FolderState, isSameState, lookAtStore, stateOf } from "./look.js";
import { type KeptFiles, type KeptSource, NO_PRINT, readKept } from "./read-kept.js";
import { readingAlone } from "./reading-alone.js";
import { DamagedSegmentError } from "./segment-format.js";
import { MOST_SESSIONS, type OpenSegment, type Place, Segments } from "./segments.js";
import type { SessionRow } from "./session-row.js";
import { wordsToFind } from "./words.js";
import { SegmentWriter } from "./write-segment.js";

export type { SessionRow } from "./session-row.js";

/** A kept session; a subagent's only where the session that it belongs to is not kept. */
export type CatalogSession =
  | {
      readonly kind: "session";
      readonly id: string;
      readonly storedAt: number;
      readonly row: SessionRow;
      /** What of the row's cost is by the user's prices, USD; the index knows opencode's alone. */
      readonly costByUser?: number;
    }
  /** It has nothing to show, and why. */
  | { readonly kind: "unreadable"; readonly id: string; readonly storedAt: number; readonly reason: string };

export interface CatalogOptions extends Omit<KeptSource, "histories"> {
  /** What git is asked with where no run tells what a turn worked on; with null it is not asked. */
  readonly environment: Readonly<Record<string, string | undefined>> | null;
  /** Told how many are to be read, before each that is, and when all are; `done` of `total`. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told whenever more sessions may be known, as long as not all are. */
  readonly onMore?: (() => void) | undefined;
  /** What was read is written at least so often, ms, and known from then on; a kill loses no more. Default 5,000. */
  readonly writeEveryMs?: number | undefined;
  /** Told what a person should know, a sentence each: the disk is full, say. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Ends reading early; what was read until then is kept. */
  readonly signal?: AbortSignal | undefined;
}

/** A segment is written before it holds more words of more sessions: until then they are in memory. */
const MOST_WORDS = 4_000_000;
const WRITE_EVERY_MS = 5_000;

/**
 * An index of the kept sessions beside them: a row and the figures of each, and which words stand in which. It is made
 * from what is kept alone, follows it by the files' fingerprints, and loses nothing when it is deleted.
 *
 * Its texts are as masked as what is kept, those of rows and figures also by the masking of the process that read the
 * session. What is shown of it is to be masked as all else that is shown.
 */
export class Catalog {
  readonly #options: CatalogOptions;
  readonly #folder: CatalogFolder;
  readonly #segments: Segments;
  /** The store when all of it was known. */
  #state: FolderState | undefined;
  #refreshing: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();
  #hasNoted = false;
  #isClosed = false;

  private constructor(options: CatalogOptions) {
    this.#options = options;
    this.#folder = new CatalogFolder(options.paths);
    this.#segments = new Segments(this.#folder, (error) => this.#note(error));
  }

  /**
   * Opens what there is of the index, and reads no session. Whether that is all that is kept says `isCurrent`.
   *
   * @throws {ConfigurationError} when others may have put something into looptrace's folders, or these cannot be read
   */
  static async open(options: CatalogOptions): Promise<Catalog> {
    refuseUntrustedStore(options.paths);
    refuseUnreadableStore(options.paths);
    const catalog = new Catalog(options);
    catalog.#folder.refuseUntrusted();
    const manifest = await catalog.#folder.manifest();
    if (manifest && (await catalog.#segments.openNamed(manifest))) catalog.#state = manifest.state;
    return catalog;
  }

  /** Whether nothing was kept since the index was made, as far as one look at the store's folder tells. */
  async isCurrent(): Promise<boolean> {
    const now = await stateOf(this.#options.paths);
    if (now === undefined) return this.#segments.places.size === 0;
    return this.#state !== undefined && isSameState(now, this.#state);
  }

  /**
   * Brings the index up to date: looks at the store where it was changed, and reads what is new, the newest first. A
   * disk that fails becomes a note; what was read counts nevertheless.
   *
   * @throws the file system's error when the store is there and cannot be read
   */
  refresh(): Promise<void> {
    // It would open files that nobody closes.
    if (this.#isClosed) return Promise.resolve();
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** The kept sessions, the one that went on last first. */
  sessions(): readonly CatalogSession[] {
    return this.#sessions(() => true).sort((a, b) => whenOf(b) - whenOf(a) || (a.id < b.id ? -1 : 1));
  }

  /** Those of which nothing could be read, in no order. */
  unreadable(): readonly Extract<CatalogSession, { kind: "unreadable" }>[] {
    return this.#sessions((kind) => kind === "unreadable").flatMap((one) => (one.kind === "unreadable" ? [one] : []));
  }

  #sessions(isMeant: (kind: CatalogSession["kind"]) => boolean): CatalogSession[] {
    return [...this.#segments.places.values()].flatMap(({ entry }): CatalogSession[] => {
      const { id, storedAt, content } = entry;
      if (!this.#isListed(entry) || content.kind === "subagent" || !isMeant(content.kind)) return [];
      return content.kind === "session"
        ? [{ kind: content.kind, id, storedAt, row: content.row }]
        : [{ kind: content.kind, id, storedAt, reason: content.reason }];
    });
  }

  /** Whether a session, or a subagent's, is kept. */
  has(id: string): boolean {
    return this.#segments.places.has(id);
  }

  /** The figures of the kept sessions, in no order; a subagent's are in those of its session. */
  async facts(): Promise<readonly SessionFacts[]> {
    const found = new Map<string, SessionFacts>();
    await this.eachFacts(undefined, (id, facts) => void found.set(id, facts));
    return [...found.values()];
  }

  /**
   * The figures of some of the kept sessions, one after the other, in no order.
   *
   * @param ids default: all
   * @param visit may be told of one once more; asks nothing of the catalog before it is done
   */
  eachFacts(
    ids: ReadonlySet<string> | undefined,
    visit: (id: string, facts: SessionFacts) => Promise<void> | void,
  ): Promise<void> {
    return this.#answer(async (live) => {
      for (const [open, places] of live) {
        const wanted = places.filter(({ entry }) => (!ids || ids.has(entry.id)) && this.#isListed(entry));
        if (wanted.length === 0) continue;
        const facts = await this.#segments.ask(open, (segment) => segment.facts());
        for (const { entry, number } of wanted) {
          const one = facts[number];
          if (one) await visit(entry.id, one);
        }
      }
    });
  }

  /** What statistics add up of the kept sessions, in no order. */
  turns(): Promise<readonly TurnTable[]> {
    return this.#answer(async (live) => {
      const tables: TurnTable[] = [];
      for (const [open, places] of live) {
        const meant = new Set(places.flatMap(({ entry, number }) => (this.#isListed(entry) ? [number] : [])));
        if (meant.size === 0) continue;
        const table = await this.#segments.ask(open, (segment) => segment.turns());
        tables.push(turnsOf(table, (owner) => meant.has(owner)));
      }
      return tables;
    });
  }

  /**
   * The sessions in which all words of a text occur, each as a part of a word, in prompts, answers, thinking, tools'
   * arguments and results, errors; capital letters are as good as small ones. A word of one or two letters has to be
   * one by itself.
   *
   * @returns their ids; undefined where the text holds no word
   */
  async search(text: string): Promise<ReadonlySet<string> | undefined> {
    const words = wordsToFind(text);
    if (words.length === 0) return undefined;
    return await this.#answer(async (live) => {
      const found = new Set<string>();
      const scratch = Buffer.allocUnsafe(Math.max(0, ...[...live.keys()].map(({ segment }) => segment.scratchBytes)));
      for (const [open, places] of live) {
        const holding = await this.#segments.ask(open, (segment) => segment.find(words, scratch));
        for (const { entry, number } of places) if (holding[number] === 1 && this.#isListed(entry)) found.add(entry.id);
      }
      return found;
    });
  }

  /** Lets go of its files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#refreshing?.catch(() => undefined);
    await this.#alone(() => this.#segments.close());
  }

  /** A subagent's stands in its session, as long as that is kept. */
  #isListed({ id, parentId, content }: CatalogEntry): boolean {
    return content.kind !== "subagent" && (parentId === null || parentId === id || !this.has(parentId));
  }

  /** Answers once more where a segment turns out to be damaged: its sessions are read anew before. */
  async #answer<T>(answer: (live: ReadonlyMap<OpenSegment, readonly Place[]>) => Promise<T>): Promise<T> {
    const ask = (): Promise<T> => this.#alone(() => answer(this.#segments.bySegment()));
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof DamagedSegmentError)) throw error;
      this.#state = undefined;
      await this.refresh();
      // Nothing was read anew, and an answer would be that of an empty store.
      if (this.#isClosed) throw error;
      return await ask();
    }
  }

  /** One after the other: files are closed that another one may be reading. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  async #refresh(): Promise<void> {
    const { onProgress, onMore, paths, signal } = this.#options;
    if (await this.isCurrent()) return onProgress?.(0, 0);
    // Before the look: what goes changes the folder.
    await this.#folder.sweep();
    const { files, state } = await lookAtStore(paths);
    await this.#segments.openNew();
    let missing = this.#segments.match(files);
    let isKnown = true;
    if (missing.length > 0) {
      onMore?.();
      onProgress?.(0, missing.length);
      const recount = async (): Promise<number> => {
        await this.#segments.openNew();
        missing = this.#segments.match(files);
        onMore?.();
        return missing.length;
      };
      const reading = await readingAlone(this.#folder, { count: missing.length, recount, signal });
      isKnown = await this.#read(missing, files).finally(reading.end);
    }
    this.#state = isKnown ? state : undefined;
    try {
      await this.#alone(() => this.#tidy());
    } catch (error) {
      if (!(error instanceof DamagedSegmentError)) throw error;
      // What it held counts again once it was read again.
      this.#state = undefined;
      await this.#read(this.#segments.match(files), files);
    }
    if (!signal?.aborted) onProgress?.(missing.length, missing.length);
  }

  /** @returns whether all is known now: false where it was ended early, or a passing error left a session unread */
  async #read(ids: readonly string[], files: KeptFiles): Promise<boolean> {
    const { onProgress, onMore, signal, environment, writeEveryMs = WRITE_EVERY_MS } = this.#options;
    const source = { ...this.#options, histories: environment ? new GitHistories(environment) : undefined };
    let writer = new SegmentWriter();
    let written = Date.now();
    let isKnown = true;
    const write = async (): Promise<void> => {
      if (writer.sessions > 0) await this.#segments.add(writer);
      writer = new SegmentWriter();
      written = Date.now();
      onMore?.();
    };
    for (const [done, id] of ids.entries()) {
      if (signal?.aborted) break;
      onProgress?.(done, ids.length);
      const read = await readKept(id, files, source);
      if (read) {
        if (read.entry.print === NO_PRINT) isKnown = false;
        const number = writer.add(read);
        for (const word of read.words) writer.addWord(word, number);
      }
      const isFull = writer.sessions >= MOST_SESSIONS || writer.size >= MOST_WORDS;
      if (isFull || Date.now() - written > writeEveryMs) await write();
      // In a server requests come first.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await write();
    return isKnown && !signal?.aborted;
  }

  async #tidy(): Promise<void> {
    const segments = await this.#segments.tidy();
    if (!segments || !this.#state) return;
    await this.#folder.writeManifest({ state: this.#state, segments }).catch((error: unknown) => this.#note(error));
  }

  #note(error: unknown): void {
    if (this.#hasNoted) return;
    this.#hasNoted = true;
    this.#options.onNote?.(
      `The index of the kept sessions could not be written to ${this.#folder.path}: ${describeDiskFailure(error)}. They are read anew each time until it can.`,
    );
  }
}

/** When a session's last turn began, else when it was kept, ms since the epoch. */
function whenOf(session: CatalogSession): number {
  return session.kind === "session" ? session.row.at : session.storedAt;
}
