import { durationMs } from "../text/duration-ms.js";
import type { ToolBudget, ToolStat } from "./budgets.js";

/** What a limit for tools looks like, for messages. */
export const TOOL_BUDGET_FORM = "[tool:]stat=duration, such as p90=5s, bash:p99=30s or max=1m";

/**
 * `p90=5s`, `bash:p99=30s`, `max=1m`, `task:sum=10m`: a statistic of the durations of one tool, or of all,
 * which `all:p90=5s` and `*:p90=5s` mean too. A tool of that name is none, and a budget of one never called
 * would always hold.
 *
 * @returns undefined when the text is none
 */
export function toolBudget(text: string): ToolBudget | undefined {
  const match = /^(?:(?<tool>.+):)?(?<stat>[^:=]+)=(?<limit>[^=]+)$/.exec(text.trim());
  const stat = match?.groups?.stat?.trim();
  const limit = durationMs(match?.groups?.limit ?? "");
  if (stat === undefined || !isStat(stat) || limit === undefined) return undefined;
  const tool = match?.groups?.tool?.trim() ?? null;
  return { kind: "tool", tool: tool !== null && ALL_TOOLS.test(tool) ? null : tool, stat, limit };
}

const ALL_TOOLS = /^(?:all|\*)$/i;

/** Percentiles above 0, up to 100; a half may matter: `p99.9`. */
function isStat(text: string): text is ToolStat {
  if (text === "max" || text === "sum") return true;
  const digits = /^p(\d{1,3}(?:\.\d{1,3})?)$/.exec(text)?.[1];
  return digits !== undefined && Number(digits) > 0 && Number(digits) <= 100;
}
