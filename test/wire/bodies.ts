/** The same short conversation, as each protocol asks for it. */
import type { Protocol } from "../../src/wire/protocol/parsed-request.js";

export const SYSTEM = [
  "You are OpenCode, the best coding agent on the planet.\n\nBe good.\n",
  "You are powered by the model named m1. The exact model ID is p/m1\n",
  "Here is some useful information about the environment you are running in:\n",
  "<env>\n  Working directory: /work\n  Today's date: Sun Nov 29 2026\n</env>\n",
  'Instructions from: /repo/AGENTS.md\n# Rules\n\nSay "grüße".\n\n',
  '<mcp_instructions>\n  <server name="jira">\n    Ask first.\n  </server>\n  <server name="wiki">\n    Read.\n  </server>\n</mcp_instructions>\n',
  "Skills provide specialized instructions and workflows for specific tasks.\n<available_skills>\n  <skill>\n  </skill>\n</available_skills>\n",
  "What the person adds.",
].join("");

const SCHEMA = { type: "object", properties: { filePath: { type: "string" } } };
const INPUT = { filePath: "/repo/a.txt" };
const PNG = "iVBORw0KGgo=";
const MARK = { cache_control: { type: "ephemeral" } };

/** By protocol: the path of its URL, and the body. */
export const BODIES: Readonly<Record<Protocol, readonly [path: string, body: Readonly<Record<string, unknown>>]>> = {
  "openai-chat": [
    "/v1/chat/completions",
    {
      model: "m1",
      max_tokens: 32_000,
      messages: [
        { role: "system", content: SYSTEM },
        { role: "user", content: 'Look at "a.txt".' },
        {
          role: "assistant",
          content: "",
          reasoning_content: "I read.",
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "read", arguments: JSON.stringify(INPUT) } },
          ],
        },
        { role: "tool", tool_call_id: "call_1", content: "hello\nworld" },
        {
          role: "user",
          content: [
            { type: "text", text: "Attached media from tool result:" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
          ],
        },
      ],
      tools: [
        { type: "function", function: { name: "read", description: "Reads", parameters: SCHEMA } },
        { type: "function", function: { name: "jira_get", description: "Gets", parameters: SCHEMA } },
      ],
      stream: true,
    },
  ],
  "openai-responses": [
    "/v1/responses",
    {
      model: "m1",
      max_output_tokens: 32_000,
      input: [
        { role: "developer", content: SYSTEM },
        { role: "user", content: [{ type: "input_text", text: 'Look at "a.txt".' }] },
        { type: "reasoning", encrypted_content: "sealed", summary: [{ type: "summary_text", text: "I read." }] },
        { type: "function_call", call_id: "call_1", name: "read", arguments: JSON.stringify(INPUT) },
        {
          type: "function_call_output",
          call_id: "call_1",
          output: [
            { type: "input_text", text: "hello\nworld" },
            { type: "input_image", image_url: `data:image/png;base64,${PNG}` },
          ],
        },
      ],
      tools: [
        { type: "function", name: "read", description: "Reads", parameters: SCHEMA, strict: false },
        { type: "function", name: "jira_get", description: "Gets", parameters: SCHEMA, strict: false },
      ],
      stream: true,
    },
  ],
  "anthropic-messages": [
    "/v1/messages",
    {
      model: "m1",
      max_tokens: 32_000,
      system: [{ type: "text", text: SYSTEM, ...MARK }],
      messages: [
        { role: "user", content: [{ type: "text", text: 'Look at "a.txt".' }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "I read.", signature: "sealed" },
            { type: "tool_use", id: "call_1", name: "read", input: INPUT },
          ],
        },
        {
          role: "user",
          content: [
            {
              type: "tool_result",
              tool_use_id: "call_1",
              content: [
                { type: "text", text: "hello\nworld" },
                { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
              ],
              cache_control: { type: "ephemeral", ttl: "1h" },
            },
          ],
        },
      ],
      tools: [
        { name: "read", description: "Reads", input_schema: SCHEMA },
        { name: "jira_get", description: "Gets", input_schema: SCHEMA, ...MARK },
      ],
      stream: true,
    },
  ],
  gemini: [
    "/v1beta/models/m1:streamGenerateContent?alt=sse",
    {
      generationConfig: { maxOutputTokens: 32_000 },
      systemInstruction: { parts: [{ text: SYSTEM }] },
      contents: [
        { role: "user", parts: [{ text: 'Look at "a.txt".' }] },
        {
          role: "model",
          parts: [
            { text: "I read.", thought: true, thoughtSignature: "sealed" },
            { functionCall: { id: "call_1", name: "read", args: INPUT } },
          ],
        },
        {
          role: "user",
          parts: [
            { functionResponse: { id: "call_1", name: "read", response: { name: "read", content: "hello\nworld" } } },
            { inlineData: { mimeType: "image/png", data: PNG } },
          ],
        },
      ],
      tools: [
        {
          functionDeclarations: [
            { name: "read", description: "Reads", parameters: SCHEMA },
            { name: "jira_get", description: "Gets", parameters: SCHEMA },
          ],
        },
      ],
    },
  ],
  "bedrock-converse": [
    "/model/m1/converse-stream",
    {
      inferenceConfig: { maxTokens: 32_000 },
      system: [{ text: SYSTEM }, { cachePoint: { type: "default" } }],
      messages: [
        { role: "user", content: [{ text: 'Look at "a.txt".' }] },
        {
          role: "assistant",
          content: [
            { reasoningContent: { reasoningText: { text: "I read.", signature: "sealed" } } },
            { toolUse: { toolUseId: "call_1", name: "read", input: INPUT } },
          ],
        },
        {
          role: "user",
          content: [
            {
              toolResult: {
                toolUseId: "call_1",
                content: [{ text: "hello\nworld" }, { image: { format: "png", source: { bytes: PNG } } }],
              },
            },
          ],
        },
      ],
      toolConfig: {
        tools: [
          { toolSpec: { name: "read", description: "Reads", inputSchema: { json: SCHEMA } } },
          { toolSpec: { name: "jira_get", description: "Gets", inputSchema: { json: SCHEMA } } },
        ],
      },
    },
  ],
};

export const PROTOCOLS = Object.keys(BODIES) as readonly Protocol[];
