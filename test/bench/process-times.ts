import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** Clock ticks of a second in /proc: Linux says 100 everywhere to programs. */
const TICKS_A_SECOND = 100;

/** The processes whose environment has this home; Linux only. */
export function processesOf(home: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`HOME=${home}`);
    } catch {
      return false;
    }
  });
}

/** The CPU time that a process has taken, ms, with what those took that it has waited for; 0 where it is gone. */
export function cpuMsOf(pid: string): number {
  try {
    return cpuMsIn(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return 0;
  }
}

/** What a line of /proc/<pid>/stat says of that. */
export function cpuMsIn(stat: string): number {
  // The name of the program may have blanks and parentheses in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
  return ((user + system + childrenUser + childrenSystem) * 1000) / TICKS_A_SECOND;
}

/** The CPU time of a process and of all below it, ms, with what those took that have ended. */
export function treeCpuMs(root: number): number {
  const below = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== undefined) below.set(parent, [...(below.get(parent) ?? []), Number(name)]);
  }
  const cpuOf = (pid: number): number =>
    (below.get(pid) ?? []).reduce((sum, child) => sum + cpuOf(child), cpuMsOf(String(pid)));
  return cpuOf(root);
}

function parentOf(pid: string): number | undefined {
  try {
    return parentIn(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return undefined;
  }
}

/** The parent that a line of /proc/<pid>/stat tells. */
export function parentIn(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Ends what was left with that home, and waits until it is gone. @param others stay */
export async function endProcesses(home: string, others: readonly string[]): Promise<void> {
  const left = (): readonly string[] => processesOf(home).filter((pid) => !others.includes(pid));
  for (let tries = 0; left().length > 0; tries += 1) {
    for (const pid of left()) {
      try {
        process.kill(Number(pid), tries < MOST_TRIES ? "SIGTERM" : "SIGKILL");
      } catch {
        // It is gone already.
      }
    }
    await setTimeout(BETWEEN_TRIES_MS);
  }
}

const MOST_TRIES = 50;
const BETWEEN_TRIES_MS = 100;
