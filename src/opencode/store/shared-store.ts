import { stat } from "node:fs/promises";
import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { type ExportResult, exportSession } from "../cli/export-session.js";
import { listChildren } from "../cli/list-children.js";
import type { CommandOptions } from "../cli/read-command.js";
import type { Generation } from "../program/generation.js";
import { createRunFolder, type RunFolder } from "../program/run-folder.js";
import { connect, type ServerConnection } from "../server/connection.js";
import { readSessionFrom } from "../server/read-session.js";
import { startReadingServer } from "../server/reading-server.js";
import { isGone } from "../server/start-server.js";
import { readSession2From } from "../v2/server/read-session.js";
import { memoryOf } from "../warm/warm-server.js";
import { childrenList } from "./children-list.js";
import { type ReadingServer, ReadingServers } from "./reading-servers.js";

/** So many sessions of 1.x are read by a command each, where no more are expected: they are not worth a server. */
const FEW = 2;
/** For so many it takes less to ask once which sessions are below which, by a command, than a server for each. */
const MANY = 200;
/** As much memory a server may have, KB: it has 360 MB when it has started. */
const MOST_MEMORY_KB = 1024 * 1024;
/** It writes a log, which nobody reads. */
const MOST_LOG_BYTES = 64 * 1024 * 1024;

/**
 * What opencode is asked once, however many sessions are read: for a server that reads them, and 1.x, where they are
 * few, for the sessions below all others. To be closed at the end; until then that server runs.
 */
export class SharedStore {
  readonly #expected: number;
  #children: ReturnType<typeof listChildren> | undefined;
  readonly #childrenOf = childrenList();
  readonly #folders: Promise<RunFolder>[] = [];
  #servers: ReadingServers<OpencodeClient> | undefined;
  #servers2: ReadingServers<ServerConnection> | undefined;
  #asked = 0;
  #before: Promise<unknown> = Promise.resolve();

  /** @param expected how many sessions are to be read of it, as far as that is known */
  constructor(expected = 0) {
    this.#expected = expected;
  }

  /**
   * Of 1.x: a session. `opencode export` starts opencode for each session, which takes two seconds of CPU time; a server
   * is one start for all, and is replaced when it dies, is stuck or has grown. Several may be read at a time.
   *
   * @throws as `exportSession` and `readSessionFrom`
   */
  async readOf1(sessionId: string, command: CommandOptions): Promise<ExportResult> {
    this.#asked += 1;
    if (Math.max(this.#asked, this.#expected) > FEW) {
      this.#servers ??= new ReadingServers(() => this.#startReading(command, 1, connect));
      const list = () => this.alone(() => listChildren(command));
      const children = this.#expected >= MANY ? await this.#childrenOf(list) : undefined;
      const read = await this.#servers.read((client, late) => {
        const signal = command.signal ? AbortSignal.any([late, command.signal]) : late;
        return readSessionFrom(client, sessionId, signal, undefined, children);
      });
      if (read) return read;
      command.signal?.throwIfAborted();
    }
    return await this.alone(() =>
      exportSession(sessionId, {
        ...command,
        children: () => this.#listChildren(command),
      }),
    );
  }

  #listChildren(command: CommandOptions): ReturnType<typeof listChildren> {
    this.#children ??= listChildren(command);
    return this.#children;
  }

  /** Does one thing after the other: commands that are started in one folder write to the same files. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const working = this.#before.then(work);
    this.#before = working.catch(() => undefined);
    return await working;
  }

  /**
   * Of opencode 2: a session, as a private server has it, which is replaced when it dies, is stuck or has grown. Several
   * may be read at a time.
   *
   * @throws as `readSession2From`; and why no server could read it: {@link OpenCodeNotFoundError},
   *   {@link OpenCodeCommandError}, {@link ServerRequestError}
   */
  async readOf2(sessionId: string, command: CommandOptions): Promise<ExportResult> {
    this.#servers2 ??= new ReadingServers(() => this.#startReading(command, 2, async (connection) => connection), {
      mostRefused: Number.POSITIVE_INFINITY,
    });
    const reading = this.#servers2.readOrThrow((connection, late) => {
      const signal = command.signal ? AbortSignal.any([late, command.signal]) : late;
      return readSession2From(connection, sessionId, signal);
    });
    return await reading.catch((error: unknown) => {
      command.signal?.throwIfAborted();
      throw error;
    });
  }

  async #startReading<Client>(
    command: CommandOptions,
    generation: Generation,
    connectTo: (connection: ServerConnection) => Promise<Client>,
  ): Promise<ReadingServer<Client>> {
    const server = await this.#start(command, generation);
    const client = await connectTo(server.connection).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    return {
      client,
      isGone: () => isGone(server),
      hasGrown: async () => {
        const log = await stat(server.logPath).catch(() => undefined);
        return (memoryOf(server.pid) ?? 0) > MOST_MEMORY_KB || (log?.size ?? 0) > MOST_LOG_BYTES;
      },
      stop: () => server.stop(),
    };
  }

  /** Its folder is its own: that of the command may be gone before the next session is read. */
  async #start(command: CommandOptions, generation: Generation) {
    const making = createRunFolder();
    this.#folders.push(making);
    return await startReadingServer({ ...command, folder: await making }, generation);
  }

  async close(): Promise<void> {
    await Promise.all([this.#servers?.close(), this.#servers2?.close()]);
    for (const making of this.#folders) await making.then((folder) => folder.remove()).catch(() => undefined);
  }
}
