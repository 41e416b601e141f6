import { readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isMarkOf } from "../read/log-marks.js";
import { LogIndex } from "./log-index.js";

/** Larger ones are left alone: reading them would take longer than what they tell is worth. */
const LARGEST_FILE_BYTES = 512 * 1024 * 1024;
/** Of log files, by their paths. */
export type LogIndexes = Map<string, LogIndex>;

/** opencode's clock and the file system's need not agree to the second. */
const SLACK_MS = 60_000;

/**
 * What opencode's own log files below its data folder say about some sessions.
 *
 * As of 1.17 there is one file to which all processes write; the sessions' lines are picked out. Older versions
 * write a file a process whose times only follow from all its lines, so such a file is taken whole.
 *
 * @param sessionIds a session and those of its subagents
 * @param since when the first of them was made, ms since the epoch: older files are not read
 * @param directory where they work: what their processes do for it is theirs too
 * @param indexes of files that were read before, where the log of many sessions is looked for
 * @returns the empty string when there is nothing; a log that cannot be read is as good as none
 */
export async function findOpenCodeLog(
  sessionIds: readonly string[],
  since: number,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
  indexes: LogIndexes = new Map(),
): Promise<string> {
  const data = environment.XDG_DATA_HOME || join(environment.HOME || homedir(), ".local", "share");
  const folder = join(data, "opencode", "log");
  const names = await readdir(folder).catch(() => []);
  const texts: string[] = [];
  for (const name of names.filter((name) => name.endsWith(".log")).sort()) {
    const path = join(folder, name);
    const { mtimeMs, size } = await stat(path).catch(() => ({ mtimeMs: 0, size: 0 }));
    if (mtimeMs + SLACK_MS < since || size > LARGEST_FILE_BYTES) continue;
    const index = indexes.get(path) ?? new LogIndex(path);
    indexes.set(path, index);
    texts.push(await index.linesAbout(sessionIds, directory).catch(() => ""));
  }
  return texts.filter((text) => text !== "").join("\n");
}

/**
 * What a log says about some sessions, in which it says more. Up to 1.15 a line's time follows from those before it, so
 * such a log is taken whole.
 *
 * @param directory where they work: what opencode does for it is theirs too
 */
export function sessionLines(sessionIds: readonly string[], log: string, directory: string): string {
  const lines = log.split("\n");
  if (!lines.some((line) => line.startsWith("timestamp="))) return log;
  const isOwn = (line: string): boolean => sessionIds.some((id) => line.includes(id)) || isMarkOf(line, directory);
  return lines.filter(isOwn).join("\n");
}
