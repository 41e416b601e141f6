import type { StorePaths } from "../files/store-paths.js";
import type { SessionExport } from "../opencode/session.js";
import { type StoredSession, storedExport, storedSession } from "./session-store.js";

/**
 * What looptrace has kept of a session of opencode 1.x that opencode 2 has imported. The imported one has the same ids,
 * but other times and no parts; a trace of it would stand beside that of the original as if both had happened.
 *
 * @param read what opencode 2 gave
 * @returns undefined where nothing of 1.x was kept, or where the session went on in opencode 2
 */
export async function keptOf1(paths: StorePaths, read: SessionExport): Promise<StoredSession | undefined> {
  if (read.generation !== 2) return undefined;
  // One that cannot be read any more is none.
  const kept = await storedExport(paths, read.info.id).catch(() => undefined);
  if (kept?.generation !== 1 || kept.messages.length === 0) return undefined;
  const known = new Set(kept.messages.map(({ info }) => info.id));
  // For a change of the agent, say, 1.x has no message.
  const said = read.messages.filter(({ type }) => type === "user" || type === "assistant");
  return said.every(({ id }) => known.has(id)) ? await storedSession(paths, read.info.id) : undefined;
}
