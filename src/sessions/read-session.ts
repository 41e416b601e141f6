import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import { loadSessions } from "./load-sessions.js";
import type { LoadedSession } from "./loaded-session.js";

/** Where a session is looked for. */
export interface ReadSessionOptions {
  /** Path of the opencode to ask; else it is looked for. */
  readonly opencode?: string | undefined;
  /** What opencode's environment is made from; default this process' own. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where a relative path starts; default this process' working directory. */
  readonly directory?: string | undefined;
  /** Where looptrace stores sessions; default the user's data folder. */
  readonly paths?: StorePaths | undefined;
  /** `kept`: what looptrace has stored is as good as opencode's own; `opencode`, the default: that one is asked first. */
  readonly prefer?: "kept" | "opencode" | undefined;
  /** Told what a person should know, a line each. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Reads one session that already happened, with those of its subagents and with what else is known about it.
 *
 * @param source the id of a session of opencode's on this machine, or the path of a file that `opencode export` made
 * @param options by default opencode is asked first, and what looptrace has stored counts where opencode is not there
 * @returns what `traceSession(tree, evidence)` takes
 * @throws {SessionNotFoundError} when neither opencode nor looptrace knows the session
 * @throws {InvalidExportError} when the file is not an export
 * @throws {OpenCodeNotFoundError} when opencode has to be asked and is not there
 *
 * @example
 * ```ts
 * import { readSession, traceSession } from "looptrace";
 *
 * const { tree, evidence } = await readSession("ses_e03b66d38ffe7m0arJ0ehJm9sO");
 * for (const { loop } of traceSession(tree, evidence)) console.log(loop.outcome, loop.totals.cost);
 * ```
 */
export async function readSession(source: string, options: ReadSessionOptions = {}): Promise<LoadedSession> {
  const environment = options.environment ?? process.env;
  let found: LoadedSession | undefined;
  await loadSessions(
    [source],
    {
      opencode: options.opencode,
      environment,
      directory: options.directory ?? process.cwd(),
      paths: options.paths ?? storePaths(environment),
      prefer: options.prefer ?? "opencode",
      readStdin: async () => "",
      onNote: options.onNote,
    },
    (session) => {
      found ??= session;
    },
  );
  if (!found) throw new SessionNotFoundError(source);
  return found;
}
