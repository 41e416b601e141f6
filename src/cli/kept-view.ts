/**
 * What `show` prints of a kept session, as `views/<id>.json`: while nothing has changed that it was made of, the session
 * is neither read nor traced again. It is made of what is kept alone, by this very build of looptrace, and loses nothing
 * when it is deleted.
 */
import { existsSync, lstatSync } from "node:fs";
import { join, resolve } from "node:path";
import { readOwnTextNow } from "../files/own-files.js";
import { ensurePrivateFolder, removeIfThere, writeUnsynced } from "../files/private-files.js";
import type { StorePaths } from "../files/store-paths.js";
import { refuseUntrustedFolder } from "../files/trusted-store.js";
import { mayHaveMarker } from "../masking/marker.js";
import { configuredServers } from "../opencode/program.js";
import { isSessionId, type SessionTree } from "../opencode/session.js";
import { changedSince, KEPT_NOTE } from "../sessions/changed-since.js";
import { knownPieces } from "../sessions/known-pieces.js";
import { type LoadOptions, maskingOf } from "../sessions/load-options.js";
import { namedBelow } from "../sessions/session-store.js";
import { namesIn as namesInStore } from "../sessions/store-files.js";
import type { TreeView } from "../terminal/paint-tree.js";
import { isFields } from "../text/json-fields.js";
import { BUILD_DIGEST } from "./build-digest.js";
import { removeGoneViews, viewsFolder } from "./view-files.js";

/** What is shown of a session: its turns, and what could have been spared in it. */
export interface SessionView {
  readonly turns: readonly TurnView[];
  /** As `adviceText` has it; null where there is none. */
  readonly advice: string | null;
}

export interface TurnView {
  /** From 0, of so many. */
  readonly turn: number;
  readonly turns: number;
  readonly view: TreeView;
}

/** What a view was made of. */
interface Origin {
  /** The session, and those below it, also such as are not kept. */
  readonly ids: readonly string[];
  /** All files of these: names, sizes, times. */
  readonly print: string;
  /** What configured the session's tool servers where nothing was kept of them: its directory, and their names. */
  readonly servers: { readonly directory: string; readonly names: readonly string[] } | null;
  readonly prices: string;
  /** When opencode had changed the session last. */
  readonly updated: number;
}

interface KeptView {
  readonly build: string;
  readonly origin: Origin;
  readonly view: SessionView;
}

/** More is as quickly made anew, and looked through for secrets for too long. */
const MOST_VIEW_BYTES = 4 * 1024 * 1024;
const MOST_FILES_BYTES = 32 * 1024 * 1024;
/** A file that changed a moment ago may change again at what its clock calls the same time. */
const SETTLED_MS = 2_000;

/**
 * The view of a kept session. That opencode has gone on since is noted, as where the session is read.
 *
 * @returns undefined where there is none, it is not what would be shown now, or something known to be secret may be in
 *   it
 */
export async function keptView(id: string, load: LoadOptions): Promise<SessionView | undefined> {
  try {
    const { paths, directory } = load;
    const pieces = isBuilt() ? knownPieces(maskingOf(load)) : undefined;
    // A file of that name would be meant.
    if (!pieces || !isSessionId(id) || existsSync(resolve(directory, id))) return undefined;
    for (const folder of [paths.sessions, viewsFolder(paths)]) refuseUntrustedFolder(paths.root, folder);
    const kept: unknown = JSON.parse(readOwnTextNow(fileIn(paths, id), MOST_VIEW_BYTES));
    if (!isView(kept)) return undefined;
    const { origin, view } = kept;
    if (origin.prices !== pricesOf(load)) return undefined;
    const files = await filesOf(paths, origin.ids);
    if (files && !files.listed.includes(`${id}.json`)) await removeIfThere(fileIn(paths, id));
    if (files?.print !== origin.print || holdsAny(files, pieces)) return undefined;
    const { servers } = origin;
    if (servers && servers.names.join("\n") !== (await serversIn(servers.directory, load)).join("\n")) return undefined;
    if (load.tellKept !== false && changedSince(load)({ id, updated: origin.updated })) load.onNote?.(KEPT_NOTE);
    return view;
  } catch {
    // Whatever is wrong with it: the session itself tells the same.
    return undefined;
  }
}

/**
 * Keeps what was shown of a session. Never throws: without it the session is read again.
 *
 * @param begun when reading the session began, ms since the epoch
 */
export async function keepView(tree: SessionTree, view: SessionView, load: LoadOptions, begun: number): Promise<void> {
  try {
    const { paths } = load;
    const pieces = isBuilt() ? knownPieces(maskingOf(load)) : undefined;
    if (!pieces) return;
    const { id, directory, time } = tree.session.info;
    const ids = await namedBelow(paths, tree);
    const files = await filesOf(paths, ids);
    if (!files || files.changedAt > begun - SETTLED_MS || holdsAny(files, pieces)) return;
    const isTold = files.names.some((name) => name.startsWith(`${id}.mcp-`));
    // In a directory of that name there is no configuration, whatever is in the one that is meant.
    if (!isTold && mayHaveMarker(directory)) return;
    const servers = isTold ? null : { directory, names: await serversIn(directory, load) };
    const { updated = time.created } = time;
    const origin: Origin = { ids, print: files.print, servers, prices: pricesOf(load), updated };
    const kept: KeptView = { build: BUILD_DIGEST, origin, view };
    const text = JSON.stringify(kept);
    if (text.length > MOST_VIEW_BYTES / 3) return;
    await ensurePrivateFolder(paths.root, viewsFolder(paths));
    await removeGoneViews(paths, files.listed);
    await writeUnsynced(fileIn(paths, id), text);
  } catch {
    // A full or read-only disk is no reason not to show it.
  }
}

function isBuilt(): boolean {
  return /^[0-9a-f]{16}$/.test(BUILD_DIGEST);
}

/** This build has written it, so what is in its turns is what it was then, unless the file was damaged since. */
function isView(kept: unknown): kept is KeptView {
  if (!isFields(kept) || kept.build !== BUILD_DIGEST || !isFields(kept.origin) || !isFields(kept.view)) return false;
  const { turns, advice } = kept.view;
  // Without any turn nothing was shown, and nothing is kept.
  if (!Array.isArray(turns) || turns.length === 0 || !turns.every(isFields)) return false;
  return advice === null || typeof advice === "string";
}

function fileIn(paths: StorePaths, id: string): string {
  return join(viewsFolder(paths), `${id}.json`);
}

function pricesOf({ prices = [] }: LoadOptions): string {
  return JSON.stringify(prices);
}

function serversIn(directory: string, { environment }: LoadOptions): Promise<readonly string[]> {
  return configuredServers({ directory, environment, projectConfig: true });
}

interface Files {
  readonly folder: string;
  /** All that the folder holds. */
  readonly listed: readonly string[];
  readonly names: readonly string[];
  readonly print: string;
  readonly bytes: number;
  /** The last one, ms since the epoch. */
  readonly changedAt: number;
}

/** @returns undefined while a process drives a turn of one of the sessions, or has left one */
async function filesOf({ sessions, ...paths }: StorePaths, ids: readonly string[]): Promise<Files | undefined> {
  const meant = new Set(ids);
  const listed = await namesInStore({ sessions, ...paths });
  const names = listed.filter((name) => meant.has(name.split(".", 1)[0] ?? ""));
  if (names.some((name) => name.includes(".owner-"))) return undefined;
  let [bytes, changedAt] = [0, 0];
  const prints = names.sort().map((name) => {
    const { size, ino, mtimeMs, ctimeMs } = lstatSync(join(sessions, name));
    bytes += size;
    changedAt = Math.max(changedAt, ctimeMs, mtimeMs);
    return [name, size, ino, mtimeMs, ctimeMs].join(" ");
  });
  return { folder: sessions, listed, names, print: prints.join("\n"), bytes, changedAt };
}

/** Whether one of these pieces stands in one of the files; true too where they are too long to tell. */
function holdsAny({ folder, names, bytes }: Files, pieces: readonly string[]): boolean {
  if (pieces.length === 0) return false;
  if (bytes > MOST_FILES_BYTES) return true;
  return names.some((name) => {
    const text = readOwnTextNow(join(folder, name), MOST_FILES_BYTES);
    return pieces.some((piece) => text.includes(piece));
  });
}
