import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { listChildren } from "../cli/list-children.js";
import type { CommandOptions } from "../cli/read-command.js";
import type { Generation } from "../program/generation.js";
import { createRunFolder, type RunFolder } from "../program/run-folder.js";
import { connect, type ServerConnection } from "../server/connection.js";
import { startReadingServer } from "../server/reading-server.js";
import type { RunningServer } from "../server/start-server.js";

/** So many sessions of 1.x are read by a command each: one or two are not worth a server. */
const FEW = 2;

/**
 * What opencode is asked once, however many sessions are read: for a server that reads them, and 1.x, where they are
 * few, for the sessions below all others. To be closed at the end; until then that server runs.
 */
export class SharedStore {
  #children: ReturnType<typeof listChildren> | undefined;
  #folder: Promise<RunFolder> | undefined;
  #server: Promise<RunningServer> | undefined;
  #client: Promise<OpencodeClient | undefined> | undefined;
  #asked = 0;

  /**
   * Of 1.x: what reads the next session. `opencode export` starts opencode for each session, which takes two seconds of
   * CPU time; a server is one start for all.
   *
   * @returns undefined where a command is to read it: the first ones, and where the server does not start or has failed
   */
  async client(command: CommandOptions): Promise<OpencodeClient | undefined> {
    this.#asked += 1;
    if (this.#asked <= FEW) return undefined;
    this.#client ??= this.#start(command, 1)
      .then(connect)
      // A command tells better what is wrong, or reads the session all the same.
      .catch(() => undefined);
    return await this.#client;
  }

  /** Of 1.x: that its server has failed, and is asked no more. */
  giveUpClient(): void {
    this.#client = Promise.resolve(undefined);
  }

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
    return await this.#start(command, 2);
  }

  async #start(command: CommandOptions, generation: Generation): Promise<ServerConnection> {
    // Its folder is its own: that of the command is gone before the next session is read.
    this.#folder ??= createRunFolder();
    const folder = await this.#folder;
    this.#server ??= startReadingServer({ ...command, folder }, generation);
    return (await this.#server).connection;
  }

  async close(): Promise<void> {
    const [server, folder] = [await this.#server?.catch(() => undefined), await this.#folder?.catch(() => undefined)];
    await server?.stop();
    await folder?.remove();
  }
}
