/** What has to be known beside a request to say whose its parts are. */
export interface OwnerFacts {
  /** The names of the MCP servers that opencode had, as configured; null: not known. */
  readonly mcpServers: readonly string[] | null;
  /** opencode's agent that asked; null: not known. */
  readonly agent: string | null;
}

/** Where nothing is known. */
export const NO_OWNER_FACTS: OwnerFacts = { mcpServers: null, agent: null };
