import type { FollowedServer } from "../opencode/server.js";

/** A server that does not say which MCP servers it has within this says nothing of them. */
const SERVERS_MS = 5_000;

/** The MCP servers that an opencode server has, asked for once a turn and directory. */
export interface KnownServers {
  /** @returns undefined where the server does not say */
  of(directory: string | undefined): Promise<readonly string[] | undefined>;
  /** Asks anew the next time: the next turn may have others. */
  forget(directory: string | undefined): void;
}

export function knownServers(followed: () => FollowedServer, signal: AbortSignal): KnownServers {
  const known = new Map<string | undefined, Promise<readonly string[] | undefined>>();
  const ask = async (directory: string | undefined): Promise<readonly string[] | undefined> =>
    await followed().mcpServers(directory, AbortSignal.any([signal, AbortSignal.timeout(SERVERS_MS)]));
  return {
    of: (directory) => {
      const asked = known.get(directory) ?? ask(directory).catch(() => undefined);
      known.set(directory, asked);
      return asked;
    },
    forget: (directory) => void known.delete(directory),
  };
}
