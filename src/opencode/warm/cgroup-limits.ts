import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { attempt } from "../../errors/thrown.js";

/** Limits of a control group (version 2) that a command of the agent's could notice. */
const LIMITS = ["memory.max", "memory.high", "memory.swap.max", "cpu.max", "pids.max"] as const;
const NO_LIMIT = /^max\b/;
/** A group is seldom deeper than six. */
const MOST_LEVELS = 16;

/**
 * The limits that this process' control groups put on it, as of `systemd-run --scope -p MemoryMax=2G`. Which groups
 * they are is left out: each tab of a terminal may be one of its own, without a limit.
 *
 * @param own the file that says which group that is
 * @param mounted the folder of all groups
 * @returns a line for each limit, the innermost group's first; empty without any, and on version 1
 */
export function cgroupLimits(own = "/proc/self/cgroup", mounted = "/sys/fs/cgroup"): string {
  const read = (path: string): string => attempt(() => readFileSync(path, "latin1")) ?? "";
  const [, group] = /^0::(\/.*)$/m.exec(read(own)) ?? [];
  const limits: string[] = [];
  for (let at = group, level = 0; at !== undefined && at !== "/" && level < MOST_LEVELS; at = dirname(at), level += 1)
    for (const name of LIMITS) {
      const value = read(join(mounted, at, name)).trim();
      if (value !== "" && !NO_LIMIT.test(value)) limits.push(`${name} ${value}`);
    }
  return limits.join("\n");
}
