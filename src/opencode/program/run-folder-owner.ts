import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** `looptrace-<pid>-<start of that process>-<machine, boot and pid namespace>-<random>` */
const NAME = /^looptrace-(\d+)-(\d+)-([0-9a-f]{8})-/;

export const RUN_ID_FILE = "run-id";
/** A script for `sh` that is to be run before a run's processes are ended. */
export const RELEASE_FILE = "release.sh";

/**
 * Which process has made a run folder: `unknown` of another machine, boot or container, where a pid means something
 * else.
 */
export type FolderOwner = "alive" | "dead" | "unknown";

/** How the names of this process' run folders begin. */
export function ownPrefix(): string {
  return `looptrace-${process.pid}-${processStart(process.pid) ?? 0}-${place()}-`;
}

/** @returns undefined when the name is not that of a run folder */
export function ownerOf(name: string): FolderOwner | undefined {
  const [, pid, start, where] = NAME.exec(name) ?? [];
  if (pid === undefined || start === undefined) return undefined;
  if (where !== place()) return "unknown";
  return isAlive(Number(pid), Number(start)) ? "alive" : "dead";
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
export function place(): string {
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
