/**
 * The catalog's folder: segments, which never change, and a manifest that says which sessions of which of them are the
 * kept ones. Every version of looptrace has a folder of its own in it: what another one understood may be something
 * else.
 *
 * The manifest only saves looking at the store: without it, or with one that does not fit, each session's entry is
 * held against the session's files. So whatever is missing, damaged, foreign or old is made anew, and several
 * processes may write at once: at worst both do the same.
 */
import { randomBytes } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { SESSION_FACTS_VERSION } from "../analysis/session-facts.js";
import { readOwnText, UnfitFileError } from "../files/own-files.js";
import {
  ensurePrivateFolder,
  namesIn,
  removeIfThere,
  sweepTemporaryFiles,
  writeWhole,
} from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder } from "../files/trusted-store.js";
import { LOOPTRACE_VERSION } from "../version.js";
import { folderState } from "./look.js";
import { Segment } from "./read-segment.js";
import { DamagedSegmentError } from "./segment-format.js";

/** Rises with every change of what is in the folder. */
const FORMAT = 2;
const MANIFEST = "manifest.json";
const MOST_MANIFEST_BYTES = 16 * 1024 * 1024;
const SEGMENT = /^\d{10}-[0-9a-f]{8}\.segment$/;
/** What no looptrace has used for so long is another version's that is gone. */
const UNUSED_MS = 30 * 24 * 60 * 60_000;

const manifest = z.object({
  /** The sessions' folder when it was looked at. */
  state: folderState,
  segments: z.array(
    z.object({
      name: z.string().regex(SEGMENT),
      /** The numbers of its sessions whose entries do not count. */
      dead: z.array(z.number()),
    }),
  ),
});
export type Manifest = z.infer<typeof manifest>;

/** The catalog's files of this version. */
export class CatalogFolder {
  readonly #root: string;
  readonly #sessions: string;
  readonly #all: string;
  readonly path: string;

  constructor({ root, sessions }: StorePaths) {
    this.#root = root;
    this.#sessions = sessions;
    this.#all = join(root, "catalog");
    this.path = join(this.#all, `${FORMAT}.${SESSION_FACTS_VERSION}-${LOOPTRACE_VERSION}`);
  }

  /** @throws {ConfigurationError} when others may have put something there */
  refuseUntrusted(): void {
    for (const folder of [this.#root, this.#all, this.path]) refuseUntrustedFolder(this.#root, folder);
  }

  /** @returns undefined where there is none that can be read */
  async manifest(): Promise<Manifest | undefined> {
    try {
      const text = await readOwnText(join(this.path, MANIFEST), MOST_MANIFEST_BYTES);
      const [sum, json = ""] = text.split("\n");
      return Number(sum) === crc32(json) ? manifest.parse(JSON.parse(json)) : undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws the file system's error */
  async writeManifest(value: Manifest): Promise<void> {
    await this.make();
    const json = JSON.stringify(value);
    await writeWhole(join(this.path, MANIFEST), `${crc32(json)}\n${json}`, false);
  }

  /** The names of all segments, the oldest first. */
  async segmentNames(): Promise<readonly string[]> {
    return (await namesIn(this.path).catch(() => [])).filter((name) => SEGMENT.test(name));
  }

  /** @returns undefined for one that cannot be opened; what is damaged, or none of ours, is removed */
  async open(name: string): Promise<Segment | undefined> {
    try {
      return await Segment.open(join(this.path, name));
    } catch (error) {
      if (error instanceof DamagedSegmentError || error instanceof UnfitFileError) await this.remove([name]);
      return undefined;
    }
  }

  /**
   * @returns its name, which sorts behind all that are there
   * @throws the file system's error
   */
  async write(bytes: Buffer): Promise<string> {
    await this.make();
    const last = Number((await this.segmentNames()).at(-1)?.slice(0, 10) ?? 0);
    const name = `${String(last + 1).padStart(10, "0")}-${randomBytes(4).toString("hex")}.segment`;
    await writeWhole(join(this.path, name), bytes, false);
    return name;
  }

  /** Removes segments. Never throws: what stays does no harm. */
  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await removeIfThere(join(this.path, name)).catch(() => undefined);
  }

  /**
   * Removes what killed processes and versions that are gone have left, also among the sessions: who keeps one writes
   * beside thousands of files, and does not list them. Never throws.
   */
  async sweep(): Promise<void> {
    for (const folder of [this.path, this.#sessions]) await sweepTemporaryFiles(folder).catch(() => undefined);
    for (const name of await readdir(this.#all).catch(() => [])) {
      const folder = join(this.#all, name);
      if (folder === this.path || !/^\d+\.\d+-/.test(name)) continue;
      const used = await stat(folder).catch(() => undefined);
      if (used && Date.now() - used.mtimeMs > UNUSED_MS)
        await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** @throws the file system's error */
  async make(): Promise<void> {
    await ensurePrivateFolder(this.#root, this.path);
  }
}
