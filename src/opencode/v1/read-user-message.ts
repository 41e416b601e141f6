import { promptText } from "../model/prompt-text.js";
import type { CompactionEvent, Told } from "../model/session.js";
import type { ContentPart, FileFacts } from "../model/values.js";
import type { Attachment, FilePart, Part, UserMessage } from "../schema/session-export.js";
import { compactionPart } from "./message-kinds.js";

/** A user message as what the model is told, and where it asks for a compaction that event before it. */
export function readUserMessage(message: UserMessage): readonly (CompactionEvent | Told)[] {
  const { id, time } = message.info;
  const compaction = compactionPart(message);
  const told: Told = { kind: "told", id, at: time.created, content: message.parts.flatMap(contentOf) };
  if (!compaction) return [told];
  const { auto = false, overflow = false } = compaction;
  return [{ kind: "event", name: "compaction", id, at: time.created, auto, overflow, summary: null }, told];
}

/** What is only shown to people, and sent to no model, is none. */
function contentOf(part: Part): readonly ContentPart[] {
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
}

export function fileFacts(file: FilePart | Attachment): FileFacts {
  return { mime: file.mime, filename: file.filename ?? null, url: file.url };
}
