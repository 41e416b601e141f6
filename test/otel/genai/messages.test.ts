import { describe, expect, test } from "vitest";
import { answerMessages, inputMessages, outputMessages, toolDefinitions } from "../../../src/otel/genai/messages.js";
import { inputMessagesSchema, toolDefinitionsSchema } from "./schemas.js";

describe("messages", () => {
  test("of a person have their texts and name their files, without bytes", () => {
    const messages = inputMessages([
      {
        role: "user",
        content: [
          { type: "text", text: "Look.", synthetic: true },
          { type: "file", mime: "image/png", filename: "a.png", url: "data:image/png;base64,AAAA" },
          { type: "file", mime: "text/plain", filename: "b.txt", url: "file:///repo/b.txt" },
          { type: "compaction", auto: true, overflow: false },
        ],
      },
    ]);
    inputMessagesSchema.parse(messages);
    expect(messages[0]?.parts).toEqual([
      { type: "text", content: "Look.", synthetic: true },
      { type: "attachment", mime_type: "image/png", filename: "a.png" },
      { type: "uri", modality: "document", mime_type: "text/plain", uri: "file:///repo/b.txt", filename: "b.txt" },
      { type: "compaction", auto: true, overflow: false },
    ]);
  });

  test("of a tool answer its call", () => {
    const tool = { role: "tool", tool_call_id: "c1", name: "read", content: "no such file", is_error: true } as const;
    expect(inputMessages([tool])).toEqual([
      {
        role: "tool",
        parts: [{ type: "tool_call_response", id: "c1", response: "no such file", is_error: true }],
      },
    ]);
  });

  test("as they were sent have the thinking before the text, and arguments as values where they are JSON", () => {
    const call = (id: string, json: string) => {
      return { id, type: "function", function: { name: "read", arguments: json } } as const;
    };
    const messages = inputMessages([
      { role: "system", content: "Be brief." },
      {
        role: "assistant",
        content: "",
        thinking: [{ type: "thinking", content: "Hm." }],
        tool_calls: [call("c1", '{"a":1}'), call("c2", "{broken")],
      },
    ]);
    inputMessagesSchema.parse(messages);
    expect(messages).toEqual([
      { role: "system", parts: [{ type: "text", content: "Be brief." }] },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", content: "Hm." },
          { type: "tool_call", id: "c1", name: "read", arguments: { a: 1 } },
          { type: "tool_call", id: "c2", name: "read", arguments: "{broken" },
        ],
      },
    ]);
  });

  test("are none where nothing was answered", () => {
    expect(outputMessages({ thinking: null, text: null, toolCalls: [] }, "error")).toEqual([]);
    expect(answerMessages(null, "error")).toEqual([]);
  });

  test("of a typed answer hold it as JSON", () => {
    const parts = [{ type: "text", content: '{"ok":true}' }];
    expect(answerMessages({ ok: true }, "stop")).toEqual([{ role: "assistant", parts, finish_reason: "stop" }]);
  });
});

test("tools look alike whichever provider was told of them; a provider's own keep their type", () => {
  const parameters = { type: "object", properties: {} };
  const tools = toolDefinitions([
    { type: "function", function: { name: "a", description: "A.", parameters } },
    { name: "b", description: "B.", input_schema: parameters },
    { type: "function", name: "c", parameters, strict: false },
    { toolSpec: { name: "d", inputSchema: { json: parameters } } },
    { type: "web_search_20250305", name: "web_search", max_uses: 5 },
    { type: "custom", name: "e", input_schema: parameters },
    "no tool",
  ]);
  toolDefinitionsSchema.parse(tools);
  expect(tools).toEqual([
    { type: "function", name: "a", description: "A.", parameters },
    { type: "function", name: "b", description: "B.", parameters },
    { type: "function", name: "c", parameters },
    { type: "function", name: "d", parameters },
    { type: "web_search_20250305", name: "web_search", max_uses: 5 },
    { type: "function", name: "e", parameters },
    { type: "function", name: "function" },
  ]);
});
