import type { Part, SessionExportV1, ToolPart } from "../schema/session-export.js";
import { taskSessionId } from "./task-session.js";
import { argumentText, block, describeError, entry, oneLine, type TranscriptEntry } from "./transcript-lines.js";

/** What a session of opencode 1 says, in order. */
export function entriesOf({ messages }: SessionExportV1): readonly TranscriptEntry[] {
  return messages.flatMap(({ info, parts }) => [
    ...parts.map((part): TranscriptEntry => {
      const lines = partLines(part, info.role);
      return { lines, child: part.type === "tool" ? taskSessionId(part) : null };
    }),
    ...(info.role === "assistant" && info.error
      ? [entry(block(`Error] ${info.error.name}`, describeError(info.error.data)))]
      : []),
  ]);
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
