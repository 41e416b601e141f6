import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { attempt } from "../../errors/thrown.js";

/** A process, told from a later one that was given the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, as `startOf` says it. */
  readonly start: string;
}

/** Linux tells programs of a hundred ticks a second, on every machine. */
const MS_PER_TICK = 10;

/**
 * When a process started: clock ticks since the boot on Linux, else what `ps` says. The keeper, which is a shell
 * script, finds the same.
 *
 * @returns undefined where there is no such process, or only its zombie
 */
export function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") return startFromPs(pid);
  const fields = statFields(pid);
  return fields === undefined || fields.state === "Z" || fields.state === "X" ? undefined : fields.start;
}

/** Whether a process is there, is the same as then, and is this user's own. */
export function isOwnProcess({ pid, start }: ProcessMark): boolean {
  if (startOf(pid) !== start) return false;
  if (process.platform !== "linux") return canSignal(pid);
  return attempt(() => statSync(`/proc/${pid}`).uid) === process.geteuid?.();
}

/** The CPU time that a process has taken itself, ms; undefined where the system does not tell (only Linux). */
export function cpuMsOf(pid: number): number | undefined {
  const fields = process.platform === "linux" ? statFields(pid) : undefined;
  return fields && fields.ticks * MS_PER_TICK;
}

/** This process. */
export function ownMark(): ProcessMark | undefined {
  const start = startOf(process.pid);
  return start === undefined ? undefined : { pid: process.pid, start };
}

/**
 * Who led the session that this process is in, where that has a terminal: a shell, which is gone when its user has
 * logged out. Only Linux tells.
 */
export function sessionLeader(): ProcessMark | undefined {
  if (process.platform !== "linux") return undefined;
  const own = statFields(process.pid);
  if (own === undefined || own.tty === "0") return undefined;
  const start = startOf(own.session);
  return start === undefined ? undefined : { pid: own.session, start };
}

/** Since the boot, in clock ticks as processes' starts are; undefined where the system does not tell. */
export function ticksNow(): number | undefined {
  const seconds = Number(attempt(() => readFileSync("/proc/uptime", "latin1"))?.split(" ")[0]);
  return Number.isFinite(seconds) ? Math.floor((seconds * 1000) / MS_PER_TICK) : undefined;
}

interface StatFields {
  readonly state: string;
  readonly session: number;
  readonly tty: string;
  readonly start: string;
  /** Of CPU time. */
  readonly ticks: number;
}

function statFields(pid: number): StatFields | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const line = attempt(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  // The second field is the program's name in parentheses and may contain anything; the start is the 22nd.
  const fields = line?.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state, session, tty, start] = [fields?.[0], Number(fields?.[3]), fields?.[4], fields?.[19]];
  if (state === undefined || tty === undefined || start === undefined) return undefined;
  return { state, session, tty, start, ticks: Number(fields?.[11]) + Number(fields?.[12]) };
}

function startFromPs(pid: number): string | undefined {
  const said = attempt(() =>
    execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: { PATH: process.env.PATH ?? "", LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  const words = said?.match(/[A-Za-z0-9]+/g) ?? [];
  return words.length === 0 ? undefined : words.join("_");
}

function canSignal(pid: number): boolean {
  return attempt(() => process.kill(pid, 0)) === true;
}
