import type { Told, ToolRun } from "../opencode/model.js";
import type { ChatMessage } from "./model.js";

/** A message as the input of the call that answers it; plain text stays plain text. */
export function userInput({ content }: Told): ChatMessage {
  const only = content.length === 1 ? content[0] : undefined;
  return { role: "user", content: only?.type === "text" ? only.text : content };
}

/**
 * The result that the model is told; null while the tool has none, and for what the provider ran: its result came with
 * the answer, and is part of that when it is sent again.
 */
export function toolResult({
  status,
  provider,
  callId,
  name,
  output,
  facts,
  attachments,
}: ToolRun): ChatMessage | null {
  if (status === "pending" || status === "running" || provider !== null) return null;
  const told = { role: "tool", tool_call_id: callId, name, content: output ?? "" } as const;
  const failed = status === "error" || facts.tool === "invalid";
  if (!failed && attachments.length === 0) return told;
  return {
    ...told,
    ...(failed ? { is_error: true as const } : {}),
    ...(attachments.length > 0 ? { attachments } : {}),
  };
}
