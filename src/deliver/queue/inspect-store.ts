import { rmdir, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, messageOf } from "../../errors/thrown.js";
import { bytesBelow } from "../../files/bytes-below.js";
import { describeDiskFailure } from "../../files/disk-failure.js";
import { makeFolder } from "../../files/make-folder.js";
import { removeIfThere, writeWhole } from "../../files/private-files.js";
import type { StorePaths } from "../../files/store-paths.js";
import { type OutboxStatus, outboxStatus } from "./outbox-status.js";
import { DEFAULT_OUTBOX_LIMIT_BYTES, outboxQuota } from "./quota.js";

/** How it is about looptrace's own folder. What could not be found out is undefined. */
export interface StoreFacts {
  readonly root: string;
  readonly isThere: boolean;
  /** Why it is not used, with what to do; not set where it is. */
  readonly foreign?: string;
  /** The permission bits; undefined also where there are none (Windows). */
  readonly mode: number | undefined;
  /** Why looptrace could not write, and where; undefined when it can. */
  readonly problem: { readonly path: string; readonly reason: string } | undefined;
  readonly sessionsBytes: number | undefined;
  readonly outboxBytes: number | undefined;
  /** What waits, by destination, or why that cannot be read. */
  readonly outbox: readonly OutboxStatus[] | { readonly problem: string };
  /** That the outbox becomes full, as a delivery would say it. */
  readonly fullness: string | undefined;
  /** What this user may still write to the disk. */
  readonly freeBytes: number | undefined;
}

/**
 * Looks at looptrace's folder, and tries whether files can be written there as it writes them: one that is whole,
 * synced and renamed. Leaves nothing behind, no folder either, and changes no permissions.
 *
 * @param outboxLimitBytes what the outbox may hold
 * @param tries false leaves the trying out
 */
export async function inspectStore(
  paths: StorePaths,
  outboxLimitBytes = DEFAULT_OUTBOX_LIMIT_BYTES,
  tries = true,
): Promise<StoreFacts> {
  const { root } = paths;
  const before = await stat(root).catch(() => undefined);
  const problem =
    before && !before.isDirectory()
      ? { path: root, reason: "it is a file, not a folder" }
      : tries
        ? await writeProblem(paths)
        : undefined;
  const [sessionsBytes, outboxBytes, outbox, quota, freeBytes] = await Promise.all([
    bytesBelow(paths.sessions),
    bytesBelow(paths.outbox),
    outboxStatus(paths).catch((error: unknown) => ({ problem: messageOf(error) })),
    outboxQuota(paths, outboxLimitBytes),
    freeBytesAt(root),
  ]);
  return {
    root,
    isThere: before !== undefined,
    mode: before === undefined || process.platform === "win32" ? undefined : before.mode & 0o777,
    problem,
    sessionsBytes,
    outboxBytes,
    outbox,
    fullness: quota.warning(),
    freeBytes,
  };
}

async function writeProblem(paths: StorePaths): Promise<StoreFacts["problem"]> {
  const { root, sessions, outbox, sent, rejected } = paths;
  let made: string | undefined;
  try {
    made = await makeFolder(root, 0o700);
  } catch (error) {
    return { path: root, reason: describeDiskFailure(error) };
  }
  try {
    // One that another user made, root say, may be closed below an open one.
    for (const folder of [root, sessions, outbox, sent, rejected]) {
      if (folder !== root && !(await stat(folder).catch(() => undefined))?.isDirectory()) continue;
      const path = join(folder, `doctor-${process.pid}-${Math.random().toString(16).slice(2, 10)}`);
      try {
        await writeWhole(path, "Whether looptrace can write here.\n");
        await removeIfThere(path);
      } catch (error) {
        return { path: folder, reason: describeDiskFailure(error) };
      }
    }
    return undefined;
  } finally {
    if (made !== undefined) await removeEmpty(root, made);
  }
}

/** Removes the folders that were made to try, from the deepest up; one that is in use by now stays. */
async function removeEmpty(from: string, to: string): Promise<void> {
  try {
    for (let folder = from; ; folder = dirname(folder)) {
      await rmdir(folder);
      if (folder === to || folder === dirname(folder)) return;
    }
  } catch {
    // It is not empty any more.
  }
}

/** Of the disk that the folder is on, or would be on. */
async function freeBytesAt(path: string): Promise<number | undefined> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize, blocks } = await statfs(folder);
      // Such as /proc, which is on no disk.
      return blocks === 0 ? undefined : bavail * bsize;
    } catch (error) {
      const isMissing = hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
      if (!isMissing || folder === dirname(folder)) return undefined;
    }
  }
}
