import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { appendFile, readdir, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { IDLE_LIMIT, LEASES, USES } from "./keeper-script.js";
import { ownMark, type ProcessMark, startOf, ticksNow } from "./process-start.js";

/** That a process uses a server: a file beside its record, which counts as long as the process lives. */
export interface Lease {
  /** Its file's name. */
  readonly name: string;
  /** Since when, in clock ticks since the boot; 0 where the system does not tell. */
  readonly since: number;
  /**
   * Notes a directory in which the server is used.
   *
   * @throws the file system's error
   */
  addDirectory(directory: string): void;
  /**
   * Notes a session that is about to be prompted: should this process be killed, its turn is ended.
   *
   * @throws the file system's error
   */
  addSession(sessionId: string, directory: string): void;
  /** Gives it up. Never throws. */
  end(): Promise<void>;
}

/** A lease as other processes see it. */
export interface LiveLease {
  readonly name: string;
  readonly holder: ProcessMark;
  readonly directories: readonly string[];
}

const NAME = /^(\d+)\.(\w+)\.[0-9a-f]+$/;
const MOST_SECONDS = 2 ** 31 - 1;
const MOST_BYTES = 1024 * 1024;

/**
 * Puts a lease into a server's folder.
 *
 * @param idleMs how long the server may be without use from now on
 * @throws the file system's error
 */
export async function takeLease(folder: string, idleMs: number): Promise<Lease> {
  const own = ownMark();
  if (own === undefined) throw new Error("the system does not tell when this process has started");
  const name = `${own.pid}.${own.start}.${randomBytes(6).toString("hex")}`;
  const path = join(folder, LEASES, name);
  const since = ticksNow() ?? 0;
  await writeFile(path, `since ${since}\n`, { mode: 0o600, flag: "wx" });
  const add = (line: string): void => appendFileSync(path, `${line}\n`);
  try {
    await appendFile(join(folder, USES), ".", { mode: 0o600 });
    await writeFile(join(folder, IDLE_LIMIT), `${wholeSeconds(idleMs)}\n`, { mode: 0o600 });
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  }
  return {
    name,
    since,
    addDirectory: (directory) => add(`directory ${directory}`),
    addSession: (sessionId, directory) => add(`session ${sessionId} ${directory}`),
    end: () => unlink(path).catch(() => undefined),
  };
}

/** As many as a shell counts on every machine, and at least one. */
function wholeSeconds(ms: number): number {
  return Math.min(MOST_SECONDS, Math.max(1, Math.ceil(ms / 1000)));
}

/** The leases of processes that live. */
export async function liveLeases(folder: string): Promise<readonly LiveLease[]> {
  const names = await readdir(join(folder, LEASES)).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const [, pid, start] = NAME.exec(name) ?? [];
      if (pid === undefined || start === undefined || startOf(Number(pid)) !== start) return [];
      return [{ name, holder: { pid: Number(pid), start }, directories: await directoriesIn(folder, name) }];
    }),
  );
  return found.flat();
}

/** How many leases a server has had. */
export async function usesOf(folder: string): Promise<number> {
  return await stat(join(folder, USES)).then(
    ({ size }) => size,
    () => 0,
  );
}

/** When the last lease came or went, ms since the epoch; undefined where that is not known. */
export async function lastUseOf(folder: string): Promise<number | undefined> {
  return await stat(join(folder, LEASES)).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

async function directoriesIn(folder: string, name: string): Promise<readonly string[]> {
  const path = join(folder, LEASES, name);
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size > MOST_BYTES) return [];
  const text = await readFile(path, "utf8").catch(() => "");
  return [...text.matchAll(/^directory (.*)$/gm)].map(([, directory = ""]) => directory);
}
