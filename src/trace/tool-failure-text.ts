import { tellingArgument } from "../text/telling-argument.js";
import { oneLine, shortenTo } from "../text/terminal-text.js";
import type { Tool } from "./model.js";

/** A line of a list shows less of it; the whole stands in the tool's input. */
const COLUMNS = 120;

/**
 * What failed, then how: `npm test: exit 1`.
 *
 * @param directory the session's, where paths are to be told from there
 * @returns null for a tool that did not fail
 */
export function toolFailureText(tool: Pick<Tool, "input" | "failure">, directory?: string): string | null {
  const how = howItFailed(tool);
  if (how === null) return null;
  const what = toolSubject(tool.input);
  if (what === "") return how;
  const isSaid = how.includes(what);
  if (directory === undefined) return isSaid ? how : `${what}: ${how}`;
  // A tool may speak of its file itself, as in `File not found: …`; a narrow line would lose it at the end.
  const rest = how.endsWith(what) ? how.slice(0, -what.length).replace(/[\s:]+$/, "") : how;
  return isSaid && rest === how ? how : [withoutDirectory(what, directory), rest].filter(Boolean).join(": ");
}

/** A path as it is called in the directory; others stay as they are. Outside of git opencode leaves out the first slash. */
export function withoutDirectory(path: string, directory: string): string {
  const prefix = `${directory.replace(/^\//, "")}/`;
  const rest = path.replace(/^\//, "");
  return prefix !== "/" && rest.startsWith(prefix) ? rest.slice(prefix.length) : path;
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
