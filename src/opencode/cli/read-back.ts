/** What a run left in opencode's store, read back as far as it can be. */
import { SessionNotFoundError } from "../../errors/session-not-found-error.js";
import type { SessionTree } from "../schema/exported-session.js";
import type { ExportResult } from "./export-session.js";
import { listModels, modelNote, projectConfigFile } from "./list-models.js";
import type { RunResult } from "./run-session.js";

/**
 * The run's result is worth more than the export: if that fails, it is a note beside the rest.
 *
 * @param asked the session that was to be continued
 * @param read reads a session with its subagents
 * @throws {SessionNotFoundError} when opencode does not know the session that was to be continued: there was nothing to
 * run
 */
export async function readBack(
  run: Pick<RunResult, "sessionId" | "progress">,
  asked: string | undefined,
  read: (sessionId: string) => Promise<ExportResult>,
): Promise<Pick<ExportResult, "raw" | "notes"> & { readonly tree: SessionTree | null }> {
  if (run.sessionId === null) return { tree: null, raw: new Map(), notes: [] };
  try {
    return await read(run.sessionId);
  } catch (error) {
    const began = run.progress.step !== null;
    if (error instanceof SessionNotFoundError && run.sessionId === asked && !began) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return {
      tree: null,
      raw: new Map(),
      notes: [`The session ${run.sessionId} could not be exported: ${why}`],
    };
  }
}

/** The sessions of a run: those that were read back, else the one that is known of it. */
export function idsOf(run: Pick<RunResult, "sessionId">, raw: ReadonlyMap<string, string>): readonly string[] {
  return raw.size > 0 || run.sessionId === null ? [...raw.keys()] : [run.sessionId];
}

/**
 * Where opencode stumbled over a prompt's model before it asked any, what is known about that model.
 *
 * The list is only a help: where opencode does not give it, nothing is said.
 *
 * @param command what opencode is asked with; called where it is asked, since its folder costs a process that watches it
 */
export async function unaskedModelNotes(
  { streamErrors }: Pick<RunResult, "streamErrors">,
  tree: SessionTree | null,
  command: () => Promise<Parameters<typeof listModels>[0]>,
  projectConfig: boolean,
): Promise<readonly string[]> {
  const last = tree?.session.generation === 1 ? tree.session.messages.at(-1)?.info : undefined;
  if (streamErrors.length === 0 || last?.role !== "user" || !last.model) return [];
  const model = `${last.model.providerID}/${last.model.modelID}`;
  const options = await command();
  const listed = await listModels(options, projectConfig).catch(() => undefined);
  if (listed === undefined) return [];
  const { directory, environment } = options;
  const unread =
    projectConfig || listed.includes(model) ? undefined : projectConfigFile(directory, environment.OPENCODE_CONFIG);
  return [modelNote(model, listed, unread)];
}
