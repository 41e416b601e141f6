import { cost, count, plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import type { UnusedTools } from "./context-bill.js";

/** `MCP server jira: 14 tools, 9,800 tokens, never called, $0.4100 so far`; of opencode's own, and of some, which. */
export function unusedText({ name, tools, all, tokens, cost: usd, origin }: UnusedTools): string {
  const paid = usd === null ? "" : `, ${cost(usd)} so far`;
  const which = all && origin !== "opencode" ? "" : ` (${tools.map(oneLine).join(", ")})`;
  return `${oneLine(name)}: ${plural(tools.length, "tool")}, ${count(tokens)} tokens, never called${paid}${which}`;
}
