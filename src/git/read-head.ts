import { existsSync, lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { attempt, hasCode } from "../errors/thrown.js";
import { readOwnTextNow, UnfitFileError } from "../files/own-files.js";
import type { Environment } from "./ask-git.js";

/** What a HEAD is at. */
export interface Head {
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Its branch's full name, or `HEAD` where it is detached. */
  readonly ref: string;
  /** The folder of the repository's data, which its worktrees share. */
  readonly common: string;
}

/** With these git looks for repositories elsewhere. */
const OTHER_WAYS = ["GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"];

const MOST_BYTES = 4 * 1024;
const MOST_CONFIG_BYTES = 256 * 1024;
const MOST_PACKED_BYTES = 1024 * 1024;

/** Refs are laid down in another way then, or the rest of the settings stands in another file. */
const UNUSUAL = /^[ \t]*\[[ \t]*(?:extensions|include|includeif)\b/im;
const VERSION = /^[ \t]*repositoryformatversion[ \t]*=[ \t]*(\S*)/im;
const COMMIT = /^[0-9a-f]{40}$/;
const BRANCH = /^refs\/heads(?:\/(?!\.)[^/\0-\x20\x7f~^:?*[\\]+)+$/;

/**
 * Reads what the HEAD of a directory's repository is at, out of the files of git's usual layout (gitrepository-layout(5)).
 * To start git costs 20 ms and more before each prompt, during which nothing else is done.
 *
 * @returns null outside of a repository; undefined where only git can tell: in all that is unusual, and where a file is
 *   another user's, a link or a pipe
 */
export function readHead(directory: string, env: Environment): Head | null | undefined {
  const uid = process.geteuid?.();
  // Windows has other owners.
  if (uid === undefined || OTHER_WAYS.some((name) => env[name] !== undefined)) return undefined;
  try {
    const place = gitFolderOf(realpathSync(directory), uid);
    return typeof place === "string" ? headIn(place) : place;
  } catch {
    return undefined;
  }
}

/** @returns null outside of a repository; undefined where git has to look */
function gitFolderOf(start: string, uid: number): string | null | undefined {
  const { dev } = statSync(start);
  for (let folder = start; ; folder = dirname(folder)) {
    const around = statSync(folder);
    // Git goes on to another file system only when it is told to.
    if (around.dev !== dev) return undefined;
    const path = join(folder, ".git");
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found) return around.uid === uid && found.uid === uid ? targetOf(path, found, uid) : undefined;
    // A repository without a working directory, or the inside of a `.git`.
    if (existsSync(join(folder, "HEAD"))) return undefined;
    if (folder === dirname(folder)) return null;
  }
}

/** A `.git` that is a file names the folder: in a worktree or a submodule. */
function targetOf(path: string, found: Stats, uid: number): string | undefined {
  if (found.isDirectory()) return path;
  if (!found.isFile()) return undefined;
  const [, named] = /^gitdir: ([^\0\n]+)\n?$/.exec(readOwnTextNow(path, MOST_BYTES)) ?? [];
  const target = named === undefined ? undefined : resolve(dirname(path), named);
  return target !== undefined && statSync(target).uid === uid ? target : undefined;
}

function headIn(folder: string): Head | undefined {
  const shared = textAt(join(folder, "commondir"), MOST_BYTES)?.trimEnd();
  const common = shared === undefined ? folder : resolve(folder, shared);
  const config = readOwnTextNow(join(common, "config"), MOST_CONFIG_BYTES);
  const [, version = ""] = VERSION.exec(config) ?? [];
  if (UNUSUAL.test(config) || !/^[01]$/.test(version)) return undefined;
  if (!statSync(join(common, "objects")).isDirectory()) return undefined;
  const head = readOwnTextNow(join(folder, "HEAD"), MOST_BYTES).trimEnd();
  if (COMMIT.test(head)) return { commit: head, ref: "HEAD", common };
  const [, ref = ""] = /^ref: (\S+)$/.exec(head) ?? [];
  // It becomes a path.
  if (!BRANCH.test(ref) || ref.includes("..")) return undefined;
  const commit = textAt(join(common, ref), MOST_BYTES)?.trimEnd() ?? packed(common, ref);
  return commit !== undefined && COMMIT.test(commit) ? { commit, ref, common } : undefined;
}

/** A ref that has no file of its own. */
function packed(common: string, ref: string): string | undefined {
  const refs = textAt(join(common, "packed-refs"), MOST_PACKED_BYTES) ?? "";
  const at = refs.indexOf(` ${ref}\n`);
  return at < 0 ? undefined : refs.slice(refs.lastIndexOf("\n", at) + 1, at);
}

/** @returns undefined where there is no file; a folder may be what is left of other branches */
function textAt(path: string, mostBytes: number): string | undefined {
  try {
    return readOwnTextNow(path, mostBytes);
  } catch (error) {
    const isFolder = error instanceof UnfitFileError && attempt(() => statSync(path).isDirectory()) === true;
    if (isFolder || hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
