import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../errors/thrown.js";
import { readOwnText } from "../files/own-files.js";
import type { StorePaths } from "../files/store-paths.js";

/** The path of one file of a session. @param ending such as `json`; see `session-store.ts` */
export function fileOf(paths: StorePaths, id: string, ending: string): string {
  return join(paths.sessions, `${id}.${ending}`);
}

/** The names of all files of the store's sessions; none where there is no store. */
export async function namesIn(paths: StorePaths): Promise<readonly string[]> {
  return readdir(paths.sessions).catch((error: unknown) => {
    if (isNotThere(error)) return [];
    throw error;
  });
}

/** Tells the names of a session's files. A store of many sessions is listed once, where many of them are read. */
export type NamesOf = (id: string) => Promise<readonly string[]>;

/** Looks for each session into the store, which is listed again where it has changed since. */
export function namesOfEach(paths: StorePaths): NamesOf {
  return async (id) => (await namesById(paths)).get(id) ?? [];
}

/** So much of its time the reading of many sessions may spend with listing the store: it fills the store itself. */
const LISTING_SHARE = 0.05;

/**
 * Looks into the store once for many sessions, and now and then again: what another process has put there meanwhile is
 * known a little later.
 *
 * @param now ms, from any moment on
 */
export function namesOfMany(paths: StorePaths, now: () => number = () => performance.now()): NamesOf {
  let listed: Promise<ReadonlyMap<string, readonly string[]>> | undefined;
  let againAt = 0;
  return async (id) => {
    if (!listed || now() >= againAt) {
      const begin = now();
      againAt = Number.POSITIVE_INFINITY;
      listed = namesById(paths).finally(() => {
        againAt = now() + Math.max(SETTLED_MS, (now() - begin) / LISTING_SHARE);
      });
    }
    return (await listed).get(id) ?? [];
  };
}

/** A folder that changed a moment ago may change again at what its clock calls the same time. */
const SETTLED_MS = 2_000;

interface Listing {
  /** The folder itself, and when something came to it or went from it. */
  readonly state: string;
  readonly byId: ReadonlyMap<string, readonly string[]>;
}

/** By folder: of ten thousand sessions that are read one after the other each would list the files of all. */
const listings = new Map<string, Listing>();

async function namesById(paths: StorePaths): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await ifThere(stat(paths.sessions, { bigint: true }));
  const state = found ? `${found.dev} ${found.ino} ${found.mtimeNs}` : "";
  const known = listings.get(paths.sessions);
  if (found && known?.state === state) return known.byId;
  const byId = new Map<string, string[]>();
  for (const name of await namesIn(paths)) {
    const id = name.slice(0, Math.max(0, name.indexOf(".")));
    const own = byId.get(id);
    if (own) own.push(name);
    else byId.set(id, [name]);
  }
  if (found && Date.now() - Number(found.mtimeMs) > SETTLED_MS) listings.set(paths.sessions, { state, byId });
  else listings.delete(paths.sessions);
  return byId;
}

/** The text of a file of the store; empty where there is none. */
export async function readIfThere(path: string): Promise<string> {
  return (await ifThere(readOwnText(path))) ?? "";
}

/** What is read of a file; undefined where that is not there. */
export async function ifThere<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

/** A store whose place is taken by a file holds nothing either. */
function isNotThere(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}
