import { OpenCodeCommandError } from "../../errors/opencode-command-error.js";
import { ServerRequestError } from "../../errors/server-request-error.js";
import { listSessions, type SessionEntry } from "../cli/list-sessions.js";
import { listSessions2From } from "../v2/server/list-sessions.js";
import { withOwnServer } from "../v2/server/own-server.js";
import type { StoreOptions } from "./read-stored.js";

export interface ListStoredOptions extends Omit<StoreOptions, "shared"> {
  /** At most so many; all when not given. */
  readonly limit?: number | undefined;
  /** Updated since then, ms since the epoch. */
  readonly since?: number | undefined;
}

/**
 * The sessions of the project that the directory belongs to (all directories outside of git are one project), the last
 * updated first. Sessions of subagents are not among them.
 *
 * @throws {OpenCodeCommandError} when opencode fails, or prints something else
 * @throws {ServerRequestError} when opencode 2 cannot be asked in either way
 */
export async function listStored({
  generation,
  limit,
  since,
  ...command
}: ListStoredOptions): Promise<readonly Pick<SessionEntry, "id" | "updated">[]> {
  const isMeant = ({ updated }: { readonly updated: number }) => since === undefined || updated >= since;
  if (generation === 1) return (await listSessions(command, limit)).filter(isMeant);
  const { directory, signal } = command;
  try {
    return await withOwnServer(command, ({ connection }) =>
      listSessions2From(connection, { directory, limit, since, signal }),
    );
  } catch (error) {
    if (!(error instanceof ServerRequestError || error instanceof OpenCodeCommandError)) throw error;
    signal?.throwIfAborted();
    const listed = await listSessions(command, limit, 2).catch((second: unknown) => {
      throw second instanceof OpenCodeCommandError ? error : second;
    });
    return listed.filter(isMeant);
  }
}
