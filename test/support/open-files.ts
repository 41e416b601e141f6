import { readdirSync, readlinkSync } from "node:fs";
import { attempt } from "../../src/errors/thrown.js";

/** The files below a folder that this process has open; on Linux only. */
export function openBelow(folder: string): readonly string[] {
  const links = readdirSync("/proc/self/fd").map((fd) => attempt(() => readlinkSync(`/proc/self/fd/${fd}`)));
  return links.filter((link) => link !== undefined).filter((link) => link.startsWith(folder));
}
