import { syncFolder } from "../files/private-files.js";
import { refuseUntrustedStore } from "../files/trusted-store.js";
import { asMasked, type Masked } from "../masking/masked.js";
import { SharedStore } from "../opencode/commands.js";
import { SharedOpenCode } from "../opencode/program.js";
import { changedSince } from "./changed-since.js";
import { type FindContext, findSession } from "./find-session.js";
import { type LoadOptions, maskingOf, withServers } from "./load-options.js";
import { assembleFound, type FoundSession, flattenTree, type LoadedSession, maskFound } from "./loaded-session.js";
import { readAhead } from "./read-ahead.js";
import { readSource, wireBeside } from "./read-source.js";
import { namesOfEach, namesOfMany } from "./store-files.js";

/**
 * Loads sessions from wherever they are: export files, standard input (`-`), ids of sessions that opencode or looptrace
 * knows. Files and ids can be mixed; a subagent's session among them is put below its parent instead of standing alone.
 *
 * Files are read first, all of them; sessions that are asked for by id are handed over one after the other, in their
 * order, while the next few are loaded: many need no more memory than these.
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
  const ids = [...new Set(wanted)];
  const isMany = ids.length > 1;
  const shared = new SharedStore(options.prefer === "opencode" ? ids.length : 0);
  const openCode = new SharedOpenCode(options);
  const context: FindContext = {
    openCode,
    shared,
    logs: new Map(),
    servers: new Map(),
    namesOf: isMany ? namesOfMany(options.paths) : namesOfEach(options.paths),
    lasting: !isMany,
    hasChanged: changedSince(options),
  };
  const find = async (id: string): Promise<Found> => {
    try {
      return { id, found: await findSession(id, options, context) };
    } catch (error) {
      return { id, error, isBrokenOff: options.signal?.aborted === true };
    }
  };
  try {
    for await (const one of readAhead(untilAborted(ids, options.signal), READ_AHEAD, find)) {
      if ("error" in one) {
        if (!options.onUnreadable) throw one.error;
        // Nothing is wrong with one whose reading was broken off.
        if (!one.isBrokenOff) options.onUnreadable(one.error, one.id);
      } else if (one.found.sessions[0]?.info.parentID === undefined) await handOver([one.found]);
      else held.push(one.found);
    }
  } finally {
    await shared.close();
    await openCode.close();
    if (isMany) await syncFolder(options.paths.sessions);
  }
  await handOver(held);
}

type Found =
  | { readonly id: string; readonly found: Masked<FoundSession> }
  | { readonly id: string; readonly error: unknown; readonly isBrokenOff: boolean };

/** So many sessions are read at a time: each waits for the disk and for opencode more than it works. */
const READ_AHEAD = 4;

function* untilAborted(ids: readonly string[], signal: AbortSignal | undefined): Generator<string> {
  for (const id of ids) {
    if (signal?.aborted) return;
    yield id;
  }
}
