import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { opencodeStore } from "../opencode/program.js";

/** opencode writes on for a while after what it was asked has been read from it. */
const SLACK_MS = 60_000;

/**
 * Whether opencode has written to its store since: what was kept of a session before may lack a turn then.
 *
 * @param at ms since the epoch
 * @returns true too where its files cannot be looked at
 */
export function hasChangedSince(at: number, environment: Readonly<Record<string, string | undefined>>): boolean {
  const { folder, isOfStore } = opencodeStore(environment);
  try {
    const files = readdirSync(folder).filter(isOfStore);
    return files.some((name) => statSync(join(folder, name)).mtimeMs > at + SLACK_MS);
  } catch (error) {
    // Without a store there is nothing newer.
    return !(error instanceof Error && "code" in error && error.code === "ENOENT");
  }
}
