import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import type { ExportResult } from "../cli/export-session.js";
import { connect } from "../server/connection.js";
import { endOfSession, listServerSessions, type SessionEnd } from "../server/list-sessions.js";
import { readSessionFrom } from "../server/read-session.js";
import type { RestingServer } from "../server/resting-server.js";
import type { RunningServer } from "../server/start-server.js";
import { endOfSession2 } from "../v2/server/end-of-session.js";
import { listSessions2From } from "../v2/server/list-sessions.js";
import { readSession2From } from "../v2/server/read-session.js";

/** A session as a list has it. */
export interface StoredEntry {
  readonly id: string;
  readonly directory: string;
  /** ms since the epoch. */
  readonly updated: number;
}

/** A server of either generation that reads a store in which others write. */
export interface StoreServer {
  /**
   * The sessions of all projects, without those of subagents, the last updated first.
   *
   * @param options.since updated since then, ms since the epoch
   * @throws {ServerRequestError} when the server cannot be reached or refuses
   */
  list(options: {
    readonly since: number;
    readonly limit: number;
    readonly signal: AbortSignal;
  }): Promise<readonly StoredEntry[]>;
  /**
   * How a session ends, without reading it.
   *
   * @throws {ServerRequestError} when the server cannot be reached or refuses
   */
  endOf(id: string, signal: AbortSignal): Promise<SessionEnd>;
  /**
   * A session with those of its subagents, finished or not.
   *
   * @throws {SessionNotFoundError} when the server does not know the session
   * @throws {ServerRequestError} when the server cannot be reached or refuses
   * @throws {InvalidExportError} when what it says cannot be read
   */
  read(id: string, signal: AbortSignal): Promise<ExportResult>;
}

/** How a server is asked for what is in its store. */
export async function storeServer({
  connection,
  generation,
}: Pick<RunningServer, "connection" | "generation">): Promise<StoreServer> {
  if (generation === 1) return storeServerOf1(await connect(connection));
  return {
    list: (options) => listSessions2From(connection, options),
    endOf: (id, signal) => endOfSession2(connection, id, signal),
    read: (id, signal) => readSession2From(connection, id, signal),
  };
}

/** The same for a server that rests in between. */
export function awakeFor({ awake }: Pick<RestingServer, "awake">, server: StoreServer): StoreServer {
  return {
    list: (options) => awake(() => server.list(options)),
    endOf: (id, signal) => awake(() => server.endOf(id, signal)),
    read: (id, signal) => awake(() => server.read(id, signal)),
  };
}

function storeServerOf1(client: OpencodeClient): StoreServer {
  return {
    list: async (options) =>
      (await listServerSessions(client, options)).map(({ id, directory, time }) => ({
        id,
        directory,
        updated: time.updated,
      })),
    endOf: (id, signal) => endOfSession(client, id, signal),
    read: (id, signal) => readSessionFrom(client, id, signal),
  };
}
