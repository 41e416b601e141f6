import type { Attachment, FilePart, ToolPart, UserMessage } from "../opencode/session.js";
import type { ChatMessage, ContentPart, FileFacts } from "./model.js";
import { promptText } from "./prompt-text.js";
import { isProviderExecuted } from "./provider-tools.js";
import { wantedTool } from "./tool-facts.js";

/**
 * A user message as the input of the call that answers it; plain text stays plain text. What is only shown to people,
 * and sent to no model, is none.
 */
export function userInput(message: UserMessage): ChatMessage {
  const content = message.parts.flatMap((part): ContentPart[] => {
    switch (part.type) {
      case "text":
        if (part.ignored) return [];
        return part.synthetic
          ? [{ type: "text", text: part.text, synthetic: true }]
          : [{ type: "text", text: promptText(part.text) }];
      case "file":
        return [{ type: "file", ...fileFacts(part) }];
      case "compaction":
        return [{ type: "compaction", auto: part.auto ?? false, overflow: part.overflow ?? false }];
      case "subtask":
        return [
          {
            type: "subtask",
            agent: part.agent,
            prompt: part.prompt,
            description: part.description ?? null,
            command: part.command ?? null,
          },
        ];
      default:
        return [];
    }
  });
  const only = content.length === 1 ? content[0] : undefined;
  return { role: "user", content: only?.type === "text" ? only.text : content };
}

/**
 * The result that the model is told; nothing while the tool has none, nor for what the provider ran: its result came
 * with the answer, and is part of that when it is sent again.
 */
export function toolResult(part: ToolPart): ChatMessage[] {
  const { state } = part;
  if (state.status !== "completed" && state.status !== "error") return [];
  if (isProviderExecuted(part)) return [];
  const failed = state.status === "error" || part.tool === "invalid";
  const attachments = state.status === "completed" ? (state.attachments ?? []) : [];
  return [
    {
      role: "tool",
      tool_call_id: part.callID,
      name: wantedTool(part),
      content: (state.status === "completed" ? state.output : state.error) ?? "",
      ...(failed ? { is_error: true as const } : {}),
      ...(attachments.length > 0 ? { attachments: attachments.map(fileFacts) } : {}),
    },
  ];
}

export function fileFacts(file: FilePart | Attachment): FileFacts {
  return { mime: file.mime, filename: file.filename ?? null, url: file.url };
}
