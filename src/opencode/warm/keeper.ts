import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../../errors/thrown.js";
import { shellEnvironment, startWatchdog } from "../program/watchdog.js";
import { KEEPER_SCRIPT } from "./keeper-script.js";
import { ownMark, type ProcessMark, sessionLeader, startOf } from "./process-start.js";

/** As much memory a server may have that no run uses, KB: it has 360 MB when it has started. */
export const MOST_MEMORY_KB = 1024 * 1024;

/** The process that will own a server when this one has ended. */
export interface Keeper {
  readonly mark: ProcessMark;
  /** Tells it which process the server is; before that, the end of this process is the server's too. */
  handOver(server: ProcessMark): void;
  /** There is to be no server: what was started is ended, and the folder removed. */
  dismiss(): void;
}

export interface KeeperOptions {
  /** The server's own folder, and that which all of them are in. */
  readonly folder: string;
  readonly servers: string;
  /** What marks the server's processes. */
  readonly runId: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Starts a keeper, and a watchdog that does its work should it be killed. To be called before anything is started that
 * is to be kept.
 *
 * @throws where there is no `sh`, and where the folder's path cannot be told in a line
 */
export function startKeeper({ folder, servers, runId, environment }: KeeperOptions): Keeper {
  // The watchdog removes the folder that a line names, which the beginning of a path would be too.
  if (folder.includes("\n")) throw new Error("a folder whose name has several lines cannot be kept");
  const watchdog = startWatchdog();
  if (!watchdog?.stdin) throw new Error("there is no sh");
  let child: ChildProcess;
  try {
    const own = [folder, runId, servers, String(MOST_MEMORY_KB)];
    child = spawn("/bin/sh", ["-c", KEEPER_SCRIPT, "looptrace-keeper", ...own], {
      cwd: "/",
      env: { ...shellEnvironment(), NODE: process.execPath, ...sessionVariables(environment) },
      // Its end of the watchdog's pipe is the last one: the watchdog hears of its end.
      stdio: ["pipe", "ignore", "ignore", watchdog.stdin],
      // A session of its own: neither Ctrl-C nor a terminal that is closed reaches it.
      detached: true,
    });
  } finally {
    watchdog.stdin.destroy();
  }
  child.on("error", () => undefined);
  child.stdin?.on("error", () => undefined);
  child.unref();
  const start = child.pid === undefined ? undefined : startOf(child.pid);
  if (child.pid === undefined || start === undefined) throw new Error("sh cannot be started");
  return {
    mark: { pid: child.pid, start },
    handOver: ({ pid, start: begun }) => child.stdin?.end(`${pid} ${begun}\n`),
    dismiss: () => child.stdin?.end(),
  };
}

/**
 * By what the keeper knows that its user has logged out.
 *
 * @param sessions the folder in which systemd tells of sessions
 */
export function sessionVariables(
  { XDG_SESSION_ID: id }: KeeperOptions["environment"],
  sessions = "/run/systemd/sessions",
): { readonly SESSION: string; readonly LEADER: string } {
  const session = id !== undefined && /^\w+$/.test(id) ? join(sessions, id) : undefined;
  const said = session === undefined ? undefined : attempt(() => readFileSync(session, "latin1"));
  // One that is over and lasts (tmux goes on in it) tells nothing any more.
  const isOpen = said !== undefined && !/^STATE=closing$/m.test(said);
  const leader = sessionLeader();
  const isOther = leader !== undefined && leader.pid !== ownMark()?.pid;
  return {
    SESSION: isOpen ? (session ?? "") : "",
    LEADER: isOther ? `${leader.pid} ${leader.start}` : "",
  };
}
