import { describe, expect, test } from "vitest";
import { parseAnswer } from "../../../src/wire/protocol/parse-answer.js";
import { chatCompletions } from "../../provider/chat-completions.js";
import { messages } from "../../provider/messages.js";
import { responses } from "../../provider/responses.js";
import { scenarioSchema } from "../../provider/scenario.js";
import { answered, events } from "../exchanges.js";

const REPLY = {
  reasoning: "I think 🎉 first.",
  text: "Then I say grüße.",
  toolCalls: [{ id: "call_1", name: "read", arguments: { filePath: "/a" } }],
};

/** A reply as the scripted provider streams it. */
function framesOf(protocol: "chat-completions" | "messages" | "responses"): readonly string[] {
  const usage =
    protocol === "messages"
      ? { input: 1_000, cached: 700, cacheWrite: 200, output: 50 }
      : { input: 1_000, cached: 700, output: 50, reasoning: 20 };
  const scenario = scenarioSchema.parse({
    name: "answer",
    description: "one answer",
    protocol,
    prompts: ["x"],
    lanes: [{ name: "main", replies: [{ ...REPLY, usage }] }],
  });
  const wire = { "chat-completions": chatCompletions, messages, responses }[protocol];
  const reply = scenario.lanes[0]?.replies[0];
  if (!reply) throw new Error("the scenario has a reply");
  return wire.frames(reply, { number: 3, model: "m1" }).map(({ data }) => data);
}

const SHARED = {
  model: "m1",
  thinking: REPLY.reasoning,
  text: REPLY.text,
  toolCalls: [{ id: "call_1", name: "read", arguments: '{"filePath":"/a"}' }],
  error: null,
};

describe.each([
  [
    "chat-completions",
    "/v1/chat/completions",
    {
      responseId: "chatcmpl-3",
      finish: "tool_calls",
      usage: { input: 300, output: 30, reasoning: 20, cacheRead: 700, cacheWrite: 0 },
    },
  ],
  [
    "messages",
    "/v1/messages",
    {
      responseId: "msg_3",
      finish: "tool_use",
      usage: { input: 100, output: 50, reasoning: 0, cacheRead: 700, cacheWrite: 200 },
    },
  ],
  [
    "responses",
    "/v1/responses",
    {
      responseId: "resp_3",
      finish: "completed",
      usage: { input: 300, output: 30, reasoning: 20, cacheRead: 700, cacheWrite: 0 },
    },
  ],
] as const)("an answer in %s", (protocol, path, facts) => {
  const frames = framesOf(protocol);

  test("is read frame by frame", () => {
    expect(parseAnswer(answered(path, frames))).toMatchObject({ ...SHARED, ...facts });
  });

  test("is the same wherever its chunks are cut", () => {
    const whole = frames.join("");
    const halves = [whole.slice(0, 700), ...(whole.slice(700).match(/.{1,37}/gs) ?? [])];
    expect(parseAnswer(answered(path, halves))).toMatchObject({ ...SHARED, ...facts });
    expect(parseAnswer(answered(path, [whole.replaceAll("\n", "\r\n")]))).toMatchObject({ ...SHARED, ...facts });
  });

  test("is dated by the chunk in which its first content was whole", () => {
    const first = frames.findIndex((data) => data.includes("I th"));
    expect(parseAnswer(answered(path, frames))?.firstContentAt).toBe(1_100 + 10 * first);
    // The frame before it came, and half of it.
    const [begin, content] = [frames.slice(0, first).join(""), frames.slice(first).join("")];
    expect(parseAnswer(answered(path, [begin + content.slice(0, 20), content.slice(20)]))?.firstContentAt).toBe(1_110);
  });

  test("is what came of it where it broke off", () => {
    const cut = frames.join("").slice(0, frames.join("").indexOf("/a"));
    const answer = parseAnswer(answered(path, [cut]));
    expect(answer).toMatchObject({ thinking: REPLY.reasoning, finish: null });
    expect(answer?.text === "" || answer?.text === REPLY.text).toBe(true);
  });
});

test("reads Gemini's answers, streamed and as one list", () => {
  const pieces = [
    { responseId: "r1", modelVersion: "g1", candidates: [{ content: { parts: [{ text: "Hm.", thought: true }] } }] },
    { candidates: [{ content: { parts: [{ text: "Yes." }, { functionCall: { name: "read", args: { a: 1 } } }] } }] },
    {
      candidates: [{ finishReason: "STOP" }],
      usageMetadata: {
        promptTokenCount: 90,
        cachedContentTokenCount: 60,
        candidatesTokenCount: 7,
        thoughtsTokenCount: 3,
      },
    },
  ];
  const wanted = {
    responseId: "r1",
    model: "g1",
    thinking: "Hm.",
    text: "Yes.",
    toolCalls: [{ id: null, name: "read", arguments: '{"a":1}' }],
    finish: "STOP",
    usage: { input: 30, output: 7, reasoning: 3, cacheRead: 60, cacheWrite: 0 },
  };
  const path = "/v1beta/models/g1:streamGenerateContent";
  expect(parseAnswer(answered(`${path}?alt=sse`, [events(...pieces)]))).toMatchObject(wanted);
  expect(parseAnswer(answered(path, [JSON.stringify(pieces)]))).toMatchObject(wanted);
  const wrapped = pieces.map((response) => ({ response }));
  expect(parseAnswer(answered("/v1internal:streamGenerateContent", [events(...wrapped)]))).toMatchObject(wanted);
});

test("reads answers that are no streams", () => {
  const chat = {
    id: "c1",
    model: "m1",
    choices: [{ message: { content: "Yes.", reasoning_content: "Hm." }, finish_reason: "stop" }],
    usage: { prompt_tokens: 9, completion_tokens: 2 },
  };
  const claude = {
    id: "m1",
    type: "message",
    model: "m1",
    stop_reason: "end_turn",
    content: [
      { type: "thinking", thinking: "Hm." },
      { type: "text", text: "Yes." },
    ],
    usage: { input_tokens: 9, output_tokens: 2 },
  };
  const openai = {
    id: "r1",
    model: "m1",
    status: "completed",
    output: [
      { type: "reasoning", id: "1", summary: [{ text: "Hm." }] },
      { type: "message", id: "2", content: [{ type: "output_text", text: "Yes." }] },
    ],
    usage: { input_tokens: 9, output_tokens: 2 },
  };
  const converse = {
    output: { message: { content: [{ reasoningContent: { reasoningText: { text: "Hm." } } }, { text: "Yes." }] } },
    stopReason: "end_turn",
    usage: { inputTokens: 9, outputTokens: 2 },
  };
  for (const [path, body] of [
    ["/chat/completions", chat],
    ["/messages", claude],
    ["/responses", openai],
    ["/model/m1/converse", converse],
  ] as const) {
    expect(parseAnswer(answered(path, [JSON.stringify(body)])), path).toMatchObject({
      text: "Yes.",
      thinking: "Hm.",
      usage: { input: 9, output: 2 },
      firstContentAt: 1_100,
    });
  }
});

test("tells what a provider says of a failure, by status and in its stream", () => {
  const rate = { error: { message: "Slow down", type: "requests", code: "rate_limit_exceeded" } };
  expect(parseAnswer(answered("/chat/completions", [JSON.stringify(rate)], 429))?.error).toEqual({
    status: 429,
    type: "requests",
    code: "rate_limit_exceeded",
    message: "Slow down",
    body: JSON.stringify(rate),
  });
  const overloaded = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  expect(parseAnswer(answered("/messages", [`event: error\n${events(overloaded)}`]))?.error).toMatchObject({
    status: 200,
    type: "overloaded_error",
    message: "Overloaded",
  });
  const google = [{ error: { code: 400, message: "Bad", status: "INVALID_ARGUMENT" } }];
  const gemini = answered("/models/g:streamGenerateContent", [JSON.stringify(google)], 400);
  expect(parseAnswer(gemini)?.error).toMatchObject({ type: "INVALID_ARGUMENT", code: "400", message: "Bad" });
  const failed = {
    type: "response.failed",
    response: { status: "failed", error: { code: "server_error", message: "Oh" } },
  };
  expect(parseAnswer(answered("/responses", [events(failed)]))).toMatchObject({
    finish: "failed",
    error: { code: "server_error", message: "Oh" },
  });
  const html = parseAnswer(answered("/messages", ["<html>".repeat(5_000)], 502));
  expect(html?.error).toMatchObject({ status: 502, type: null, message: null });
  expect(html?.error?.body).toHaveLength(8_192);
});

test("says nothing where nothing is known", () => {
  expect(parseAnswer(answered("/messages", []))).toBeNull();
  const sized = { status: 200, headers: {}, at: 1, bytes: 9, chunks: [{ at: 2, text: null, bytes: 9 }] };
  expect(parseAnswer({ ...answered("/messages", []), response: sized })).toBeNull();
  expect(parseAnswer(answered("/unknown", ["{}"]))).toBeNull();
  expect(
    parseAnswer(answered("/messages", [events({ type: "content_block_delta", delta: 3, index: "x" }, "[DONE]")])),
  ).toMatchObject({
    text: "",
    firstContentAt: null,
  });
});
