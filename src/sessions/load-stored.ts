import type { StorePaths } from "../files/store-paths.js";
import { childSessionIds } from "../opencode/session.js";
import type { StoredSession } from "./session-store.js";
import { storedSession } from "./session-store.js";
import { type NamesOf, namesOfEach } from "./store-files.js";

/** A stored session with its subagents, and which sessions of subagents it names. */
export interface StoredLoad {
  /** As it lies in the store, perhaps from a looptrace that masked less. */
  readonly found: StoredSession;
  readonly parentId: string | undefined;
  /** Also those that are not stored. */
  readonly subagentIds: readonly string[];
}

/**
 * Loads a session that looptrace has stored, and asks no opencode.
 *
 * @param namesOf where the store has been listed already
 * @returns undefined when it is not stored
 * @throws {InvalidExportError} when the stored export cannot be read
 */
export async function loadStored(
  paths: StorePaths,
  id: string,
  namesOf: NamesOf = namesOfEach(paths),
): Promise<StoredLoad | undefined> {
  const found = await storedSession(paths, id, namesOf);
  if (!found) return undefined;
  const { sessions } = found;
  const below = sessions.slice(1).map(({ info }) => info.id);
  return {
    found,
    parentId: sessions[0]?.info.parentID,
    subagentIds: [...new Set([...below, ...sessions.flatMap(childSessionIds)])],
  };
}
