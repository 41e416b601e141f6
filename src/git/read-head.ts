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

/** With these git looks for repositories, or in them, elsewhere. */
const OTHER_WAYS = ["GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_OBJECT_DIRECTORY"];

const MOST_BYTES = 4 * 1024;
const MOST_CONFIG_BYTES = 256 * 1024;
const MOST_PACKED_BYTES = 1024 * 1024;

const COMMIT = /^[0-9a-f]{40}$/;
const BRANCH = /^refs\/heads(?:\/(?!\.)[^/\0-\x20\x7f~^:?*[\\]+)+$/;
/** What git takes for no name, and one that is not UTF-8: another branch may look the same. */
const NO_BRANCH = /\.\.|\.lock(?:\/|$)|\.$|@\{|\ufffd/;

/**
 * Reads what the HEAD of a directory's repository is at, out of the files of git's usual layout (gitrepository-layout(5)).
 * To ask git takes twenty times as long, and keeps this process from all else for most of it.
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
  const shared = textAt(join(folder, "commondir"), MOST_BYTES);
  const common = shared === undefined ? folder : resolve(folder, shared);
  if (!isUsualConfig(readOwnTextNow(join(common, "config"), MOST_CONFIG_BYTES))) return undefined;
  if (!["objects", "refs"].every((name) => statSync(join(common, name)).isDirectory())) return undefined;
  const head = trimmed(readOwnTextNow(join(folder, "HEAD"), MOST_BYTES));
  if (COMMIT.test(head)) return { commit: head, ref: "HEAD", common };
  const [, ref = ""] = /^ref: (\S+)$/.exec(head) ?? [];
  // It becomes a path.
  if (!BRANCH.test(ref) || NO_BRANCH.test(ref)) return undefined;
  const commit = textAt(join(common, ref), MOST_BYTES) ?? packed(common, ref);
  return commit !== undefined && COMMIT.test(commit) ? { commit, ref, common } : undefined;
}

/** A ref that has no file of its own. */
function packed(common: string, ref: string): string | undefined {
  const refs = `${textAt(join(common, "packed-refs"), MOST_PACKED_BYTES) ?? ""}\n`;
  const at = refs.indexOf(` ${ref}\n`);
  return at < 0 ? undefined : refs.slice(refs.lastIndexOf("\n", at) + 1, at);
}

const SECTION = /^\[([A-Za-z0-9-]+)(?:[ \t]+"[^"\\]*")?\]$/;
const KEY = /^([A-Za-z][A-Za-z0-9-]*)(?:[ \t]*=[ \t]*([^"\\]*))?$/;
/** Refs are laid down in another way then, or the rest of the settings stands in another file. */
const UNUSUAL = new Set(["extensions", "include", "includeif"]);

/** Whether a repository's settings are all understood here, and the layout is that of git's first versions. */
function isUsualConfig(config: string): boolean {
  let section = "";
  const versions: string[] = [];
  for (const written of config.split(/\r?\n/)) {
    const line = written.replace(/^[ \t]+|[ \t]+$/g, "");
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const [, named] = SECTION.exec(line) ?? [];
    const [, key, value = ""] = KEY.exec(line) ?? [];
    if (named !== undefined) section = named.toLowerCase();
    else if (key === undefined || section === "" || UNUSUAL.has(section)) return false;
    else if (key.toLowerCase() === "repositoryformatversion") versions.push(`${section} ${value}`);
  }
  return versions.length === 1 && /^core [01]$/.test(versions[0] ?? "");
}

/** Without what git takes for blank at an end. */
function trimmed(text: string): string {
  return text.replace(/[ \t\r\n]+$/, "");
}

/** @returns undefined where there is no file; a folder may be what is left of other branches */
function textAt(path: string, mostBytes: number): string | undefined {
  try {
    return trimmed(readOwnTextNow(path, mostBytes));
  } catch (error) {
    const isFolder = error instanceof UnfitFileError && attempt(() => statSync(path).isDirectory()) === true;
    if (isFolder || hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
