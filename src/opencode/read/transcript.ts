import { plainText } from "../../text/plain-text.js";
import type { Part, SessionExport, SessionTree, ToolPart } from "../schema/session-export.js";
import { taskSessionId } from "./task-session.js";

/** Longer texts are cut in the middle of the transcript; the export has them whole. */
const LONGEST_TEXT = 20_000;
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
  for (const message of session.messages) {
    for (const part of message.parts) {
      lines.push(...partLines(part, message.info.role));
      if (part.type !== "tool") continue;
      const child = children.find(({ session: { info } }) => info.id === taskSessionId(part) && !placed.has(info.id));
      if (!child) continue;
      placed.add(child.session.info.id);
      lines.push(...indent(sessionLines(child)));
    }
    if (message.info.role === "assistant" && message.info.error) {
      lines.push(...block(`Error] ${message.info.error.name}`, describeError(message.info.error.data)));
    }
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

function partLines(part: Part, role: "user" | "assistant"): string[] {
  switch (part.type) {
    case "text":
      if (part.text.trim() === "") return [];
      if (role === "assistant") return block("Response]", part.text);
      if (part.ignored) return block("Notice] (shown to people, sent to no model)", part.text);
      return block(part.synthetic ? "User] (added by opencode)" : "User]", part.text);
    case "reasoning":
      return part.text.trim() === "" ? [] : block("Thinking]", part.text);
    case "tool":
      return toolLines(part);
    case "file":
      return block(`File] ${oneLine(part.filename ?? "")} (${oneLine(part.mime)})`, "");
    case "compaction":
      return block("Compaction]", "");
    case "subtask":
      return block(`Subtask] ${oneLine(part.agent)}`, part.prompt);
    case "step-start":
    case "step-finish":
    case "patch":
      return [];
    default:
      return part satisfies never;
  }
}

function toolLines(part: ToolPart): string[] {
  const { state } = part;
  const call = block(`Tool Call] ${oneLine(part.tool)}`, argumentText(state.input));
  switch (state.status) {
    case "completed":
      return [...call, ...block("Tool Result]", state.output || "(empty)")];
    case "error":
      return [...call, ...block("Tool Result] failed", state.error ?? "")];
    case "running":
    case "pending":
      return [...call, ...block(`Tool Result] none: the call was still ${state.status}`, "")];
    default:
      return state satisfies never;
  }
}

function argumentText(input: unknown): string {
  if (typeof input === "string") return input;
  return JSON.stringify(input, null, 2) ?? "";
}

function describeError(data: unknown): string {
  if (typeof data === "object" && data !== null && "message" in data && typeof data.message === "string") {
    return data.message;
  }
  return data === undefined ? "" : argumentText(data);
}

/** A label in brackets, the text below it, and an empty line. */
function block(label: string, text: string): string[] {
  const body = plainText(cut(text)).trimEnd();
  return body === "" ? [`[${label}`, ""] : [`[${label}`, ...body.split("\n"), ""];
}

function cut(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  const kept = text.slice(0, LONGEST_TEXT).toWellFormed();
  return `${kept}\n… ${text.length - LONGEST_TEXT} of ${text.length} characters left out here`;
}

function oneLine(text: string): string {
  return plainText(text).replaceAll(/\s+/g, " ").trim();
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? line : INDENT + line));
}
