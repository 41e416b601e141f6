import type { CommandOptions } from "../../cli/read-command.js";
import { type RunningServer, startServer } from "../../server/start-server.js";

/**
 * Starts a private server of opencode 2 that only reads the store, for as long as `use` takes. It is stopped afterwards,
 * also after a failure. A plain `opencode serve` continues no session that a killed opencode has left, as the shared
 * service does, and loads nothing of the project as long as none is asked for.
 *
 * @throws {OpenCodeNotFoundError} when the program cannot be started at all
 * @throws {OpenCodeCommandError} when it does not become a server
 * @throws the signal's reason
 */
export async function withOwnServer<T>(
  { path, folder, environment, signal }: CommandOptions,
  use: (server: RunningServer) => Promise<T>,
): Promise<T> {
  const server = await startServer({
    path,
    generation: 2,
    folder,
    environment,
    directory: folder.temporary,
    configContent: null,
    projectConfig: false,
    quiet: true,
    signal,
  });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}
