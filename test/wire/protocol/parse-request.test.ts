import { describe, expect, test } from "vitest";
import { parseRequest, RequestReader } from "../../../src/wire/protocol/parse-request.js";
import type { RequestPart } from "../../../src/wire/protocol/parsed-request.js";
import { BODIES, PROTOCOLS, SYSTEM } from "../bodies.js";
import { exchangeOf } from "../exchanges.js";

function parsed(path: string, body: unknown) {
  const request = parseRequest(exchangeOf(path, body));
  if (!request) throw new Error("no request was recognised");
  return request;
}

function told(part: RequestPart): unknown {
  const { from: _from, to: _to, cacheMark: _mark, ...content } = part;
  return content;
}

/** The lists of a body that grow from call to call. */
const GROWING = ["messages", "input", "contents"];

describe.each(PROTOCOLS)("a request of %s", (protocol) => {
  const [path, body] = BODIES[protocol];

  test("is read after others as it is alone, with the messages of the one before where they are the same", () => {
    const reader = new RequestReader();
    const name = GROWING.find((each) => Array.isArray(body[each])) ?? "";
    const all: readonly unknown[] = Array.isArray(body[name]) ? body[name] : [];
    const exchanges = [...all.map((_, index) => all.slice(0, index + 1)), all, all.slice(1), all].map((messages) =>
      exchangeOf(path, { ...body, [name]: messages }),
    );
    const read = exchanges.map((exchange) => reader.read(exchange));
    expect(read).toEqual(exchanges.map((exchange) => parseRequest(exchange)));
    const [last, again] = read.slice(-4, -2);
    expect(again?.messages.length).toBeGreaterThan(1);
    // What the last one ends with may go on.
    expect(again?.messages.slice(0, -1).every((message, index) => message === last?.messages[index])).toBe(true);
    const other = PROTOCOLS.find((each) => each !== protocol) ?? protocol;
    const [otherPath, otherBody] = BODIES[other];
    expect(reader.read(exchangeOf(otherPath, otherBody))).toEqual(parseRequest(exchangeOf(otherPath, otherBody)));
  });
  const request = parsed(path, body);

  test("is recognised by its URL, and by its shape behind a gateway", () => {
    expect(request.protocol).toBe(protocol);
    expect(parsed("/gateway", body).protocol).toBe(protocol);
  });

  test("names the model, the system prompt and the tools with their places", () => {
    expect(request.model).toBe("m1");
    expect(request.system.map(({ text }) => text)).toEqual([SYSTEM]);
    expect(request.tools.map(({ name }) => name)).toEqual(["read", "jira_get"]);
    expect(request.tools.map(({ text }) => text.split("\n", 2))).toEqual([
      ["read", "Reads"],
      ["jira_get", "Gets"],
    ]);
    for (const { from, to, name } of request.tools) expect(request.body.slice(from, to)).toContain(name);
    expect(Object.keys(request.parameters)).not.toContain("messages");
    expect(JSON.stringify(request.parameters)).toContain("32000");
  });

  test("has the conversation in parts", () => {
    const parts = request.messages.flatMap((message) => message.parts.filter(({ kind }) => kind !== "attachment"));
    const hint = { kind: "text", text: "Attached media from tool result:" };
    expect(parts.map(told)).toEqual([
      { kind: "text", text: 'Look at "a.txt".' },
      { kind: "thinking", text: "I read.", sealed: protocol === "openai-chat" ? 0 : "sealed".length },
      { kind: "tool-call", tool: "read", callId: "call_1", text: '{"filePath":"/repo/a.txt"}' },
      { kind: "tool-result", tool: "read", callId: "call_1", text: "hello\nworld" },
      ...(protocol === "openai-chat" ? [hint] : []),
    ]);
    const attachment = request.messages.flatMap((message) => message.parts).at(-1);
    expect(attachment).toMatchObject({ kind: "attachment", mime: "image/png" });
    expect(request.body.slice(attachment?.from, attachment?.to)).toContain("iVBORw0KGgo=");
  });
});

test("tells where Anthropic is asked to cache, and for how long", () => {
  const { system, tools, messages } = parsed(...BODIES["anthropic-messages"]);
  const marks = (list: readonly { readonly cacheMark: unknown }[]) => list.map(({ cacheMark }) => cacheMark);
  expect(marks(system)).toEqual([{ ttlMs: 300_000 }]);
  expect(marks(tools)).toEqual([null, { ttlMs: 300_000 }]);
  expect(messages.flatMap(({ parts }) => marks(parts)).filter((mark) => mark !== null)).toEqual([{ ttlMs: 3_600_000 }]);
});

test("reads Bedrock's marks as those of what stands before them", () => {
  const { system } = parsed(...BODIES["bedrock-converse"]);
  expect(system.map(({ cacheMark }) => cacheMark)).toEqual([{ ttlMs: 300_000 }]);
});

test("knows Claude on Bedrock and Vertex, and Gemini behind Code Assist", () => {
  const [, claude] = BODIES["anthropic-messages"];
  const { model: _, ...unnamed } = claude;
  const bedrock = parsed("/model/eu.anthropic.claude-sonnet-4-6-v1%3A0/invoke-with-response-stream", unnamed);
  expect([bedrock.protocol, bedrock.model]).toEqual(["anthropic-messages", "eu.anthropic.claude-sonnet-4-6-v1:0"]);
  const vertex = parsed("/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:streamRawPredict", unnamed);
  expect([vertex.protocol, vertex.model]).toEqual(["anthropic-messages", "claude-x"]);
  const [, gemini] = BODIES.gemini;
  const assist = parsed("/v1internal:streamGenerateContent", { model: "g1", project: "p", request: gemini });
  expect([assist.protocol, assist.model, assist.tools.length]).toEqual(["gemini", "g1", 2]);
});

test.each([
  ["/v1/chat/completions", "no JSON"],
  ["/v1/chat/completions", "[]"],
  ["/v1/embeddings", { model: "e", texts: [] }],
])("recognises nothing in what is no request: %s", (path, body) => {
  expect(parseRequest(exchangeOf(path, body))).toBeNull();
  expect(parseRequest({ url: "https://x/v1/messages", body: { text: null, bytes: 9, hash: "" } })).toBeNull();
});

test("takes strange fields for what they are not", () => {
  for (const path of PROTOCOLS.map((protocol) => BODIES[protocol][0])) {
    const strange = { model: 1, messages: [null, 7, "x", { role: 3, content: [null, { type: "new", x: 1 }] }] };
    for (const body of [strange, { ...strange, tools: { a: 1 }, system: 3, input: [3], contents: "x" }, {}]) {
      expect(() => parseRequest(exchangeOf(path, body))).not.toThrow();
    }
  }
});
