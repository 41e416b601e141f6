import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onExit } from "signal-exit";
import { endProcesses } from "./end-processes.js";
import type { StreamFiles } from "./spawn-opencode.js";

/** A private folder for one run: what goes into opencode and what comes out of it, and its temporary files. */
export interface RunFolder {
  readonly path: string;
  /** What marks everything that was started for this run (see `RUN_ID_VARIABLE`). */
  readonly runId: string;
  /** opencode's TMPDIR. */
  readonly temporary: string;
  /** Creates the files for one start of opencode; standard input holds the given text. */
  streams(name: string, stdin?: string): Promise<StreamFiles>;
  /** Writes a file that only this user can read, and returns its path. */
  write(name: string, text: string): Promise<string>;
  /**
   * Removes the folder. Safe to call twice; the second call does nothing.
   *
   * @param keepFiles leaves what the agent's commands wrote to its temporary folder, for they may have told about it
   * @returns the temporary folder where something was left in it
   */
  remove(keepFiles?: "keep-files"): Promise<string | null>;
}

const PREFIX = "looptrace-";
/** `looptrace-<pid>-<start of that process>-<machine, boot and pid namespace>-<random>` */
const NAME = /^looptrace-(\d+)-(\d+)-([0-9a-f]{8})-/;
const RUN_ID_FILE = "run-id";
/** Marks a folder in which only files are left that an agent has made, for their user to keep. */
const KEPT_FILE = "kept";
/** A folder of another boot or container says nothing about its process; untouched this long, it is taken for dead. */
const FOREIGN_MAX_AGE_MS = 48 * 3_600_000;

/**
 * Makes a private folder (0700, its files 0600) in the system's temporary folder. It goes away with `remove()`, and also
 * when this process exits, crashes or is ended by a signal; what `kill -9` leaves behind is for {@link sweepRunFolders}.
 */
export async function createRunFolder(): Promise<RunFolder> {
  const path = await mkdtemp(
    join(tmpdir(), `${PREFIX}${process.pid}-${processStart(process.pid) ?? 0}-${place()}-`),
  );
  // Last of all, so that the processes which write into it are ended before.
  const forget = onExit(() => rmSync(path, { recursive: true, force: true }), { alwaysLast: true });
  const temporary = join(path, "tmp");
  await mkdir(temporary, { mode: 0o700 });
  const write = async (name: string, text: string) => {
    const file = join(path, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  const runId = randomUUID();
  await write(RUN_ID_FILE, runId);
  let removed = false;
  return {
    path,
    runId,
    temporary,
    write,
    streams: async (name, stdin = "") => ({
      stdin: await write(`${name}.stdin`, stdin),
      stdout: await write(`${name}.stdout`, ""),
      stderr: await write(`${name}.stderr`, ""),
    }),
    remove: async (keepFiles) => {
      // What was left in it on purpose stays.
      if (removed) return null;
      removed = true;
      const isKept = keepFiles === "keep-files" && (await withoutLeftovers(temporary)).length > 0;
      const all = await readdir(path).catch(() => []);
      if (isKept) await write(KEPT_FILE, "");
      const unwanted = isKept ? all.filter((name) => name !== basename(temporary)) : [""];
      for (const name of unwanted) {
        // A process that is just ending may still write into the folder while it is being emptied.
        await rm(join(path, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      }
      forget();
      return isKept ? temporary : null;
    },
  };
}

/** A library that opencode unpacks at each start, 5.5 MB. */
const UNPACKED = /^\.[0-9a-f]+-[0-9a-f]+\.(?:so|dylib|dll|node)$/;
/** What programs keep for their own next start (`node-compile-cache`, `tsx-0`, …), not for somebody who looks for it. */
const CACHES = /(?:^|[-_.])cache(?:[-_.]|$)|^(?:tsx|bunx)-/i;

/** Removes opencode's own leftovers and caches from its temporary folder, and tells the files that are left. */
async function withoutLeftovers(temporary: string): Promise<readonly string[]> {
  const names = await readdir(temporary).catch(() => []);
  for (const name of names.filter((one) => UNPACKED.test(one) || CACHES.test(one)))
    await rm(join(temporary, name), { recursive: true, force: true }).catch(() => undefined);
  const left = await readdir(temporary, { recursive: true, withFileTypes: true }).catch(() => []);
  return left.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}

/**
 * Removes the run folders of looptrace processes that are gone, and ends what these were driving: an opencode whose driver
 * was killed has no deadline any more. Never fails: a folder that cannot be removed stays.
 */
export async function sweepRunFolders(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const match = NAME.exec(name);
    if (!match) continue;
    const path = join(tmpdir(), name);
    const [, pid, start, where] = match;
    const dead =
      where === place()
        ? !isAlive(Number(pid), Number(start))
        : (await lastTouched(path)) < Date.now() - FOREIGN_MAX_AGE_MS;
    if (!dead) continue;
    if (existsSync(join(path, KEPT_FILE))) continue;
    const runId = await readFile(join(path, RUN_ID_FILE), "utf8").catch(() => "");
    if (where === place() && runId !== "") await endProcesses(runId);
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Whether the process that made a folder still runs; a pid that was given to another process since does not count. */
function isAlive(pid: number, start: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process: not ours to judge, and not ours to remove.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const now = processStart(pid);
  return start === 0 || now === null || now === start;
}

/** When a process started, in clock ticks since boot; null where the system does not say (only Linux does, cheaply). */
function processStart(pid: number): number | null {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in parentheses and may contain anything.
    const start = Number(line.slice(line.lastIndexOf(")") + 2).split(" ")[19]);
    return Number.isSafeInteger(start) ? start : null;
  } catch {
    return null;
  }
}

/** Where a pid means what it says: the machine, its boot and, in containers, the pid namespace. */
function place(): string {
  const bootId = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1"));
  const namespace = attempt(() => readlinkSync("/proc/self/ns/pid"));
  return createHash("sha256").update(`${hostname()}\n${bootId}\n${namespace}`).digest("hex").slice(0, 8);
}

function attempt(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}

async function lastTouched(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const times = await Promise.all(
    [folder, ...names.map((name) => join(folder, name))].map((path) =>
      stat(path).then(
        (found) => found.mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

/** As much of a log as is read. */
export const LONGEST_LOG_BYTES = 64 * 1024 * 1024;

/**
 * Reads a file whole, but of one beyond `limit` bytes only the beginning and the end, with a line that says so.
 *
 * @param from where to begin, in bytes
 */
export async function readBounded(path: string, limit: number, from = 0): Promise<string> {
  const file = await open(path, "r");
  try {
    const size = Math.max(0, (await file.stat()).size - from);
    if (size <= limit) {
      const all = Buffer.alloc(size);
      const { bytesRead } = await file.read(all, 0, size, from);
      return all.subarray(0, bytesRead).toString("utf8");
    }
    const half = Math.floor(limit / 2);
    const head = Buffer.alloc(half);
    const tail = Buffer.alloc(half);
    await file.read(head, 0, half, from);
    await file.read(tail, 0, half, from + size - half);
    const start = head.subarray(0, head.lastIndexOf(0x0a) + 1).toString("utf8");
    const end = tail.subarray(tail.indexOf(0x0a) + 1).toString("utf8");
    return `${start}[looptrace: ${size - limit} bytes left out here]\n${end}`;
  } finally {
    await file.close();
  }
}
