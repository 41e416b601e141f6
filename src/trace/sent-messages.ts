import type { ParsedRequest, RequestMessage, RequestPart } from "../wire/protocol/parsed-request.js";
import type { SentMessage, SentPart } from "./wire-facts.js";

/** One message; tools' results that stand in a person's are messages of their own. */
export function sentMessage(message: RequestMessage): readonly SentMessage[] {
  return message.role === "assistant" ? [answer(message)] : told(message);
}

/** The texts of the system prompt. */
export function sentSystem({ system }: ParsedRequest): readonly SentMessage[] {
  return system.map(({ text }): SentMessage => ({ role: "system", content: text }));
}

function answer({ parts }: RequestMessage): SentMessage {
  const thinking = parts.flatMap((part) =>
    part.kind === "thinking" && part.text !== "" ? [{ type: "thinking" as const, content: part.text }] : [],
  );
  const calls = parts.flatMap((part) =>
    part.kind === "tool-call"
      ? [{ id: part.callId, type: "function" as const, function: { name: part.tool, arguments: part.text } }]
      : [],
  );
  return {
    role: "assistant",
    content: contentOf(parts),
    ...(thinking.length > 0 ? { thinking } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** Some providers have tools' results in the user's messages. */
function told({ role, parts }: RequestMessage): readonly SentMessage[] {
  const results = parts.flatMap((part): SentMessage[] =>
    part.kind === "tool-result"
      ? [
          {
            role: "tool",
            content: part.text,
            ...(part.callId === null ? {} : { tool_call_id: part.callId }),
            ...(part.tool === null ? {} : { name: part.tool }),
          },
        ]
      : [],
  );
  const rest = parts.filter(({ kind }) => kind !== "tool-result");
  return rest.length === 0 && results.length > 0 ? results : [...results, { role, content: contentOf(rest) }];
}

function contentOf(parts: readonly RequestPart[]): string | readonly SentPart[] {
  const content = parts.flatMap((part): SentPart[] => {
    if (part.kind === "text" || part.kind === "other")
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    return part.kind === "attachment" ? [{ type: "file", mime: part.mime, filename: part.filename }] : [];
  });
  const [only] = content;
  if (!only) return "";
  return content.length === 1 && only.type === "text" ? only.text : content;
}
