/** The tools that opencode 1.15 to 1.18, and versions before, bring along. */
const OF_1: ReadonlySet<string> = new Set([
  ...["bash", "shell", "read", "write", "edit", "multiedit", "patch", "apply_patch", "glob", "grep", "list", "ls"],
  ...["task", "todowrite", "todoread", "webfetch", "websearch", "codesearch", "skill", "lsp", "question", "batch"],
  ...["plan_enter", "plan_exit", "invalid", "execute", "StructuredOutput"],
  ...["list_mcp_resources", "list_mcp_resource_templates", "read_mcp_resource"],
]);

/** The tools that opencode 2 brings along, and those of sessions that came from opencode 1. */
const OF_2: ReadonlySet<string> = new Set([
  ...["shell", "read", "write", "edit", "patch", "apply_patch", "glob", "grep", "list", "webfetch", "websearch"],
  ...["subagent", "skill", "question", "execute", "lsp", "codesearch", "plan_enter", "plan_exit"],
  ...["bash", "task", "todowrite", "todoread", "multiedit", "invalid", "batch", "StructuredOutput"],
  ...["list_mcp_resources", "list_mcp_resource_templates", "read_mcp_resource"],
]);

/** Whether opencode itself brings a tool of that name along. */
export function isOwnTool(name: string, generation: 1 | 2): boolean {
  return (generation === 1 ? OF_1 : OF_2).has(name);
}
