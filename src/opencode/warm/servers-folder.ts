import { randomBytes } from "node:crypto";
import { lstatSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensurePrivateFolder } from "../../files/private-files.js";
import { doubtAbout } from "../../trust/doubt.js";
import { currentIdentity } from "../../trust/identity.js";
import { place } from "../program/run-folder-owner.js";

/** Where a user's servers are noted, below looptrace's own folder. */
export function serversFolder(root: string): string {
  return join(root, "servers");
}

/**
 * Makes that folder, for this user alone.
 *
 * @throws where another user could have made it, or could put something into it
 * @throws the file system's error
 */
export async function makeServersFolder(root: string): Promise<string> {
  const folder = serversFolder(root);
  await ensurePrivateFolder(root, folder);
  const doubt = doubtAboutFolder(folder);
  if (doubt !== undefined) throw new Error(`${folder} is not used: ${doubt}`);
  return folder;
}

/**
 * Why a folder may hold what another user wants. More strictly than all else that looptrace keeps: what is in it is
 * handed prompts and keys, so not even root's is taken by another user, or a user's by root.
 *
 * @returns the end of a sentence; undefined where there is no doubt
 */
export function doubtAboutFolder(folder: string): string | undefined {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return "it is no folder";
  if (found.uid !== process.geteuid?.()) return `it belongs to uid ${found.uid}`;
  if ((found.mode & 0o077) !== 0) return `others may look into it (mode ${(found.mode & 0o777).toString(8)})`;
  return doubtAbout(folder, currentIdentity({}));
}

const ID = /^[0-9a-f]{8}([0-9a-f]{8})$/;

/** A new server's: chance, and then where its processes' numbers mean something. */
export function newServerId(): string {
  return `${randomBytes(4).toString("hex")}${place()}`;
}

/** Whether a server was started where this process runs: on this machine, since its boot, in this container. */
export function isOfThisPlace(id: string): boolean {
  return ID.exec(id)?.[1] === place();
}

/** In a server's folder: by which process it was started. */
export const CLAIM = "claim";

/** The ids of the servers that are noted there, those that are gone included; none where there is no such folder. */
export async function serverIds(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => ID.test(name)).sort();
}

/** That a person was told of servers that stay. */
const TOLD = "told";

/**
 * Whether a person has yet to be told that servers stay; from then on that is so no more.
 *
 * Never throws: where it cannot be noted, nothing is told.
 */
export async function isFirstToldOf(root: string): Promise<boolean> {
  return await writeFile(join(serversFolder(root), TOLD), "", { mode: 0o600, flag: "wx" }).then(
    () => true,
    () => false,
  );
}
