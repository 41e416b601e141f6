import type { CommandOptions } from "../cli/read-command.js";
import type { Generation } from "../program/generation.js";
import { type StartedServer, startServer } from "./start-server.js";

/**
 * Starts a private server that only reads the store; it is to be stopped. It loads nothing of a project as long as it
 * is asked for none.
 *
 * @throws {OpenCodeNotFoundError} when the program cannot be started at all
 * @throws {OpenCodeCommandError} when it does not become a server
 * @throws the signal's reason
 */
export async function startReadingServer(
  { path, folder, environment, signal }: Omit<CommandOptions, "directory" | "deadlineMs">,
  generation: Generation,
): Promise<StartedServer> {
  return await startServer({
    path,
    generation,
    folder,
    environment,
    // Not in the project: this server is to load no plugins and no tools.
    directory: folder.temporary,
    configContent: null,
    projectConfig: false,
    quiet: true,
    signal,
  });
}
