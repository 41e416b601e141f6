/**
 * The servers that have the longest prefix of a tool's name; several have the same, where only other characters tell
 * them apart.
 *
 * opencode names a tool of an MCP server `<server>_<tool>`, with `_` for all characters but letters, digits, `_` and
 * `-`. Where the server's name ends, tell only the names of the servers.
 *
 * @param servers the names of the MCP servers that opencode had, as configured
 */
export function serversOfTool(tool: string, servers: readonly string[]): readonly string[] {
  let longest = 0;
  let found: string[] = [];
  for (const server of new Set(servers)) {
    const prefix = `${nameInTools(server)}_`;
    if (!tool.startsWith(prefix) || tool.length === prefix.length || prefix.length < longest) continue;
    if (prefix.length > longest) found = [];
    longest = prefix.length;
    found.push(server);
  }
  return found;
}

/** A server's name as opencode makes it part of a tool's. */
export function nameInTools(server: string): string {
  return server.replace(/[^a-zA-Z0-9_-]/g, "_");
}
