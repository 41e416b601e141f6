import { accessSync, constants, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigurationError } from "../errors/configuration-error.js";
import { attempt } from "../errors/thrown.js";
import { describeDiskFailure } from "./disk-failure.js";
import type { StorePaths } from "./store-paths.js";

/** What is in the way of looptrace's own folder. */
export interface StoreObstacle {
  /** The folder, or the file where one should be. */
  readonly path: string;
  /** Such as `permission denied`; a file's name stands before it where that is not the folder itself. */
  readonly reason: string;
}

/**
 * Why looptrace's folder cannot be read, or written to, as far as a look tells that writes nothing and makes no folder.
 * One that is not there yet is no obstacle where it can be made.
 *
 * @returns undefined where nothing is in the way
 */
export function storeObstacle(
  { root, sessions, outbox }: Pick<StorePaths, "root" | "sessions" | "outbox">,
  to: "read" | "write",
): StoreObstacle | undefined {
  const above = obstacleAt(root, to, nearest(root));
  if (above) return above;
  // One that another user made, root say, may be closed below an open one.
  for (const folder of to === "read" ? [sessions] : [sessions, outbox]) {
    const facts = factsOf(folder);
    const obstacle = facts && obstacleAt(folder, to, { path: folder, facts });
    if (obstacle) return obstacle;
  }
  return undefined;
}

/**
 * What is kept is asked for: that nothing is would be no answer where it cannot be looked at.
 *
 * @throws {ConfigurationError} with what is in the way
 */
export function refuseUnreadableStore(paths: StorePaths): void {
  const obstacle = storeObstacle(paths, "read");
  if (!obstacle) return;
  throw new ConfigurationError(
    "LOOPTRACE_HOME",
    `looptrace's own folder ${obstacle.path} cannot be read: ${obstacle.reason}.\nMend that, or name another folder by LOOPTRACE_HOME.`,
  );
}

/** Something that is there, of a path. */
interface Found {
  readonly path: string;
  readonly facts: Stats;
}

function obstacleAt(folder: string, to: "read" | "write", found: Found | undefined): StoreObstacle | undefined {
  if (!found) return undefined;
  const { path, facts } = found;
  if (!facts.isDirectory())
    return { path: folder, reason: path === folder ? "it is a file, not a folder" : `${path} is a file, not a folder` };
  // In one above nothing is read but that the folder is not there.
  const read = path === folder ? constants.R_OK : 0;
  const mode = constants.X_OK | (to === "read" ? read : constants.W_OK);
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    const reason = describeDiskFailure(error);
    return { path: folder, reason: path === folder ? reason : `${reason} in ${path}` };
  }
}

/** The lowest that is there, of a path and all above it. */
function nearest(path: string): Found | undefined {
  for (let at = path; ; at = dirname(at)) {
    const facts = factsOf(at);
    if (facts) return { path: at, facts };
    if (at === dirname(at)) return undefined;
  }
}

/** @returns undefined also for what may not be looked at: the folder above it says why */
function factsOf(path: string): Stats | undefined {
  return attempt(() => statSync(path));
}
