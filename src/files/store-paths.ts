import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Where looptrace keeps its files on the user's machine. All folders are 0700, all files 0600. */
export interface StorePaths {
  /** The folder that the others are in. */
  readonly root: string;
  /** Exports and logs as they were read. */
  readonly sessions: string;
  /** Requests that are not yet acknowledged: `outbox/<destination id>/`. */
  readonly outbox: string;
  /** Which spans were acknowledged: `sent/<destination id>/<trace id>.jsonl`, and a lock beside while some are sent. */
  readonly sent: string;
  /** Requests that a destination will never take, each with the reason: `rejected/<destination id>/`. */
  readonly rejected: string;
}

/**
 * Where looptrace keeps its files.
 *
 * @param env the environment; `LOOPTRACE_HOME` names the folder itself, else `XDG_DATA_HOME` counts when it
 *   is an absolute path (the XDG base directory specification says to ignore a relative one), else
 *   `~/.local/share`
 */
export function storePaths(env: Readonly<Record<string, string | undefined>> = process.env): StorePaths {
  if (env.LOOPTRACE_HOME) return storePathsAt(resolve(env.LOOPTRACE_HOME));
  const data = env.XDG_DATA_HOME;
  const base = data !== undefined && isAbsolute(data) ? data : join(env.HOME || homedir(), ".local", "share");
  return storePathsAt(join(base, "looptrace"));
}

/** The same below a folder of the caller's choice. */
export function storePathsAt(root: string): StorePaths {
  return {
    root,
    sessions: join(root, "sessions"),
    outbox: join(root, "outbox"),
    sent: join(root, "sent"),
    rejected: join(root, "rejected"),
  };
}
