import { accessSync, constants, lstatSync, type Stats, statSync } from "node:fs";
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
  /** What it is in the way of: what is kept, or only what waits to be sent. */
  readonly of: "sessions" | "outbox";
}

/**
 * Why looptrace's folder cannot be read, or written to, as far as a look tells that writes nothing and makes no folder.
 * One that is not there yet is no obstacle where it can be made. Only the folders count that files go into: they may be
 * others' than that they are in.
 *
 * @returns undefined where nothing is in the way
 */
export function storeObstacle(
  { root, sessions, outbox }: Pick<StorePaths, "root" | "sessions" | "outbox">,
  to: "read" | "write",
): StoreObstacle | undefined {
  const kept = obstacleAt(sessions, root, to);
  if (kept) return { ...kept, of: "sessions" };
  const waiting = to === "write" ? obstacleAt(outbox, root, to) : undefined;
  return waiting && { ...waiting, of: "outbox" };
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

/** @param root that which `folder` is in; it is named where something is wrong with it, or above it */
function obstacleAt(folder: string, root: string, to: "read" | "write"): Omit<StoreObstacle, "of"> | undefined {
  const { path, facts } = nearest(folder);
  const named = path === folder ? folder : root;
  const isNamed = path === named;
  if (facts === undefined) {
    const reason = "a link that leads nowhere";
    return { path: named, reason: isNamed ? `it is ${reason}` : `${path} is ${reason}` };
  }
  if (!facts.isDirectory())
    return { path: named, reason: isNamed ? "it is a file, not a folder" : `${path} is a file, not a folder` };
  // In one above nothing is read but that the folder is not there.
  const read = path === folder ? constants.R_OK : 0;
  try {
    accessSync(path, constants.X_OK | (to === "read" ? read : constants.W_OK));
    return undefined;
  } catch (error) {
    const reason = describeDiskFailure(error);
    return { path: named, reason: isNamed ? reason : `${reason} in ${path}` };
  }
}

/** Something that is there, of a path. */
interface Found {
  readonly path: string;
  /** Undefined for a link that leads nowhere. */
  readonly facts: Stats | undefined;
}

/** The lowest that is there, of a path and all above it; what may not be looked at is for the folder above it to say. */
function nearest(path: string): Found {
  for (let at = path; ; at = dirname(at)) {
    const facts = attempt(() => statSync(at));
    if (facts || at === dirname(at) || attempt(() => lstatSync(at))?.isSymbolicLink()) return { path: at, facts };
  }
}
