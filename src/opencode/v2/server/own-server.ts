import type { CommandOptions } from "../../cli/read-command.js";
import { startReadingServer } from "../../server/reading-server.js";
import type { RunningServer } from "../../server/start-server.js";

/**
 * A private server of opencode 2 that only reads the store, for as long as `use` takes. A plain `opencode serve`
 * continues no session that a killed opencode has left, as the shared service does.
 *
 * @throws {OpenCodeNotFoundError} when the program cannot be started at all
 * @throws {OpenCodeCommandError} when it does not become a server
 * @throws the signal's reason
 */
export async function withOwnServer<T>(
  command: CommandOptions,
  use: (server: RunningServer) => Promise<T>,
): Promise<T> {
  const server = await startReadingServer(command, 2);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}
