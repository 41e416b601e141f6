import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { attempt } from "../errors/thrown.js";
import { findOpenCode, opencodeStore } from "../opencode/program.js";
import type { LoadOptions } from "./load-options.js";

/** opencode writes on for a while after what it was asked has been read from it. */
const SLACK_MS = 60_000;

/**
 * Whether what was kept of a session may lack turns that opencode could tell of: it is there to ask, has written to its
 * store since, and has the session. Nothing is started, and nothing but opencode's files is looked at.
 *
 * @param at when it was kept, ms since the epoch
 * @returns true too where its files cannot be looked at
 */
export function mayLackTurns(
  id: string,
  at: number,
  { opencode, directory, environment }: Pick<LoadOptions, "opencode" | "directory" | "environment">,
): boolean {
  const { folder, isOfStore } = opencodeStore(environment);
  try {
    const files = readdirSync(folder).filter(isOfStore);
    const paths = files.map((name) => join(folder, name));
    if (!paths.some((path) => statSync(path).mtimeMs > at + SLACK_MS)) return false;
    if (!paths.some((path) => holds(path, id))) return false;
  } catch (error) {
    // Without a store there is nothing newer.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
  }
  return attempt(() => findOpenCode({ explicit: opencode, directory, environment })) !== undefined;
}

/** A larger store is not read for a note's sake. */
const MOST_BYTES = 512 * 1024 * 1024;
const PIECE_BYTES = 4 * 1024 * 1024;

/** Whether a database has an id in it: it stands there as text, whatever the table. */
function holds(path: string, id: string): boolean {
  if (statSync(path).size > MOST_BYTES) return true;
  const file = openSync(path, "r");
  try {
    const piece = Buffer.alloc(PIECE_BYTES + id.length);
    for (let position = 0; ; position += PIECE_BYTES) {
      const read = readSync(file, piece, 0, piece.length, position);
      if (piece.subarray(0, read).includes(id)) return true;
      if (read < piece.length) return false;
    }
  } finally {
    closeSync(file);
  }
}
