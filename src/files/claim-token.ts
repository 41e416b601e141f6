import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { attempt, hasCode } from "../errors/thrown.js";

/**
 * How long a claim counts when it cannot be told here whether its process lives: it runs on another machine (a home on
 * the network, a volume shared by containers), or the platform does not tell when a process started.
 */
const LEASE_MS = 15 * 60_000;

/** Stands for the start time of a process that exists where the platform does not tell since when. */
const UNKNOWN_START = "0";

let machine: ReturnType<typeof thisMachine> | undefined;
let own: string | undefined;

/**
 * Names the running process for as long as it lives: `<pid>-<start>-<host>-<boot>-<space>`, hexadecimal throughout. The
 * start time tells it from a later process with the same id.
 */
export function claimToken(): string {
  const { host, boot, space } = thisMachine();
  own ??= `${process.pid.toString(16)}-${startOf(process.pid) ?? UNKNOWN_START}-${host}-${boot}-${space}`;
  return own;
}

/**
 * Whether the process that a token names may still be at work.
 *
 * @param path the file that bears the token; its age decides where the process cannot be looked up
 */
export async function isOwnerAlive(token: string, path: string): Promise<boolean> {
  if (token === claimToken()) return true;
  const [pid, start, host, boot, space] = token.split("-");
  const here = thisMachine();
  if (pid === undefined || start === undefined) return false;
  if (host !== here.host) return isYoung(path);
  if (boot !== here.boot) return false;
  // Of another container on this machine: its ids of processes mean nothing here.
  if (space !== here.space) return isYoung(path);
  const running = startOf(Number.parseInt(pid, 16));
  if (running === undefined) return false;
  if (running === UNKNOWN_START || start === UNKNOWN_START) return isYoung(path);
  return running === start;
}

/** Whether the process that a token names is stopped, as by Ctrl-Z, where the system tells that (Linux). */
export function isOwnerStopped(token: string): boolean {
  const [pid = "", start, host, boot, space] = token.split("-");
  const here = thisMachine();
  if (host !== here.host || boot !== here.boot || space !== here.space) return false;
  const line = attempt(() => readFileSync(`/proc/${Number.parseInt(pid, 16)}/stat`, "utf8"));
  const fields = line?.slice(line.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "T" && Number(fields[19]).toString(16) === start;
}

/** Whether a token is of a process that ran on this machine before it was last started: then that is no more. */
export function isOfEarlierBoot(token: string): boolean {
  const [, , host, boot] = token.split("-");
  const here = thisMachine();
  return host === here.host && boot !== undefined && boot !== here.boot;
}

async function isYoung(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return !found || Date.now() - Math.max(found.ctimeMs, found.mtimeMs) < LEASE_MS;
}

function thisMachine(): { readonly host: string; readonly boot: string; readonly space: string } {
  machine ??= {
    host: digest(hostname()),
    // Where /proc is not there, the start time is a date, which a reboot does not repeat.
    boot: digest(attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")) ?? ""),
    // Where ids of processes count: they are other ones in another container.
    space: digest(attempt(() => readlinkSync("/proc/self/ns/pid")) ?? ""),
  };
  return machine;
}

/** When a process started, hexadecimal; undefined when there is no such process, or only its zombie. */
function startOf(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !exists(pid)) return undefined;
  if (process.platform === "linux") {
    const line = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
    // proc(5): the name, which may hold anything, ends at the last parenthesis; the state is the third field, the
    // start time the 22nd, in clock ticks since the boot.
    const fields = line?.slice(line.lastIndexOf(")") + 2).split(" ");
    if (fields?.[0] === "Z" || fields?.[0] === "X") return undefined;
    const ticks = Number(fields?.[19]);
    return Number.isSafeInteger(ticks) ? ticks.toString(16) : UNKNOWN_START;
  }
  if (process.platform === "win32") return UNKNOWN_START;
  const env = { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" };
  const started = attempt(() =>
    execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  return started?.trim() ? digest(started.trim()) : UNKNOWN_START;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return !hasCode(error, "ESRCH");
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
