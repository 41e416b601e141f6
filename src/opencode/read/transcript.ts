import type { SessionExport, SessionTree } from "../schema/exported-session.js";
import { entriesOf2 } from "../v2/read/transcript-entries.js";
import { entriesOf } from "./transcript-entries.js";
import { oneLine } from "./transcript-lines.js";

const INDENT = "    ";

/**
 * A session to read: what the user said, what the model thought and answered, which tools it called with what result.
 * A subagent's session stands, indented, below the call that started it. Control characters are taken out, and what is
 * very long is cut with a line that says how much is missing.
 */
export function transcriptOf(tree: SessionTree): string {
  return `${sessionLines(tree).join("\n").trimEnd()}\n`;
}

function sessionLines({ session, children }: SessionTree): string[] {
  const placed = new Set<string>();
  const lines = heading(session);
  for (const { lines: own, child: id } of session.generation === 1 ? entriesOf(session) : entriesOf2(session)) {
    lines.push(...own);
    const child = children.find(({ session: { info } }) => info.id === id && !placed.has(info.id));
    if (!child) continue;
    placed.add(child.session.info.id);
    lines.push(...indent(sessionLines(child)));
  }
  // A sanitised parent has lost its links; its children are shown nevertheless.
  for (const child of children) {
    if (!placed.has(child.session.info.id)) lines.push(...indent(sessionLines(child)));
  }
  return lines;
}

function heading({ info }: SessionExport): string[] {
  const title = oneLine(info.title);
  const directory = oneLine(info.directory);
  return [
    `=== ${info.id}${title === "" ? "" : `: ${title}`}`,
    `    ${new Date(info.time.created).toISOString()}  opencode ${oneLine(info.version)}  ${directory}`.trimEnd(),
    "",
  ];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? line : INDENT + line));
}
