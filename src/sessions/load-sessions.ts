import { refuseUntrustedStore } from "../files/trusted-store.js";
import { asMasked, type Masked } from "../masking/masked.js";
import { SharedStore } from "../opencode/commands.js";
import { changedSince } from "./changed-since.js";
import { findSession } from "./find-session.js";
import { type LoadOptions, maskingOf, withServers } from "./load-options.js";
import { assembleFound, type FoundSession, flattenTree, type LoadedSession, maskFound } from "./loaded-session.js";
import { readSource, wireBeside } from "./read-source.js";

/**
 * Loads sessions from wherever they are: export files, standard input (`-`), ids of sessions that opencode or looptrace
 * knows. Files and ids can be mixed; a subagent's session among them is put below its parent instead of standing alone.
 *
 * Files are read first, all of them; sessions that are asked for by id are loaded and handed over one after the other,
 * so that many need no more memory than the largest.
 *
 * @param use called with each session; waited for before the next one is loaded
 * @throws {InvalidExportError} when a file is not an export; nothing was handed over then
 * @throws {SessionNotFoundError} when neither opencode nor looptrace knows a session
 * @throws {OpenCodeNotFoundError} when opencode has to be asked and is not there
 */
export async function loadSessions(
  sources: readonly string[],
  options: LoadOptions,
  use: (session: Masked<LoadedSession>) => void | Promise<void>,
): Promise<void> {
  // What may belong to another session is held back until all are known.
  const held: Masked<FoundSession>[] = [];
  const masking = maskingOf(options);
  const wanted: string[] = [];
  for (const source of sources) {
    try {
      const session = await readSource(source, options);
      if (session === undefined) {
        wanted.push(source);
        continue;
      }
      const wire = await wireBeside(source, session.info.id, options);
      const found = { sessions: [session], logText: "", runs: [], ...(wire ? { wire } : {}) };
      held.push(await maskFound(await withServers(found, options), masking));
    } catch (error) {
      if (!options.onUnreadable) throw error;
      options.onUnreadable(error, source);
    }
  }
  if (wanted.length > 0) refuseUntrustedStore(options.paths);
  const used = new Set<string>();
  const handOver = async (found: readonly Masked<FoundSession>[]): Promise<void> => {
    for (const session of assembleFound(found)) {
      if (used.has(session.tree.session.info.id)) continue;
      for (const { info } of flattenTree(session.tree)) used.add(info.id);
      await use(asMasked(session, masking));
    }
  };
  const shared = new SharedStore();
  const hasChanged = changedSince(options);
  try {
    for (const id of new Set(wanted)) {
      const found = await findSession(id, options, { shared, hasChanged }).catch((error: unknown) => {
        if (!options.onUnreadable) throw error;
        options.onUnreadable(error, id);
      });
      if (!found) continue;
      if (found.sessions[0]?.info.parentID === undefined) await handOver([found]);
      else held.push(found);
    }
  } finally {
    await shared.close();
  }
  await handOver(held);
}
