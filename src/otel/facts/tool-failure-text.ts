import { tellingArgument } from "../../text/telling-argument.js";
import { oneLine, shortenTo } from "../../text/terminal-text.js";
import type { Tool } from "../../trace/model.js";

/** A line of a list shows less of it; the whole stands in the tool's input. */
const COLUMNS = 120;

/** What failed, then how: `npm test: exit 1`. @returns null for a tool that did not fail */
export function toolFailureText(tool: Pick<Tool, "input" | "failure">): string | null {
  const how = howItFailed(tool);
  if (how === null) return null;
  const what = toolSubject(tool.input);
  // A tool may speak of its file itself, as in `File not found: …`.
  return what === "" || how.includes(what) ? how : `${what}: ${how}`;
}

/** How a tool failed, in a line's words, without what it was called for. @returns null where it did not */
export function howItFailed({ failure }: Pick<Tool, "failure">): string | null {
  if (!failure) return null;
  const { kind, exitCode, message } = failure;
  return kind === "nonzero_exit" && exitCode !== undefined ? `exit ${exitCode}` : oneLine(message);
}

/** The command, path or pattern that a tool was called for, on one line; empty where its arguments do not say. */
export function toolSubject(input: unknown): string {
  return shortenTo(oneLine((tellingArgument(input) ?? "").slice(0, COLUMNS * 8)), COLUMNS);
}
