import type { SegmentOwner } from "../segment.js";
import type { OwnerFacts } from "./owner-facts.js";
import { serversOfTool } from "./tool-server.js";

/** The tools that opencode brings along, of all versions from 1.15 on and of opencode 2. */
const OWN: ReadonlySet<string> = new Set([
  ...["bash", "shell", "read", "write", "edit", "multiedit", "patch", "apply_patch", "glob", "grep", "list", "ls"],
  ...["task", "subagent", "todowrite", "todoread", "webfetch", "websearch", "codesearch", "skill", "lsp", "question"],
  ...["batch", "plan_enter", "plan_exit", "invalid", "execute", "StructuredOutput"],
  ...["list_mcp_resources", "list_mcp_resource_templates", "read_mcp_resource"],
]);

/** Whose a tool's schema is, by its name. */
export function toolSchemaOwner(tool: string, { mcpServers }: OwnerFacts): SegmentOwner & { kind: "tool-schema" } {
  const servers = serversOfTool(tool, mcpServers ?? []);
  const owner = (origin: "opencode" | "mcp" | "plugin" | "unknown", server: string | null = null) =>
    ({ kind: "tool-schema", tool, origin, server }) as const;
  // A server's tool may have been given the name of one of opencode's own.
  if (OWN.has(tool)) return servers.length === 0 ? owner("opencode") : owner("unknown");
  const [server] = servers;
  if (server !== undefined) return servers.length === 1 ? owner("mcp", server) : owner("unknown");
  return owner(mcpServers === null ? "unknown" : "plugin");
}
