import type { CommandOptions } from "../../cli/read-command.js";
import { type RunningServer, startServer } from "../../server/start-server.js";

/**
 * Starts a private server of opencode 2 that only reads the store; it is to be stopped. A plain `opencode serve`
 * continues no session that a killed opencode has left, as the shared service does, and loads nothing of a project as
 * long as it is asked for none.
 *
 * @throws {OpenCodeNotFoundError} when the program cannot be started at all
 * @throws {OpenCodeCommandError} when it does not become a server
 * @throws the signal's reason
 */
export async function startOwnServer({ path, folder, environment, signal }: CommandOptions): Promise<RunningServer> {
  return await startServer({
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
}

/** The same for as long as `use` takes. */
export async function withOwnServer<T>(
  command: CommandOptions,
  use: (server: RunningServer) => Promise<T>,
): Promise<T> {
  const server = await startOwnServer(command);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}
