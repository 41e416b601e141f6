import { fieldsOf } from "../../text/json-fields.js";
import type { Tool } from "../../trace/model.js";
import type { TalkTool } from "./conversation.js";

/** A file that was read, by one call. */
export interface FileRead extends TalkTool {
  /** Its path, from the root. */
  readonly file: string;
}

/** A read of what a conversation held already. */
export interface Reread {
  readonly again: FileRead;
  /** The last read that had it. */
  readonly before: FileRead;
}

const WRITERS: ReadonlySet<string> = new Set(["edit", "write", "multiedit"]);
const PATCHERS: ReadonlySet<string> = new Set(["patch", "apply_patch"]);
const SHELLS: ReadonlySet<string> = new Set(["bash", "shell"]);

/** What of files the model knows, as it reads and writes one after the other. */
export interface KnownFiles {
  /** Takes what a tool did. @returns the read before, where this one told nothing new */
  take(tool: TalkTool): Reread | undefined;
  /** The same with nothing forgotten of what is known: the read of a file's content, if there is one. */
  find(read: FileRead): FileRead | undefined;
}

/**
 * Watches reads within one turn. A file is known as long as nothing that names it may have changed it: no tool that
 * writes, and no command.
 *
 * @param directory the session's, which relative paths are in
 */
export function knownFiles(directory: string): KnownFiles {
  const known = new Map<string, FileRead[]>();
  const find = ({ file, tool }: FileRead): FileRead | undefined =>
    known.get(file)?.findLast((before) => holds(before.tool, tool));
  return {
    find,
    take: (one) => {
      const read = readOf(one, directory);
      if (!read) {
        forget(known, one.tool, directory);
        return undefined;
      }
      const before = find(read);
      known.set(read.file, [...(known.get(read.file) ?? []), read]);
      return before && { again: read, before };
    },
  };
}

/** A read that went well; undefined for all else. */
export function readOf(one: TalkTool, directory: string): FileRead | undefined {
  const { name, outcome, failure, input, output, attachments } = one.tool;
  if (name !== "read" || outcome !== "completed" || failure || !output || attachments.length > 0) return undefined;
  const path = pathOf(input);
  return path === undefined ? undefined : { ...one, file: absolute(path, directory) };
}

/** A path as people know it: without the session's directory. */
export function shortPath(path: string, directory: string): string {
  const inside = `${directory.replace(/\/$/, "")}/`;
  return inside !== "/" && path.startsWith(inside) ? path.slice(inside.length) : path;
}

function forget(known: Map<string, FileRead[]>, { name, input, failure }: Tool, directory: string): void {
  // An edit that failed has changed nothing; a command may have done so before it failed.
  if (failure && !SHELLS.has(name)) return;
  if (PATCHERS.has(name)) known.clear();
  else if (WRITERS.has(name)) {
    const path = pathOf(input);
    if (path === undefined) known.clear();
    else known.delete(absolute(path, directory));
  } else if (SHELLS.has(name)) {
    const { command } = fieldsOf(input);
    for (const path of known.keys()) {
      const file = path.slice(path.lastIndexOf("/") + 1);
      if (typeof command !== "string" || command.includes(file)) known.delete(path);
    }
  }
}

function pathOf(input: unknown): string | undefined {
  const { filePath, path } = fieldsOf(input);
  const found = filePath ?? path;
  return typeof found === "string" && found !== "" ? found : undefined;
}

function absolute(path: string, directory: string): string {
  return /^(?:\/|[A-Za-z]:[\\/])/.test(path)
    ? path
    : `${directory.replace(/\/$/, "")}/${path.replace(/^(?:\.\/)+/, "")}`;
}

/** Whether an earlier result has all that a later one has: the same text, or all of its numbered lines. */
function holds(before: Tool, after: Tool): boolean {
  if (before.output === after.output) return true;
  const lines = numberedLines(after.output ?? "");
  if (lines.length === 0) return false;
  const had = new Set(numberedLines(before.output ?? ""));
  return lines.every((line) => had.has(line));
}

/** The lines of a file as opencode's read tells them: `12: text`, before 1.17 `00012| text`. */
function numberedLines(output: string): readonly string[] {
  return output.split("\n").filter((line) => /^\s*\d+(?:: |\| |\t)/.test(line));
}
