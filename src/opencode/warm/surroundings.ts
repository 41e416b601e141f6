import { readFileSync, readlinkSync, statSync } from "node:fs";
import { getPriority, hostname } from "node:os";
import { attempt } from "../../errors/thrown.js";
import { cgroupLimits } from "./cgroup-limits.js";

/** Which of what Linux tells of a process its children inherit, and a command of the agent's could notice. */
const INHERITED = /^(?:Umask|Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp\w*):.*$/gm;

const NAMESPACES = ["pid", "net", "mnt", "user", "ipc", "uts"] as const;

/**
 * All that a process hands on to its children beside its environment and its working directory: who it is, what it may,
 * and what it sees. A server that was started in other surroundings, outside of a sandbox or a container say, is none
 * for this process.
 *
 * @returns the names of the surroundings with what they are
 */
export function surroundings(): Readonly<Record<string, string>> {
  const read = (path: string): string => attempt(() => readFileSync(path, "latin1")) ?? "";
  const root = attempt(() => statSync("/"));
  return {
    machine: [hostname(), read("/proc/sys/kernel/random/boot_id")].join("\n"),
    "container or sandbox": [
      ...NAMESPACES.map((name) => attempt(() => readlinkSync(`/proc/self/ns/${name}`)) ?? ""),
      root?.dev,
      root?.ino,
      read("/proc/self/attr/current"),
    ].join("\n"),
    user: [process.geteuid?.(), process.getegid?.(), process.getgroups?.().join()].join("\n"),
    "rights and umask": read("/proc/self/status").match(INHERITED)?.join("\n") ?? String(process.umask()),
    limits: [read("/proc/self/limits"), attempt(() => getPriority()), cgroupLimits()].join("\n"),
  };
}
