import type { CatalogFolder, Manifest } from "./catalog-folder.js";
import type { CatalogEntry } from "./entry.js";
import type { KeptFiles } from "./read-kept.js";
import { Segment } from "./read-segment.js";
import { DamagedSegmentError } from "./segment-format.js";
import { SegmentWriter } from "./write-segment.js";

/** A session's entry that counts: in which segment, and there by its number. */
export interface Place {
  readonly entry: CatalogEntry;
  readonly segment: OpenSegment;
  readonly number: number;
}

export interface OpenSegment {
  /** Null for one that is in memory only, as it could not be written. */
  readonly name: string | null;
  readonly segment: Segment;
}

/** So many sessions make a segment, and no more: while it is made it is in memory. */
export const MOST_SESSIONS = 512;
/** Nor are segments with more of words made one. */
const MOST_WORD_BYTES = 64 * 1024 * 1024;
/** So many segments of about the same size are made one: each session is written anew a few times at most. */
const MERGED = 8;

/** The open segments, and which of their entries count. */
export class Segments {
  readonly #folder: CatalogFolder;
  readonly #onDiskFailure: (error: unknown) => void;
  #open: readonly OpenSegment[] = [];
  #places: ReadonlyMap<string, Place> = new Map();

  constructor(folder: CatalogFolder, onDiskFailure: (error: unknown) => void) {
    this.#folder = folder;
    this.#onDiskFailure = onDiskFailure;
  }

  /** The entries that count, by the sessions' ids. */
  get places(): ReadonlyMap<string, Place> {
    return this.#places;
  }

  /** Opens what a manifest names. @returns whether that is all there */
  async openNamed({ segments }: Manifest): Promise<boolean> {
    const opened = await Promise.all(
      segments.map(async ({ name, dead }) => ({ name, dead: new Set(dead), segment: await this.#folder.open(name) })),
    );
    const open: OpenSegment[] = [];
    const places = new Map<string, Place>();
    for (const { name, dead, segment } of opened) {
      if (!segment) continue;
      const one = { name, segment };
      open.push(one);
      for (const [number, entry] of segment.entries.entries())
        if (!dead.has(number)) places.set(entry.id, { entry, segment: one, number });
    }
    this.#open = open;
    this.#places = places;
    return open.length === segments.length;
  }

  /** Opens what others have written meanwhile. */
  async openNew(): Promise<void> {
    const known = new Set(this.#open.map(({ name }) => name));
    const open = [...this.#open];
    for (const name of await this.#folder.segmentNames()) {
      const segment = known.has(name) ? undefined : await this.#folder.open(name);
      if (segment) open.push({ name, segment });
    }
    // Of two segments with the same session every process takes the same one.
    this.#open = open.sort((a, b) => ((a.name ?? "~") < (b.name ?? "~") ? -1 : 1));
  }

  /** Takes the entries that were made from the files as they are. @returns the ids without one, those kept last first */
  match(files: KeptFiles): readonly string[] {
    const places = new Map<string, Place>();
    for (const open of this.#open) {
      for (const [number, entry] of open.segment.entries.entries())
        if (isFresh(entry, files)) places.set(entry.id, { entry, segment: open, number });
    }
    this.#places = places;
    const missing = [...files.values()].filter(({ id }) => !places.has(id));
    return missing.sort((a, b) => b.storedAt - a.storedAt).map(({ id }) => id);
  }

  /** Writes a segment; its entries count from now on. It stays in memory where it cannot be written. */
  async add(writer: SegmentWriter): Promise<void> {
    const bytes = writer.finish();
    this.#take((await this.#write(bytes)) ?? { name: null, segment: await Segment.of(bytes) });
  }

  /** @returns undefined where it cannot be written */
  async #write(bytes: Buffer): Promise<OpenSegment | undefined> {
    const name = await this.#folder.write(bytes).catch((error: unknown) => {
      this.#onDiskFailure(error);
      return null;
    });
    // Another process may have found it superfluous already.
    const segment = name === null ? undefined : await this.#folder.open(name);
    return segment && { name, segment };
  }

  #take(open: OpenSegment): void {
    this.#open = [...this.#open, open];
    const places = new Map(this.#places);
    for (const [number, entry] of open.segment.entries.entries())
      places.set(entry.id, { entry, segment: open, number });
    this.#places = places;
  }

  /**
   * Asks a segment; one that turns out to be damaged is forgotten, and its sessions with it.
   *
   * @throws {DamagedSegmentError}
   */
  async ask<T>(open: OpenSegment, ask: (segment: Segment) => Promise<T>): Promise<T> {
    try {
      return await ask(open.segment);
    } catch (error) {
      if (error instanceof DamagedSegmentError) await this.#drop(open);
      throw error;
    }
  }

  /** The entries that count, by where they are. */
  bySegment(): ReadonlyMap<OpenSegment, readonly Place[]> {
    const groups = new Map<OpenSegment, Place[]>();
    for (const place of this.#places.values()) {
      const group = groups.get(place.segment);
      if (group) group.push(place);
      else groups.set(place.segment, [place]);
    }
    return groups;
  }

  /**
   * Makes small segments one, and removes those of which nothing counts. What cannot be written as one stays in those
   * that it is in.
   *
   * @returns what there is then, for a manifest; undefined where not all of it is written
   * @throws {DamagedSegmentError} when a segment was damaged since it was opened
   */
  async tidy(): Promise<Manifest["segments"] | undefined> {
    for (const group of this.#toMerge()) if (!(await this.#merge(group))) break;
    const used = this.bySegment();
    const unused = this.#open.filter((open) => !used.has(open));
    this.#open = this.#open.filter((open) => used.has(open));
    for (const open of unused) await this.#remove(open);
    const segments = this.#open.flatMap((open) => {
      const numbers = new Set(used.get(open)?.map(({ number }) => number));
      const dead = open.segment.entries.flatMap((_, number) => (numbers.has(number) ? [] : [number]));
      return open.name === null ? [] : [{ name: open.name, dead }];
    });
    return segments.length === this.#open.length ? segments : undefined;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map(({ segment }) => segment.close()));
    this.#open = [];
    this.#places = new Map();
  }

  /** Several of about the same size each, and one by itself most of which does not count any more. */
  #toMerge(): readonly (readonly OpenSegment[])[] {
    const live = [...this.bySegment()].filter(([{ name }]) => name !== null);
    const tiers = new Map<number, OpenSegment[]>();
    for (const [open, { length }] of live) {
      if (length >= MOST_SESSIONS) continue;
      const tier = Math.floor(Math.log(length) / Math.log(MERGED));
      tiers.set(tier, [...(tiers.get(tier) ?? []), open]);
    }
    const groups = [...tiers.values()].filter((tier) => tier.length >= MERGED).flatMap(groupsOf);
    const merged = new Set(groups.flat());
    const wasting = live.filter(([open, { length }]) => !merged.has(open) && length * 2 < open.segment.entries.length);
    return [...groups.filter(({ length }) => length > 1), ...wasting.map(([open]) => [open])];
  }

  /** @returns whether it could be written */
  async #merge(group: readonly OpenSegment[]): Promise<boolean> {
    const writer = new SegmentWriter();
    const live = this.bySegment();
    for (const open of group) {
      const numbers = new Set(live.get(open)?.map(({ number }) => number));
      await this.ask(open, (segment) => segment.copyTo(writer, (number) => numbers.has(number)));
    }
    const merged = await this.#write(writer.finish());
    if (merged) this.#take(merged);
    return merged !== undefined;
  }

  async #drop(open: OpenSegment): Promise<void> {
    this.#open = this.#open.filter((one) => one !== open);
    this.#places = new Map([...this.#places].filter(([, { segment }]) => segment !== open));
    await this.#remove(open);
  }

  async #remove({ name, segment }: OpenSegment): Promise<void> {
    await segment.close();
    if (name !== null) await this.#folder.remove([name]);
  }
}

/** Segments in groups, each of which makes no more than a full one. */
function groupsOf(tier: readonly OpenSegment[]): readonly (readonly OpenSegment[])[] {
  const groups: OpenSegment[][] = [];
  let [sessions, bytes] = [0, 0];
  for (const open of tier) {
    sessions += open.segment.entries.length;
    bytes += open.segment.scratchBytes;
    const last = groups.at(-1);
    if (last && sessions <= MOST_SESSIONS && bytes <= MOST_WORD_BYTES) last.push(open);
    else {
      groups.push([open]);
      [sessions, bytes] = [open.segment.entries.length, open.segment.scratchBytes];
    }
  }
  return groups;
}

/** Whether an entry was made from the files as they are. */
function isFresh({ id, print, subagents, parentId, content }: CatalogEntry, files: KeptFiles): boolean {
  if (files.get(id)?.print !== print) return false;
  if (content.kind === "subagent" && (parentId === null || !files.has(parentId))) return false;
  return subagents.every((one) => (files.get(one.id)?.print ?? null) === one.print);
}
