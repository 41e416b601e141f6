import { lstatSync, readlinkSync, type Stats, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Identity } from "./identity.js";

/** As many links as Linux follows. */
const MOST_LINKS = 40;

const OTHERS_MAY_WRITE = 0o002;
const GROUP_MAY_WRITE = 0o020;
/** In such a folder only its owner and a file's own may rename or remove the file. */
const STICKY = 0o1000;

/**
 * Why a file may say what another user wants: it, a link to it, or a folder on its way belongs to another user, or can
 * be written to by others. Links are followed one by one.
 *
 * @param identity undefined on a system without owners: there is no doubt then
 * @returns the end of a sentence, such as `it belongs to uid 1001`; undefined where only the user and root decide
 * @throws the file system's error where there is no such file
 */
export function doubtAbout(path: string, identity: Identity | undefined): string | undefined {
  if (identity === undefined) return undefined;
  let folder = "/";
  let links = 0;
  const names = namesIn(resolve(path));
  let doubt = doubtAboutFolder(folder, lstatSync(folder), identity);
  for (let name = names.shift(); name !== undefined && doubt === undefined; name = names.shift()) {
    if (name === "..") {
      folder = dirname(folder);
      continue;
    }
    const at = join(folder, name);
    const found = lstatSync(at);
    if (found.isSymbolicLink()) {
      if (!identity.uids.has(found.uid)) return `the link ${at} belongs to uid ${found.uid}`;
      links += 1;
      if (links > MOST_LINKS) return "it is a link to a link without an end";
      const target = readlinkSync(at);
      if (isAbsolute(target)) folder = "/";
      names.unshift(...namesIn(target));
      continue;
    }
    folder = at;
    doubt = found.isDirectory()
      ? doubtAboutFolder(at, found, identity)
      : doubtAboutFile(found, identity, links === 0 ? "it" : at);
  }
  return doubt;
}

/**
 * The same by owners alone, of a file or folder and of a link in its place.
 *
 * @returns undefined also where there is no such file
 */
export function doubtAboutOwner(path: string, identity: Identity | undefined): string | undefined {
  const options = { throwIfNoEntry: false } as const;
  for (const found of [lstatSync(path, options), statSync(path, options)]) {
    if (found && identity && !identity.uids.has(found.uid)) return `it belongs to uid ${found.uid}`;
  }
  return undefined;
}

function namesIn(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function doubtAboutFolder(path: string, stats: Stats, identity: Identity): string | undefined {
  if (!identity.uids.has(stats.uid) && stats.uid !== identity.rootUid)
    return `the folder ${path} belongs to uid ${stats.uid}`;
  if ((stats.mode & STICKY) !== 0 || !isOpen(stats, identity)) return undefined;
  return `others may write to the folder ${path} (mode ${modeText(stats)})`;
}

function doubtAboutFile(stats: Stats, identity: Identity, called: string): string | undefined {
  if (!identity.uids.has(stats.uid)) return `${called} belongs to uid ${stats.uid}`;
  return isOpen(stats, identity) ? `others may write to ${called} (mode ${modeText(stats)})` : undefined;
}

function isOpen({ mode, gid }: Stats, identity: Identity): boolean {
  if ((mode & OTHERS_MAY_WRITE) !== 0) return true;
  return (mode & GROUP_MAY_WRITE) !== 0 && !identity.isOwnGroup(gid);
}

function modeText({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
