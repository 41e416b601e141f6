import { expect, test } from "vitest";
import { sentMessage, sentSystem } from "../../src/trace/sent-messages.js";
import { parseRequest } from "../../src/wire/protocol/parse-request.js";
import { exchangeOf } from "../wire/exchanges.js";

function messagesOf(path: string, body: object) {
  const request = parseRequest(exchangeOf(path, body));
  return request && [...sentSystem(request), ...request.messages.flatMap(sentMessage)];
}

test("a chat is what was sent, whatever the provider calls its parts", () => {
  const chat = messagesOf("/v1/chat/completions", {
    model: "m1",
    messages: [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "Look." },
          { type: "text", text: "Now." },
        ],
      },
      {
        role: "assistant",
        content: "I look.",
        tool_calls: [{ id: "c1", type: "function", function: { name: "read", arguments: '{"path":"a"}' } }],
      },
      { role: "tool", tool_call_id: "c1", content: "It says b." },
    ],
  });
  expect(chat).toEqual([
    { role: "system", content: "Be brief." },
    {
      role: "user",
      content: [
        { type: "text", text: "Look." },
        { type: "text", text: "Now." },
      ],
    },
    {
      role: "assistant",
      content: "I look.",
      tool_calls: [{ id: "c1", type: "function", function: { name: "read", arguments: '{"path":"a"}' } }],
    },
    { role: "tool", content: "It says b.", tool_call_id: "c1", name: "read" },
  ]);
});

test("thinking, results in a user's message and files have their places", () => {
  const chat = messagesOf("/v1/messages", {
    model: "claude",
    system: "Be brief.",
    messages: [
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm.", signature: "s" },
          { type: "tool_use", id: "t1", name: "read", input: { path: "a" } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "t1", content: "It says b." },
          { type: "text", text: "And?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
        ],
      },
    ],
  });
  expect(chat).toEqual([
    { role: "system", content: "Be brief." },
    {
      role: "assistant",
      content: "",
      thinking: [{ type: "thinking", content: "Hm." }],
      tool_calls: [{ id: "t1", type: "function", function: { name: "read", arguments: '{"path":"a"}' } }],
    },
    { role: "tool", content: "It says b.", tool_call_id: "t1", name: "read" },
    {
      role: "user",
      content: [
        { type: "text", text: "And?" },
        { type: "file", mime: "image/png", filename: null },
      ],
    },
  ]);
});
