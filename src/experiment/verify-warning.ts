import type { TaskResult } from "../batch/task-result.js";
import { verifiedText } from "../batch/verify-text.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";

const LAST_LINES = 3;
const LONGEST_LINE = 160;

/**
 * Where no run of any arm passed its verify command: the command is more likely at fault than every run. Most often it
 * needs what git ignores, and a worktree has none of that.
 */
export function verifyWarning(results: readonly Pick<TaskResult, "verify">[]): readonly string[] {
  const verified = results.flatMap(({ verify }) => verify ?? []);
  const [first] = verified;
  if (first === undefined || verified.some(({ passed }) => passed)) return [];
  const lines = first.output.split("\n").map((line) => shortenTo(oneLine(line), LONGEST_LINE).trim());
  const said = lines.filter(Boolean).slice(-LAST_LINES).join(" / ");
  return [
    `no run of any arm passed \`${shortenTo(oneLine(first.command), LONGEST_LINE)}\` (${verifiedText(first)}), so that "pass" tells nothing of the arms. It ended with: ${said || "no output"}. A run's worktree has nothing that git ignores, node_modules say: --verify "npm ci && npm test" installs it first`,
  ];
}
