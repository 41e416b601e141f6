import { NO_OPENCODE, OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { type Masked, maskedLike } from "../masking/masked.js";
import { readStored, type SharedStore, type StoreOptions } from "../opencode/commands.js";
import {
  configuredServers,
  findOpenCodeLog,
  type LogIndexes,
  otherGeneration,
  type SharedOpenCode,
} from "../opencode/program.js";
import { KEPT_NOTE, type KeptMoment } from "./changed-since.js";
import { keptOf1 } from "./kept-of-1.js";
import { type LoadOptions, maskingOf, withServers } from "./load-options.js";
import { type FoundSession, flattenTree, maskFound } from "./loaded-session.js";
import { SessionRecorder } from "./session-recorder.js";
import { holdPlace, storedSession } from "./session-store.js";
import type { NamesOf } from "./store-files.js";

/** What is asked and looked at once, however many sessions are loaded. */
export interface FindContext {
  readonly openCode: SharedOpenCode;
  readonly shared: SharedStore;
  /** What opencode's log says, and where. */
  readonly logs: LogIndexes;
  /** The names of MCP servers, by the directories that opencode is configured for. */
  readonly servers: Map<string, Promise<readonly string[]>>;
  readonly namesOf: NamesOf;
  /** Whether what is stored outlives a crash of the machine at once; of many sessions each would wait for the disk. */
  readonly lasting: boolean;
  /** Whether opencode has changed a session since it was kept. */
  readonly hasChanged: (kept: KeptMoment) => boolean;
}

/**
 * Finds a session by its id: in looptrace's store, or in opencode's. One that comes from opencode is stored.
 *
 * @throws {SessionNotFoundError} when neither knows it
 * @throws {OpenCodeNotFoundError} when opencode has to be asked and is not there
 */
export async function findSession(
  id: string,
  options: LoadOptions,
  context: FindContext,
): Promise<Masked<FoundSession>> {
  const { openCode, shared, hasChanged, namesOf } = context;
  const stored = options.prefer === "kept" ? await storedSession(options.paths, id, namesOf) : undefined;
  if (stored) {
    // The same words for each of many sessions, so that they are said once.
    const { created, updated = created } = stored.sessions[0]?.info.time ?? { created: stored.storedAt };
    if (options.tellKept !== false && hasChanged({ id, updated })) options.onNote?.(KEPT_NOTE);
    return maskStored(stored, options);
  }
  try {
    const { opencode, generation, folder, warnings } = await openCode.open();
    for (const warning of warnings) options.onNote?.(warning);
    const { path, version } = opencode;
    return await readAndRecord(id, version, { ...options, path, generation, folder, shared }, context);
  } catch (error) {
    // Without opencode there is still what was stored.
    const instead =
      error instanceof OpenCodeNotFoundError ? await storedSession(options.paths, id, namesOf) : undefined;
    if (instead) return maskStored(instead, options);
    if (!(error instanceof OpenCodeNotFoundError) || error.problem !== NO_OPENCODE) throw error;
    const problem = `No kept session is ${JSON.stringify(id)}, and opencode is not there to ask for it.`;
    throw new OpenCodeNotFoundError(problem, error.looked, { cause: error });
  }
}

async function readAndRecord(
  id: string,
  version: string | null,
  options: LoadOptions & StoreOptions,
  { shared, logs, servers, namesOf, lasting }: FindContext,
): Promise<Masked<FoundSession>> {
  const { path, environment, directory, generation, folder, onNote } = options;
  try {
    const { tree, raw, notes } = await readStored(id, options);
    const before = await keptOf1(options.paths, tree.session);
    if (before) {
      onNote?.(
        `${id} is a session of opencode 1.x that opencode 2 has imported; this is what looptrace has kept of it from 1.x, which holds more.`,
      );
      return maskStored(before, options);
    }
    const { directory: place, time } = tree.session.info;
    const logText = await findOpenCodeLog([...raw.keys()], time.created, environment, place, logs);
    const configured = servers.get(place) ?? configuredServers({ directory: place, environment, projectConfig: true });
    servers.set(place, configured);
    const mcpServers = await configured;
    const keepPlace = await holdPlace(options.paths, tree.session);
    const recorder = new SessionRecorder({ paths: options.paths, masking: maskingOf(options), namesOf, lasting });
    const recorded = await recorder.record({ tree, raw, logText, mcpServers }, null);
    await keepPlace();
    for (const note of [...notes, ...recorded.notes]) onNote?.(note);
    return maskedLike({ sessions: flattenTree(recorded.tree), ...recorded.evidence }, recorded);
  } catch (error) {
    if (!(error instanceof SessionNotFoundError)) throw error;
    const stored = await storedSession(options.paths, id, namesOf);
    if (!stored) {
      const other = await shared.alone(() => otherGeneration({ path, generation }, { directory, environment }, folder));
      const asked = { path, version, generation, other };
      throw new SessionNotFoundError(id, { cause: error }, { asked, madeBy: error.madeBy });
    }
    onNote?.(`opencode does not know ${id} any more; this is what looptrace has kept of it.`);
    return maskStored(stored, options);
  }
}

async function maskStored(stored: FoundSession, options: LoadOptions): Promise<Masked<FoundSession>> {
  return maskFound(await withServers(stored, options), maskingOf(options));
}
