import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { RUN_ID_VARIABLE } from "./child-environment.js";

const TERM_WAIT_MS = 1_000;
const POLL_MS = 50;
const KILL_WAIT_MS = 500;
const KILL_POLL_MS = 10;

/**
 * Ends what a killed run left behind. opencode's `bash` commands survive it: they have a session and a process group of
 * their own, so that killing opencode or its group does not reach them. They are known by the run's id in their
 * environment.
 *
 * Asks first (SIGTERM), then kills. Found on Linux through `/proc`, on macOS and other Unixes through `ps`, which hides
 * the environment of some protected system programs; on Windows nothing is found. A command that cleared its
 * environment (`env -i`) escapes.
 */
export async function endProcesses(runId: string): Promise<void> {
  signalAll(findProcesses(runId), "SIGTERM");
  for (let waited = 0; waited < TERM_WAIT_MS; waited += POLL_MS) {
    if (findProcesses(runId).length === 0) return;
    await sleep(POLL_MS);
  }
  killProcesses(runId);
}

/**
 * The same at once and without asking, for the moment in which this process itself is ending: it blocks, at most 500
 * ms, until they are gone.
 */
export function killProcesses(runId: string): void {
  // Several rounds, because a process may have started another one between the look and the kill, and because a killed
  // process still writes in its folders until the system has ended it.
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < KILL_WAIT_MS; waited += KILL_POLL_MS) {
    const found = findProcesses(runId);
    if (found.length === 0) return;
    signalAll(found, "SIGKILL");
    Atomics.wait(pause, 0, 0, KILL_POLL_MS);
  }
}

/** The processes that carry the run's id in their environment, but for this one. */
export function findProcesses(runId: string): number[] {
  const pids = process.platform === "linux" ? fromProc(runId) : fromPs(runId);
  return pids.filter((pid) => pid !== process.pid);
}

function fromProc(runId: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    let environment: string;
    try {
      environment = readFileSync(`/proc/${name}/environ`, "latin1");
    } catch {
      continue; // gone meanwhile, or another user's
    }
    const entry = environment.split("\0").find((line) => line.startsWith(`${RUN_ID_VARIABLE}=`));
    if (
      entry
        ?.slice(RUN_ID_VARIABLE.length + 1)
        .split(",")
        .includes(runId)
    )
      found.push(Number(name));
  }
  return found;
}

function fromPs(runId: string): number[] {
  if (process.platform === "win32") return [];
  let listing: string;
  try {
    listing = execFileSync("ps", ["-axEww", "-o", "pid=,command="], {
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return [];
  }
  return listing
    .split("\n")
    .filter((line) => line.includes(`${RUN_ID_VARIABLE}=`) && line.includes(runId))
    .map((line) => Number.parseInt(line, 10))
    .filter(Number.isInteger);
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // gone meanwhile
    }
  }
}
