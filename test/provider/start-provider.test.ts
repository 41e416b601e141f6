import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ask, closeProviders, providerFor, replying } from "./ask-provider.js";
import type { Provider } from "./start-provider.js";

afterEach(closeProviders);

const askUser = (provider: Provider, ...texts: string[]) =>
  ask(provider, { messages: texts.map((content) => ({ role: "user", content })) });

/** The data of all frames, parsed where they are JSON. */
function frames(stream: string): unknown[] {
  return stream
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^(?:event: .*\n)?data: /, ""))
    .map((data) => (data.startsWith("{") ? JSON.parse(data) : data));
}

describe("a faultless reply", () => {
  const reply = {
    reasoning: "thinking 🤔 about it",
    text: "the answer",
    toolCalls: [
      { id: "call_1", name: "read", arguments: { filePath: "{{workdir}}/a.txt" }, chunks: 3 },
      { name: "bash", arguments: '{"command": "cut off' },
    ],
    usage: { input: 100, cached: 40, output: 30, reasoning: 10 },
  };

  test("streams as chat completions", async () => {
    const provider = await replying(reply);
    const all = frames(await (await ask(provider)).text());
    const text = JSON.stringify(all);
    expect(all.at(-1)).toBe("[DONE]");
    expect(all).toContainEqual(
      expect.objectContaining({
        usage: {
          prompt_tokens: 100,
          completion_tokens: 30,
          total_tokens: 130,
          prompt_tokens_details: { cached_tokens: 40 },
          completion_tokens_details: { reasoning_tokens: 10 },
        },
      }),
    );
    expect(joined(text, /"reasoning_content":("(?:[^"\\]|\\.)*")/g)).toBe(reply.reasoning);
    expect(joined(text, /"arguments":("(?:[^"\\]|\\.)*")/g)).toBe(
      '{"filePath":"/the/workdir/a.txt"}{"command": "cut off',
    );
    expect(text).toContain('"finish_reason":"tool_calls"');
  });

  test("streams as Anthropic's messages, with a signature and disjoint token figures", async () => {
    const usage = { input: 100, cached: 40, cacheWrite: 25, output: 30 };
    const provider = await providerFor({
      protocol: "messages",
      lanes: [{ name: "main", replies: [{ ...reply, usage }] }],
    });
    const stream = await (await ask(provider, { path: "/v1/messages" })).text();
    const text = JSON.stringify(frames(stream));
    expect(text).toContain(
      '"usage":{"input_tokens":35,"cache_read_input_tokens":40,"cache_creation_input_tokens":25,"output_tokens":1}',
    );
    expect(text).toContain('"type":"signature_delta"');
    expect(text).toContain('"stop_reason":"tool_use"');
    expect(joined(text, /"thinking_delta","thinking":("(?:[^"\\]|\\.)*")/g)).toBe(reply.reasoning);
    expect(stream).toMatch(/^event: message_start\n/);
    expect(stream).toMatch(/event: message_stop\n.*\n\n$/);
  });

  test("streams as Responses", async () => {
    const provider = await providerFor({
      protocol: "responses",
      lanes: [{ name: "main", replies: [reply] }],
    });
    const input = [{ role: "user", content: [{ type: "input_text", text: "hello" }] }];
    const all = frames(await (await ask(provider, { path: "/v1/responses", input })).text());
    expect(all.at(-1)).toMatchObject({
      type: "response.completed",
      response: {
        output: [
          { type: "reasoning" },
          { type: "message" },
          { type: "function_call", call_id: "call_1", arguments: '{"filePath":"/the/workdir/a.txt"}' },
          { type: "function_call", call_id: "call_1_1" },
        ],
        usage: { input_tokens: 100, input_tokens_details: { cached_tokens: 40 }, output_tokens: 30 },
      },
    });
  });

  test("without usage reports none", async () => {
    const provider = await replying({ text: "hi" });
    expect(await (await ask(provider)).text()).not.toContain('"usage"');
  });

  test("records when it happened, in order, and what was sent", async () => {
    const provider = await replying({ ...reply, delayMs: 5, firstChunkMs: 5, chunkMs: 2 });
    await (await ask(provider, { temperature: 0.5 })).text();
    const [record] = provider.requests;
    expect(record).toMatchObject({
      number: 1,
      title: false,
      lane: "main",
      reply: 0,
      model: "m1",
      status: 200,
      outcome: "answered",
      body: { temperature: 0.5 },
    });
    const moments = [
      record?.received,
      record?.headersSent,
      record?.firstChunk,
      record?.firstContent,
      record?.lastChunk,
    ];
    const known = moments.flatMap((moment) => moment ?? []);
    expect(known).toHaveLength(5);
    expect(known).toEqual(known.toSorted((a, b) => a - b));
  });
});

describe("which reply is given", () => {
  const reply = (text: string) => ({ text, chunks: 1 });

  test("the last user message decides before the first one, and a lane without match takes the rest", async () => {
    const provider = await providerFor({
      lanes: [
        { name: "first", match: "alpha", replies: [reply("A1"), reply("A2")] },
        { name: "second", match: "beta", replies: [reply("B1")] },
        { name: "rest", replies: [reply("R1")] },
      ],
    });
    await askUser(provider, "say alpha");
    await askUser(provider, "say alpha", "now beta");
    await askUser(provider, "say alpha", "go on");
    await askUser(provider, "something else");
    expect(provider.requests.map(({ lane, reply }) => `${lane} ${reply}`)).toEqual([
      "first 0",
      "second 0",
      "first 1",
      "rest 0",
    ]);
  });

  test("a lane can be meant for one model", async () => {
    const provider = await providerFor({
      lanes: [
        { name: "big", model: "m2", replies: [reply("from m2")] },
        { name: "small", model: "m1", replies: [reply("from m1")] },
      ],
    });
    expect(await (await ask(provider, { model: "m1" })).text()).toContain("from m1");
    expect(provider.requests[0]?.lane).toBe("small");
    expect((await ask(provider, { model: "m3" })).status).toBe(500);
    expect(provider.unforeseen()[0]?.outcome).toBe("no-lane");
  });

  test("a title request is answered with the title and uses no reply up", async () => {
    const provider = await providerFor({
      title: "My title",
      lanes: [{ name: "main", replies: [reply("only")] }],
    });
    const system = { role: "system", content: "You are a title generator. You output ONLY a title." };
    expect(await (await ask(provider, { messages: [system] })).text()).toContain("My title");
    expect(await (await ask(provider, { model: "scripted-title" })).text()).toContain("My title");
    expect(await (await ask(provider)).text()).toContain("only");
    expect(provider.requests.map(({ title }) => title)).toEqual([true, true, false]);
  });

  test("a used up lane says so with a 500, and the request counts as unforeseen", async () => {
    const provider = await replying(reply("only"));
    await (await ask(provider)).text();
    const response = await ask(provider);
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('scenario exhausted: lane \\"main\\" of \\"test\\" has no reply 2');
    expect(provider.unforeseen()).toEqual([expect.objectContaining({ number: 2, outcome: "exhausted" })]);
  });

  test("other addresses and bodies that are no JSON are refused", async () => {
    const provider = await replying(reply("never"));
    expect((await ask(provider, { path: "/v1/embeddings" })).status).toBe(404);
    const garbage = await fetch(`${provider.url}/v1/messages`, { method: "POST", body: "{" });
    expect(garbage.status).toBe(404);
    expect(provider.unforeseen()).toHaveLength(2);
  });
});

test("the requests can be written as JSON lines", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "provider-"));
  try {
    const provider = await replying({ text: "one" }, { text: "two" });
    await (await ask(provider)).text();
    await (await ask(provider)).text();
    const file = path.join(folder, "requests.jsonl");
    await provider.writeRequests(file);
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(provider.requests);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** Puts together the pieces that a pattern finds, each a JSON string. */
function joined(text: string, pattern: RegExp): string {
  return Array.from(text.matchAll(pattern), ([, piece]) => String(JSON.parse(piece ?? '""'))).join("");
}
