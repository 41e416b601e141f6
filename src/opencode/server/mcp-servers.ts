import type { OpencodeClient } from "@opencode-ai/sdk/v2/client";
import { z } from "zod";
import { serversIn } from "../program/configured-servers.js";

const statuses = z.record(z.string(), z.looseObject({ status: z.string() }));

/**
 * The names of the MCP servers that a running opencode has in the client's directory: those of its configuration, and
 * those that were added while it ran. One that is off is none of them.
 *
 * @returns undefined where the server does not say
 */
export async function mcpServersOf(
  client: OpencodeClient,
  { added, signal }: { readonly added: boolean; readonly signal?: AbortSignal | undefined },
): Promise<readonly string[] | undefined> {
  const options = signal ? { signal } : {};
  const [config, status] = await Promise.all([
    client.config.get({}, options).catch(() => undefined),
    // Asking for this has opencode connect to all of them, if it has not yet.
    added ? client.mcp.status({}, options).catch(() => undefined) : undefined,
  ]);
  const told = statuses.safeParse(status?.data).data;
  if (!config?.data && !told) return undefined;
  const isOn = new Map(serversIn(config?.data));
  for (const [name, about] of Object.entries(told ?? {})) isOn.set(name, about.status !== "disabled");
  return [...isOn].flatMap(([name, on]) => (on ? [name] : []));
}
