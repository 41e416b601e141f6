import type { Reply } from "./scenario.js";
import {
  argumentsText,
  callId,
  type Frame,
  fieldOf,
  finishOf,
  namedEvent,
  pieces,
  textOf,
  textsWithRole,
  type WireProtocol,
} from "./wire-protocol.js";

const stopReasons = {
  stop: "end_turn",
  "tool-calls": "tool_use",
  length: "max_tokens",
  "content-filter": "refusal",
  unknown: "eos_token",
} as const;

/** Anthropic's messages. Its stream always has usage, so a reply without any reports zeros. */
export const messages: WireProtocol = {
  path: "/v1/messages",

  frames(reply, request) {
    const frames: Frame[] = [];
    const add = (kind: Frame["kind"], payload: { type: string; [key: string]: unknown }) =>
      frames.push({ kind, data: namedEvent(payload) });
    let index = 0;
    const block = (content: object, kind: Frame["kind"], deltas: readonly object[], last?: object) => {
      add("open", { type: "content_block_start", index, content_block: content });
      for (const delta of deltas) add(kind, { type: "content_block_delta", index, delta });
      if (last) add("open", { type: "content_block_delta", index, delta: last });
      add("open", { type: "content_block_stop", index });
      index += 1;
    };

    add("open", {
      type: "message_start",
      message: {
        id: `msg_${request.number}`,
        type: "message",
        role: "assistant",
        model: request.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { ...promptUsage(reply.usage), output_tokens: 1 },
      },
    });
    if (reply.reasoning !== undefined) {
      block(
        { type: "thinking", thinking: "" },
        "content",
        pieces(reply.reasoning, reply.chunks).map((thinking) => ({ type: "thinking_delta", thinking })),
        { type: "signature_delta", signature: `signature-of-message-${request.number}` },
      );
    }
    if (reply.text !== undefined) {
      block(
        { type: "text", text: "" },
        "content",
        pieces(reply.text, reply.chunks).map((text) => ({ type: "text_delta", text })),
      );
    }
    reply.toolCalls.forEach((call, position) => {
      block(
        { type: "tool_use", id: callId(call, request.number, position), name: call.name, input: {} },
        "arguments",
        pieces(argumentsText(call), call.chunks).map((partial) => ({
          type: "input_json_delta",
          partial_json: partial,
        })),
      );
    });
    add("close", {
      type: "message_delta",
      delta: { stop_reason: stopReasons[finishOf(reply)], stop_sequence: null },
      usage: { output_tokens: reply.usage?.output ?? 0 },
    });
    add("close", { type: "message_stop" });
    return frames;
  },

  userTexts: (body) => textsWithRole(fieldOf(body, "messages"), "user"),
  systemText: (body) => textOf(fieldOf(body, "system")),
};

/** Anthropic's input tokens are what was neither read from nor written to the cache. */
function promptUsage(usage: Reply["usage"]) {
  const { input, cached, cacheWrite } = usage ?? { input: 0, cached: 0, cacheWrite: 0 };
  return {
    input_tokens: input - cached - cacheWrite,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: cacheWrite,
  };
}
