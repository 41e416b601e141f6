import { connect, mcpServersOf, type ServerConnection } from "../opencode/server.js";

/** A server that does not say which MCP servers it has within this says nothing of them. */
const SERVERS_MS = 5_000;

/** The MCP servers that an opencode server has, asked for once a turn and directory. */
export interface KnownServers {
  /** @returns undefined where the server does not say */
  of(directory: unknown): Promise<readonly string[] | undefined>;
  /** Asks anew the next time: the next turn may have others. */
  forget(directory: string): void;
}

export function knownServers(connection: ServerConnection, signal: AbortSignal): KnownServers {
  const known = new Map<string, Promise<readonly string[] | undefined>>();
  const ask = async (directory: string): Promise<readonly string[] | undefined> => {
    const client = await connect(connection, directory === "" ? undefined : directory);
    const patience = AbortSignal.any([signal, AbortSignal.timeout(SERVERS_MS)]);
    return await mcpServersOf(client, { added: true, signal: patience });
  };
  return {
    of: (directory) => {
      const where = typeof directory === "string" ? directory : "";
      const asked = known.get(where) ?? ask(where).catch(() => undefined);
      known.set(where, asked);
      return asked;
    },
    forget: (directory) => void known.delete(directory),
  };
}
