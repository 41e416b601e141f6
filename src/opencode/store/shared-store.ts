import { listChildren } from "../cli/list-children.js";
import type { CommandOptions } from "../cli/read-command.js";
import { createRunFolder, type RunFolder } from "../program/run-folder.js";
import type { ServerConnection } from "../server/connection.js";
import type { RunningServer } from "../server/start-server.js";
import { startOwnServer } from "../v2/server/own-server.js";

/**
 * What opencode is asked once, however many sessions are read: 1.x for the sessions below all others, opencode 2 for a
 * server that reads them. To be closed at the end; until then that server runs.
 */
export class SharedStore {
  #children: ReturnType<typeof listChildren> | undefined;
  #folder: Promise<RunFolder> | undefined;
  #server: Promise<RunningServer> | undefined;

  /** Of 1.x: the sessions that others started, by those. */
  children(command: CommandOptions): ReturnType<typeof listChildren> {
    this.#children ??= listChildren(command);
    return this.#children;
  }

  /**
   * Of opencode 2: where a private server listens.
   *
   * @throws {OpenCodeNotFoundError} when the program cannot be started at all
   * @throws {OpenCodeCommandError} when it does not become a server
   */
  async server(command: CommandOptions): Promise<ServerConnection> {
    // Its folder is its own: that of the command is gone before the next session is read.
    this.#folder ??= createRunFolder();
    const folder = await this.#folder;
    this.#server ??= startOwnServer({ ...command, folder });
    return (await this.#server).connection;
  }

  async close(): Promise<void> {
    const [server, folder] = [await this.#server?.catch(() => undefined), await this.#folder?.catch(() => undefined)];
    await server?.stop();
    await folder?.remove();
  }
}
