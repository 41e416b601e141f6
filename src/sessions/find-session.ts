import { OpenCodeNotFoundError } from "../errors/opencode-not-found-error.js";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { type Masked, maskedLike } from "../masking/masked.js";
import { type CommandOptions, exportSession, type listChildren } from "../opencode/commands.js";
import { configuredServers, findOpenCodeLog, withOpenCode } from "../opencode/program.js";
import { type LoadOptions, maskingOf, withServers } from "./load-options.js";
import { type FoundSession, flattenTree, maskFound } from "./loaded-session.js";
import { SessionRecorder } from "./session-recorder.js";
import { storedSession } from "./session-store.js";

/** Asks for the sessions below all others once, however many sessions are loaded. */
export type Children = (command: CommandOptions) => ReturnType<typeof listChildren>;

/** A copy that is older may lack a turn that was added without looptrace; who has just run it need not be told. */
const STALE_MS = 60_000;

/**
 * Finds a session by its id: in looptrace's store, or in opencode's. One that comes from opencode is stored.
 *
 * @throws {SessionNotFoundError} when neither knows it
 * @throws {OpenCodeNotFoundError} when opencode has to be asked and is not there
 */
export async function findSession(id: string, options: LoadOptions, children: Children): Promise<Masked<FoundSession>> {
  const stored = options.prefer === "kept" ? await storedSession(options.paths, id) : undefined;
  if (stored) {
    if (Date.now() - stored.storedAt > STALE_MS) {
      const at = new Date(stored.storedAt).toISOString().replace(/\.\d+/, "");
      options.onNote?.(`This is ${id} as it was kept at ${at}; --fresh reads it anew from opencode.`);
    }
    return maskStored(stored, options);
  }
  try {
    return await withOpenCode(options, ({ opencode, folder, warnings }) => {
      for (const warning of warnings) options.onNote?.(warning);
      const command = { ...options, path: opencode.path, folder };
      return exportAndRecord(id, { ...command, children: () => children(command) });
    });
  } catch (error) {
    // Without opencode there is still what was stored.
    const instead = error instanceof OpenCodeNotFoundError ? await storedSession(options.paths, id) : undefined;
    if (!instead) throw error;
    return maskStored(instead, options);
  }
}

async function exportAndRecord(
  id: string,
  options: LoadOptions & Parameters<typeof exportSession>[1],
): Promise<Masked<FoundSession>> {
  const { environment, onNote } = options;
  try {
    const { tree, raw, notes } = await exportSession(id, options);
    const { directory, time } = tree.session.info;
    const logText = await findOpenCodeLog([...raw.keys()], time.created, environment);
    const mcpServers = await configuredServers({ directory, environment, projectConfig: true });
    const recorder = new SessionRecorder({ paths: options.paths, masking: maskingOf(options) });
    const recorded = await recorder.record({ tree, raw, logText, mcpServers }, null);
    for (const note of [...notes, ...recorded.notes]) onNote?.(note);
    return maskedLike({ sessions: flattenTree(recorded.tree), ...recorded.evidence }, recorded);
  } catch (error) {
    const stored = error instanceof SessionNotFoundError ? await storedSession(options.paths, id) : undefined;
    if (!stored) throw error;
    onNote?.(`opencode does not know ${id} any more; this is what looptrace has kept of it.`);
    return maskStored(stored, options);
  }
}

async function maskStored(stored: FoundSession, options: LoadOptions): Promise<Masked<FoundSession>> {
  return maskFound(await withServers(stored, options), maskingOf(options));
}
