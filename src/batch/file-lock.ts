import { open, realpath, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { claimToken, isOwnerAlive } from "../deliver/claim-token.js";
import { namesIn, removeIfThere } from "../deliver/private-files.js";

/** That this process alone writes to a file. */
export interface FileLock {
  release(): Promise<void>;
}

/** What this process holds, by path: its own token says nothing about who in it. */
const held = new Set<string>();

/** Two that begin at the same moment see each other and both step back; so often they try again. */
const TRIES = 4;
const LONGEST_WAIT_MS = 100;

/** A process on another machine is told by how lately its file was touched. */
const TOUCH_EVERY_MS = 5 * 60_000;

/**
 * Claims a file for this process, by a file beside it whose name says who claims it. What a process that is no more has
 * left is removed.
 *
 * @param path of a file that need not exist; its folder must
 * @returns undefined when somebody else has it
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const real = await realpath(path).catch(async () => join(await realpath(dirname(path)), basename(path)));
  if (held.has(real)) return undefined;
  held.add(real);
  const [folder, prefix] = [dirname(real), `.${basename(real)}.lock-`];
  const own = join(folder, `${prefix}${claimToken()}`);
  try {
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      await (await open(own, "w", 0o600)).close();
      if (!(await hasOther(folder, prefix))) return lockAt(own, real);
      await removeIfThere(own);
      if (attempt < TRIES)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_WAIT_MS));
    }
  } catch (error) {
    held.delete(real);
    throw error;
  }
  held.delete(real);
  return undefined;
}

function lockAt(own: string, real: string): FileLock {
  const touching = setInterval(() => {
    const now = new Date();
    utimes(own, now, now).catch(() => undefined);
  }, TOUCH_EVERY_MS);
  touching.unref();
  return {
    release: async () => {
      clearInterval(touching);
      await removeIfThere(own);
      held.delete(real);
    },
  };
}

/** Whether another living process claims the file. */
async function hasOther(folder: string, prefix: string): Promise<boolean> {
  for (const name of await namesIn(folder)) {
    const token = name.startsWith(prefix) ? name.slice(prefix.length) : claimToken();
    if (token === claimToken()) continue;
    if (await isOwnerAlive(token, join(folder, name))) return true;
    await removeIfThere(join(folder, name));
  }
  return false;
}
