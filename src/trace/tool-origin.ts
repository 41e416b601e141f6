import type { ToolRun } from "../opencode/model.js";
import { nameInTools, serversOfTool } from "../wire/segments/tool-server.js";
import type { ToolOrigin } from "./model.js";

/** Where a tool comes from: built in, a plugin's, or which MCP server's. */
export interface Origin {
  readonly origin: ToolOrigin;
  readonly server: string | null;
}

const UNKNOWN: Origin = { origin: "unknown", server: null };
const OWN: Origin = { origin: "opencode", server: null };

/**
 * Where a call's tool comes from, as far as that is known.
 *
 * opencode names a tool of an MCP server `<server>_<tool>`, with `_` for all characters but letters, digits, `_` and
 * `-`; so does a plugin, as it likes. Which it is, and where the server's name ends, tell only the names of the
 * servers.
 *
 * @param servers the names of the MCP servers that opencode had, as configured
 */
export function originOf({ name, own, provider }: ToolRun, servers: readonly string[]): Origin {
  if (provider) return { origin: "provider", server: provider.server };
  if (servers.length === 0) return own ? OWN : UNKNOWN;
  const matching = serversOfTool(name, servers);
  // A server's tool may have been given the name of one of opencode's own.
  if (own) return matching.length === 0 ? OWN : UNKNOWN;
  const [server] = matching;
  return server !== undefined && matching.length === 1 ? { origin: "mcp", server } : UNKNOWN;
}

/**
 * A server by the name that opencode gives it in code mode.
 *
 * @returns the name as configured; the same again where no server, or several, are called so
 */
export function configuredName(name: string, servers: readonly string[]): string {
  const same = [...new Set(servers)].filter((server) => nameInTools(server) === name);
  return same.length === 1 ? (same[0] ?? name) : name;
}
