import {
  argumentText,
  block,
  describeError,
  entry,
  oneLine,
  type TranscriptEntry,
} from "../../read/transcript-lines.js";
import type {
  AssistantMessageV2,
  MessageContent,
  MessageV2,
  SessionExportV2,
  ToolContent,
} from "../schema/session-export.js";
import { subagentSessionId } from "./subagent-session.js";
import { toolText } from "./tool-text.js";

/** What a session of opencode 2 says, in order. */
export function entriesOf2({ messages }: SessionExportV2): readonly TranscriptEntry[] {
  return messages.flatMap((message, index) => {
    if (message.type === "assistant") return answerEntries(message);
    return isTold(message, messages[index - 1]) ? [] : [entry(messageLines(message))];
  });
}

/** What ended the turn stands on its last answer too. */
function isTold(message: MessageV2, before: MessageV2 | undefined): boolean {
  return message.type === "idle" && before?.type === "assistant" && before.error?.name === message.error?.name;
}

function answerEntries({ content, error }: AssistantMessageV2): readonly TranscriptEntry[] {
  const said = content.map(
    (item): TranscriptEntry => ({
      lines: contentLines(item),
      child: item.type === "tool" ? subagentSessionId(item) : null,
    }),
  );
  return error ? [...said, entry(errorLines(error))] : said;
}

function messageLines(message: Exclude<MessageV2, AssistantMessageV2>): readonly string[] {
  switch (message.type) {
    case "user":
      return [
        ...(message.text.trim() === "" ? [] : block("User]", message.text)),
        ...message.files.flatMap(({ name, mime }) => block(`File] ${oneLine(name ?? "")} (${oneLine(mime)})`, "")),
      ];
    case "synthetic":
      return block("User] (added by opencode)", message.text);
    case "system":
      return block("System] (added by opencode)", message.text);
    case "skill":
      return block(`Skill] ${oneLine(message.name ?? message.skill ?? "")}`, message.text);
    case "shell":
      return [...block("Command]", message.command), ...block("Command Result]", message.output?.output || "(empty)")];
    case "compaction":
      return [...block("Compaction]", message.summary), ...(message.error ? errorLines(message.error) : [])];
    case "idle":
      return message.error ? errorLines(message.error) : [];
    case "agent-switched":
      return block(`Agent] ${oneLine(message.agent ?? "")}`, "");
    case "model-switched":
      return block(`Model] ${oneLine(message.model ? `${message.model.providerID}/${message.model.id}` : "")}`, "");
    case "location-switched":
      return block(`Directory] ${oneLine(message.location?.directory ?? "")}`, "");
    default:
      return message satisfies never;
  }
}

function errorLines({ name, data }: { readonly name: string; readonly data?: unknown }): readonly string[] {
  return block(`Error] ${oneLine(name)}`, describeError(data));
}

function contentLines(item: MessageContent): readonly string[] {
  switch (item.type) {
    case "text":
      return item.text.trim() === "" ? [] : block("Response]", item.text);
    case "reasoning":
      return item.text.trim() === "" ? [] : block("Thinking]", item.text);
    case "tool":
      return toolLines(item);
    default:
      return item satisfies never;
  }
}

function toolLines(tool: ToolContent): readonly string[] {
  const { name, state } = tool;
  const call = block(`Tool Call] ${oneLine(name)}`, argumentText(state.input));
  switch (state.status) {
    case "completed":
      return [...call, ...block("Tool Result]", toolText(tool) || "(empty)")];
    case "error":
      return [...call, ...block("Tool Result] failed", toolText(tool) ?? "")];
    case "running":
    case "streaming":
      return [...call, ...block(`Tool Result] none: the call was still ${state.status}`, "")];
    default:
      return state satisfies never;
  }
}
