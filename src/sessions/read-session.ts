import { SessionNotFoundError } from "../errors/session-not-found-error.js";
import { storePaths } from "../files/store-paths.js";
import type { LoadOptions } from "./load-options.js";
import { loadSessions } from "./load-sessions.js";
import type { LoadedSession } from "./loaded-session.js";

/** Where a session is looked for; all of it optional. */
export type ReadSessionOptions = Partial<
  Pick<LoadOptions, "opencode" | "environment" | "directory" | "paths" | "prefer" | "onNote">
>;

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
      directory: process.cwd(),
      paths: storePaths(environment),
      prefer: "opencode",
      readStdin: async () => "",
      ...options,
      environment,
    },
    (session) => {
      found ??= session;
    },
  );
  if (!found) throw new SessionNotFoundError(source);
  return found;
}
