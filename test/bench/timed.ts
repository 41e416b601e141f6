import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { IsolatedOpenCode } from "../support/isolated-opencode.js";
import { cpuMsOf, processesOf } from "./process-times.js";

export interface Took {
  readonly wallMs: number;
  /** Of all processes that were waited for, and of those that stay: what they took meanwhile. */
  readonly cpuMs: number;
}

/**
 * Runs a program to its end, in a bench's environment.
 *
 * bash adds up what its children took; Node knows only its own time. What servers took that were there before, or are
 * there after, /proc tells.
 *
 * @throws when it failed
 */
export async function timed(
  bench: IsolatedOpenCode,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Took> {
  const figures = join(bench.home, "figures.txt");
  const script = `TIMEFORMAT='%R %U %S'; { time "$@" >/dev/null 2>"$ERRORS" </dev/null; } 2>"$FIGURES"`;
  const errors = join(bench.home, "errors.txt");
  closeSync(openSync(errors, "w"));
  const before = standing(bench.home);
  const child = spawn("/bin/bash", ["-c", script, "bash", program, ...args], {
    cwd: bench.workdir,
    env: { ...bench.env, ...env, FIGURES: figures, ERRORS: errors },
    stdio: "ignore",
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${await readFile(errors, "utf8")}`);
  const stay = [...standing(bench.home)].reduce((sum, [pid, cpuMs]) => sum + cpuMs - (before.get(pid) ?? 0), 0);
  const [wall = 0, user = 0, system = 0] = (await readFile(figures, "utf8")).trim().split(/\s+/).map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 + stay };
}

/** The CPU time of the processes that are there, ms, by their ids. */
function standing(home: string): ReadonlyMap<string, number> {
  return new Map(processesOf(home).map((pid) => [pid, cpuMsOf(pid)]));
}
