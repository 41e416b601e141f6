import type { Masking } from "../masking/mask.js";
import type { AgentSettings } from "./agent-settings.js";

/** What of a request says what is secret in it. */
export interface Asked {
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly masking?: Masking | undefined;
  readonly mcp?: AgentSettings["mcp"];
}

/**
 * What is masked in all that a run tells. The agent prints the environment that it was given, if any.
 *
 * @param passwords of the servers that were used
 */
export function runMasking({ environment, masking, mcp = [] }: Asked, passwords: readonly string[] = []): Masking {
  if (masking === false) return false;
  // opencode has them in its configuration, which an agent can read.
  const headers = mcp.flatMap((server) => Object.values(server.headers ?? {}));
  const bare = headers.map((value) => value.replace(/^(?:Bearer|Basic|Token)\s+/i, ""));
  return {
    environment,
    ...masking,
    secrets: [...(masking?.secrets ?? []), ...headers, ...bare, ...passwords],
  };
}
