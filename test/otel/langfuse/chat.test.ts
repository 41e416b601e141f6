import { describe, expect, test } from "vitest";
import { cleanValue } from "../../../src/otel/clean-value.js";
import { chatInput } from "../../../src/otel/langfuse/chat-input.js";
import { chatOutput } from "../../../src/otel/langfuse/chat-output.js";
import type { CallOutput, ChatMessage, SentMessage } from "../../../src/trace/model.js";
import { onlyOne } from "../../support/fixtures.js";
import { drawnByLangfuse, isMarkdownDrawn } from "../../support/langfuse-chat.js";

const PROMPT: readonly ChatMessage[] = [{ role: "user", content: "Fix it." }];
const answer = (said: Partial<CallOutput>): CallOutput => ({ thinking: null, text: null, toolCalls: [], ...said });
const call = (more: object = {}) => ({ id: "call_1", name: "bash", arguments: { command: "ls" }, ...more });
const LIMIT = 1_000_000;

/** As Langfuse has them: texts that hold JSON. */
function page(output: CallOutput, input: readonly (ChatMessage | SentMessage)[] = PROMPT) {
  const sent = chatInput(input);
  const shown = JSON.stringify(chatOutput(output, sent, LIMIT).output);
  return drawnByLangfuse(JSON.stringify(sent), shown);
}

describe("an answer on a call's page", () => {
  test("thinking folds, text is Markdown, each tool call is a card", () => {
    const output = answer({
      thinking: "Let me look.",
      text: "I **look**.",
      toolCalls: [call(), call({ id: "call_2" })],
    });
    expect(page(output)).toEqual([
      { role: "user", content: "text", thinking: [], toolCards: [] },
      {
        role: "assistant",
        content: "text",
        thinking: ["Let me look."],
        toolCards: Array(2).fill({ name: "bash", arguments: '{"command":"ls"}' }),
      },
    ]);
  });

  test.each([
    ["text alone", answer({ text: "Done." })],
    ["tool calls without a text", answer({ toolCalls: [call()] })],
    ["thinking alone", answer({ thinking: "Hm." })],
    ["arguments that are not known", answer({ toolCalls: [call({ arguments: null })] })],
    ["arguments that are no JSON", answer({ toolCalls: [call({ arguments: '{"command": "l' })] })],
    ["arguments that are a text", answer({ toolCalls: [call({ arguments: "true" })] })],
    ["arguments that nest", answer({ toolCalls: [call({ arguments: { edits: [{ old: '{"a":1}' }] } })] })],
    ["a text that is JSON", answer({ text: '{"files": ["a.ts"], "name": 5}' })],
    ["a text that is a list", answer({ text: "[1, 2]" })],
    ["a text that is a yes", answer({ text: "true" })],
    ["a text that is nothing to JSON", answer({ text: " null\n" })],
    ["a text that is a number", answer({ text: "42" })],
    ["thinking that is JSON", answer({ thinking: '{"plan": []}', text: "x" })],
    ["thinking that is a list of Python's", answer({ thinking: "['a', None]", text: "x" })],
    ["thinking that is a yes", answer({ thinking: "true", text: "x" })],
  ])("%s is drawn", (_, output) => {
    const drawn = page(output);
    expect(drawn?.at(-1)).toMatchObject({
      role: "assistant",
      thinking: output.thinking === null ? [] : [expect.stringContaining(output.thinking)],
      toolCards: output.toolCalls.map(({ name }) => ({ name })),
    });
    const content = drawn?.at(-1)?.content;
    if (output.text === null) expect(content).toBe("none");
    else expect(content).toMatch(/text|json/);
  });

  test("without anything to draw there is no message, and the prompt is drawn all the same", () => {
    expect(chatOutput(answer({}), PROMPT, LIMIT).output).toEqual(answer({}));
    expect(chatOutput(answer({ text: "" }), PROMPT, LIMIT).output).not.toHaveProperty("messages");
    expect(page(answer({}))?.map(({ role, content }) => [role, content])).toEqual([
      ["user", "text"],
      ["assistant", "json"],
    ]);
  });

  test("the contract's fields stand as they were", () => {
    const output = answer({ thinking: "true", text: "null", toolCalls: [call()] });
    expect(chatOutput(output, PROMPT, LIMIT).output).toMatchObject(output);
  });

  test("arguments whose JSON is longer than any text that is sent whole are shortened", () => {
    // Of each of these characters JSON makes six.
    const command = "\u0001".repeat(40_000);
    const whole = JSON.stringify({ command });
    const sentWith = (limit: number): string => {
      const { messages } = chatOutput(answer({ toolCalls: [call({ arguments: { command } })] }), [], limit).output;
      return JSON.parse(JSON.stringify(cleanValue(messages, limit)))[0].tool_calls[0].function.arguments;
    };
    for (const limit of [40_000, 100_000, 240_000]) {
      const text = sentWith(limit);
      expect(text).toContain(`[${whole.length - limit} of ${whole.length} characters left out]`);
      expect(text.length).toBeLessThan(limit + 100);
    }
    for (const limit of [250_000, 899_999, 900_000]) expect(sentWith(limit)).toBe(whole);
  });

  test("what the page would not draw as Markdown anyway is not sent twice, and is said", () => {
    const drawnAtMost = (length: number) => {
      const { output, left } = chatOutput(answer({ text: "x".repeat(length) }), PROMPT, LIMIT);
      return { left, isDrawn: isMarkdownDrawn(PROMPT, output), has: output.messages !== undefined };
    };
    expect(drawnAtMost(49_000)).toEqual({ left: false, isDrawn: true, has: true });
    expect(drawnAtMost(51_000)).toMatchObject({ left: true, has: false });
    const long: readonly ChatMessage[] = [{ role: "user", content: "y".repeat(74_000) }];
    expect(chatOutput(answer({ text: "x".repeat(5_000) }), long, LIMIT)).toMatchObject({ left: true });
  });

  test("half a character in arguments is mended before it is spelt out", () => {
    const { output } = chatOutput(
      answer({ toolCalls: [call({ arguments: { "x\ud83d": "y\ud83d" } })] }),
      PROMPT,
      LIMIT,
    );
    expect(JSON.stringify(output.messages)).not.toMatch(/ud83d/i);
  });
});

describe("an input on a call's page", () => {
  const result = (content: string): readonly ChatMessage[] => [
    { role: "tool", tool_call_id: "call_1", name: "bash", content },
  ];

  test.each([
    ["a text", "a.ts\nb.ts"],
    ["an empty text", ""],
    ["JSON", '{"a": 1, "b": {"c": []}, "d": null}'],
    ["a list", '[{"name": null}]'],
    ["a yes", "true"],
    ["a no of several lines", "false\n"],
    ["null", "null"],
    ["a number", "7"],
    ["a package.json", '{"name": "x", "version": "1.0.0", "type": "module", "scripts": {}}'],
    ["a name that is null", '{"name": null, "id": 1, "more": true}'],
    ["a content that is a number", '{"content": 5, "id": 1, "more": true}'],
    ["an answer of a model's", '{"role": "assistant", "content": null, "tool_calls": [{"id": null}]}'],
    ["a list of tools", '{"tools": {"bash": true}, "a": 1, "b": 2}'],
    ["thinking", '{"thinking": "x", "a": 1, "b": 2}'],
    ["a dictionary of Python's", "{'name': None, 'ok': True, 'n': 3}"],
  ])("a tool's result that is %s is drawn", (_, content) => {
    expect(page(answer({ text: "Done." }), result(content))?.at(-1)).toMatchObject({
      role: "assistant",
      content: "text",
    });
  });

  test("and one that Langfuse draws is left as it is", () => {
    const messages = result('{"a": 1, "b": {"c": []}, "d": null}');
    expect(chatInput(messages)).toEqual(messages);
  });

  test("a prompt of one word, or of JSON", () => {
    for (const content of ["true", '{"role": 5, "content": 7}', "[]"])
      expect(page(answer({ text: "x" }), [{ role: "user", content }])?.at(-1)).toMatchObject({ content: "text" });
  });

  test("the whole input: earlier answers without an id, with thinking that is JSON", () => {
    const sent: readonly SentMessage[] = [
      { role: "system", content: "You are." },
      {
        role: "user",
        content: [
          { type: "text", text: "Look." },
          { type: "file", mime: "image/png", filename: null },
        ],
      },
      {
        role: "assistant",
        content: "",
        thinking: [{ type: "thinking", content: "[]" }],
        tool_calls: [{ id: null, type: "function", function: { name: "bash", arguments: "{}" } }],
      },
      { role: "tool", content: "ok" },
    ];
    const drawn = page(answer({ text: "x" }), sent);
    expect(drawn?.map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool", "assistant"]);
    expect(onlyOne(drawn?.[2]?.toolCards ?? [])).toEqual({ name: "bash", arguments: "{}" });
  });
});
