import type { Reply } from "./scenario.js";
import {
  argumentsText,
  bareEvent,
  callId,
  type Frame,
  fieldOf,
  finishOf,
  pieces,
  textsWithRole,
  type WireProtocol,
} from "./wire-protocol.js";

const finishReasons = {
  stop: "stop",
  "tool-calls": "tool_calls",
  length: "length",
  "content-filter": "content_filter",
  unknown: "eos_token",
} as const;

/** OpenAI's chat completions, with the `reasoning_content` that compatible providers add. */
export const chatCompletions: WireProtocol = {
  path: "/v1/chat/completions",

  frames(reply, request) {
    const head = {
      id: `chatcmpl-${request.number}`,
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: request.model,
    };
    const delta = (kind: Frame["kind"], change: object, finish: string | null = null): Frame => ({
      kind,
      data: bareEvent(JSON.stringify({ ...head, choices: [{ index: 0, delta: change, finish_reason: finish }] })),
    });

    const frames = [delta("open", { role: "assistant", content: "" })];
    if (reply.reasoning !== undefined) {
      for (const piece of pieces(reply.reasoning, reply.chunks)) {
        frames.push(delta("content", { reasoning_content: piece }));
      }
    }
    if (reply.text !== undefined) {
      for (const piece of pieces(reply.text, reply.chunks)) frames.push(delta("content", { content: piece }));
    }
    reply.toolCalls.forEach((call, index) => {
      pieces(argumentsText(call), call.chunks).forEach((piece, part) => {
        const announced =
          part === 0
            ? { id: callId(call, request.number, index), type: "function", function: { name: call.name } }
            : {};
        const toolCall = {
          index,
          ...announced,
          function: { ...announced.function, arguments: piece },
        };
        frames.push(delta("arguments", { tool_calls: [toolCall] }));
      });
    });

    frames.push(delta("close", {}, finishReasons[finishOf(reply)]));
    if (reply.usage) {
      const data = JSON.stringify({ ...head, choices: [], usage: usageOf(reply.usage) });
      frames.push({ kind: "close", data: bareEvent(data) });
    }
    frames.push({ kind: "close", data: bareEvent("[DONE]") });
    return frames;
  },

  userTexts: (body) => textsWithRole(fieldOf(body, "messages"), "user"),
  systemText: (body) => textsWithRole(fieldOf(body, "messages"), "system").join("\n"),
};

function usageOf(usage: NonNullable<Reply["usage"]>) {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}
