import { resolve } from "node:path";
import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { type ExportResult, exportSession } from "./export-session.js";
import { findOpenCode } from "./find-opencode.js";
import { isSessionId } from "./ids.js";
import { listModels, modelNote, projectConfigFile } from "./list-models.js";
import { type OpenCodeProgram, readVersion } from "./opencode-version.js";
import type { Progress } from "./progress.js";
import { createRunFolder, type RunFolder, readBounded, sweepRunFolders } from "./run-folder.js";
import { checkRequest, type RunRequest } from "./run-request.js";
import { type RunResult, runSession } from "./run-session.js";
import type { RunEvent } from "./schema/run-event.js";
import type { SessionTree } from "./schema/session-export.js";

export interface DriveRequest extends RunRequest {
  /** Path of the opencode to use; else it is looked for (see `findOpenCode`). */
  readonly opencode?: string | undefined;
  /** What opencode's environment is made from; this process' own by default. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface DriveHooks {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /** Ends the run; what there is of the session is exported all the same. */
  readonly signal?: AbortSignal | undefined;
}

export interface DriveResult extends Omit<RunResult, "logPath"> {
  readonly opencode: OpenCodeProgram;
  /** The session with those of its subagents; null when there is none, or when it could not be exported. */
  readonly tree: SessionTree | null;
  /** The exports as opencode wrote them, by session id. */
  readonly raw: ReadonlyMap<string, string>;
  /** opencode's log; of an extremely long one the middle is left out, and a line says so. */
  readonly logText: string;
  /** What a person should know: an unknown version, a subagent whose session is missing. */
  readonly notes: readonly string[];
}

const LONGEST_LOG_BYTES = 64 * 1024 * 1024;

/**
 * Runs one prompt with opencode and reads the session that came of it, whatever became of the run: also after a
 * failure, at the deadline, or when it was aborted. Nothing stays behind but the session in opencode's own store.
 *
 * @throws {RunRequestError} when the request makes no sense; nothing was started then
 * @throws {OpenCodeNotFoundError} when there is no opencode
 * @throws {SessionNotFoundError} when opencode does not know the session that was to be continued
 * @throws the signal's reason when it was aborted before anything was started
 */
export async function drive(request: DriveRequest, hooks: DriveHooks = {}): Promise<DriveResult> {
  const environment = request.environment ?? process.env;
  const checked = checkRequest(request);
  // opencode would need some seconds to find out that this can be none.
  if (checked.session !== undefined && !isSessionId(checked.session))
    throw new SessionNotFoundError(checked.session);
  return await withOpenCode(
    { opencode: request.opencode, directory: checked.directory, environment },
    async ({ opencode, folder, warnings }) => {
      hooks.signal?.throwIfAborted();
      const run = await runSession({ opencode, request: checked, folder, environment, ...hooks });
      const { directory } = checked;
      const command = { path: opencode.path, folder, environment, directory };
      const exported = await exportWhatThereIs(run, checked.session, command);
      const unasked = hooks.signal?.aborted ? undefined : unaskedModel(run, exported.tree);
      const modelNotes =
        unasked === undefined ? [] : await aboutModel(unasked, command, checked.projectConfig ?? false);
      const { logPath, ...result } = run;
      const logText = await readBounded(logPath, LONGEST_LOG_BYTES);
      const left = run.exit.kind === "exited" ? await folder.remove("keep-files") : null;
      const leftNote =
        left === null ? [] : [`The agent left files in ${left}; they are yours to keep or remove.`];
      return {
        ...result,
        opencode,
        tree: exported.tree,
        raw: exported.raw,
        logText,
        notes: [...warnings, ...exported.notes, ...modelNotes, ...leftNote],
      };
    },
  );
}

/** An opencode that was found, and a private folder to work with it. */
export interface OpenCodeAtHand {
  readonly opencode: OpenCodeProgram;
  readonly folder: RunFolder;
  /** What is unusual about this opencode, each a sentence for a person. */
  readonly warnings: readonly string[];
}

/**
 * Finds opencode, gives it a private folder for as long as `use` takes, and cleans up afterwards whatever happened.
 * For `exportSession` and `listSessions` outside of a run.
 *
 * @throws {OpenCodeNotFoundError} when there is no opencode
 */
export async function withOpenCode<T>(
  where: {
    readonly opencode?: string | undefined;
    /** Whose own opencode (in `node_modules/.bin`, of it or above it) comes before that of the `PATH`. */
    readonly directory: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
  use: (atHand: OpenCodeAtHand) => Promise<T>,
): Promise<T> {
  const { environment } = where;
  // A relative path means what it means to this process, not below the directory that opencode works in.
  const explicit = where.opencode === undefined ? undefined : resolve(where.opencode);
  const path = findOpenCode({ explicit, directory: where.directory, environment });
  await sweepRunFolders();
  const folder = await createRunFolder();
  try {
    const { version, warning } = await readVersion(path, folder, environment);
    return await use({ opencode: { path, version }, folder, warnings: warning === null ? [] : [warning] });
  } finally {
    // Nothing is left to do where `use` has removed it already.
    await folder.remove();
  }
}

/** The run's result is worth more than the export: if that fails, it is a note beside the rest. */
async function exportWhatThereIs(
  run: RunResult,
  asked: string | undefined,
  options: Parameters<typeof exportSession>[1],
): Promise<Pick<ExportResult, "raw" | "notes"> & { readonly tree: SessionTree | null }> {
  if (run.sessionId === null) return { tree: null, raw: new Map(), notes: [] };
  try {
    return await exportSession(run.sessionId, options);
  } catch (error) {
    // opencode does not know the session that was to be continued: there was nothing to run.
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

/** The model of a prompt that opencode stumbled over before it asked any: `provider/model`. */
function unaskedModel({ streamErrors }: RunResult, tree: SessionTree | null): string | undefined {
  const last = tree?.session.messages.at(-1)?.info;
  if (streamErrors.length === 0 || last?.role !== "user" || !last.model) return undefined;
  return `${last.model.providerID}/${last.model.modelID}`;
}

/** The list is only a help: where opencode does not give it, nothing is said about the model. */
async function aboutModel(
  model: string,
  options: Parameters<typeof listModels>[0],
  projectConfig: boolean,
): Promise<readonly string[]> {
  const listed = await listModels(options, projectConfig).catch(() => undefined);
  if (listed === undefined) return [];
  const { directory, environment } = options;
  const unread =
    projectConfig || listed.includes(model)
      ? undefined
      : projectConfigFile(directory, environment.OPENCODE_CONFIG);
  return [modelNote(model, listed, unread)];
}
