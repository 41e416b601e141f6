import { expect, test } from "vitest";
import { requestView } from "../../src/analysis/request-view.js";
import { wireRequests } from "../../src/analysis/wire-requests.js";
import { at } from "../support/fixtures.js";
import { madeExchange } from "../support/made-wire.js";
import { BODIES } from "../wire/bodies.js";

function viewOf(body: Readonly<Record<string, unknown>>, path: string, answer?: string) {
  const made = madeExchange(0, JSON.stringify(body), { url: `https://api.example.com${path}` });
  const chunks = answer === undefined ? [] : [{ at: made.sentAt + 50, text: answer, bytes: answer.length }];
  const exchange = { ...made, response: made.response && { ...made.response, chunks } };
  return requestView(at(wireRequests([exchange], []), 0), exchange);
}

test.each(Object.entries(BODIES))("%s: system prompt, tools and messages are told apart", (protocol, [path, body]) => {
  const { sections, facts } = viewOf(body, path);
  const headings = sections.map(({ heading }) => heading);
  expect(headings).toEqual(expect.arrayContaining(["parameters", "system prompt", "2 tools"]));
  expect(Object.fromEntries(facts).model).toContain(protocol);
  const messages = sections.find(({ heading }) => heading.endsWith("messages"));
  const labels = messages?.blocks.map(({ label }) => label) ?? [];
  expect(labels).toEqual(expect.arrayContaining(["user", "assistant, call of read", "result of read"]));
});

test("where a provider wants marks, it is told up to where it was asked to cache, and what no mark covers", () => {
  const block = (text: string, marked: boolean) => ({
    ...{ type: "text", text },
    ...(marked ? { cache_control: { type: "ephemeral", ttl: "1h" } } : {}),
  });
  const asked = (marked: boolean) => ({
    ...{ model: "m", max_tokens: 1, system: [block("You are opencode.", marked)] },
    messages: [{ role: "user", content: [block("Hello", false)] }],
  });
  expect(Object.fromEntries(viewOf(asked(true), "/v1/messages").facts).cache).toBe(
    "marked to be cached up to opencode's system prompt (1h00m); no mark covers the conversation",
  );
  expect(Object.fromEntries(viewOf(asked(false), "/v1/messages").facts).cache).toBe(
    "nothing is marked to be cached; no mark covers the tools and system prompt and the conversation",
  );
  expect(Object.fromEntries(viewOf({ model: "m", messages: [] }, "/v1/chat/completions").facts)).not.toHaveProperty(
    "cache",
  );
});

test("what is of no protocol that is known is shown as it is", () => {
  const { sections } = viewOf({ anything: 1 }, "/v9/other", "hello");
  expect(sections.map(({ heading, blocks }) => [heading, blocks[0]?.text])).toEqual([
    ["headers", "content-type: application/json"],
    ["body", '{"anything":1}'],
    ["answer", "hello"],
    ["headers of the answer", "x-request-id: req_0"],
  ]);
});

test("a failure is told in the provider's words", () => {
  const { sections } = viewOf(
    { model: "m", messages: [] },
    "/v1/chat/completions",
    '{"error":{"type":"rate_limit_error","message":"Slow down."}}',
  );
  const answer = sections.find(({ heading }) => heading === "answer");
  expect(answer?.blocks).toEqual([{ label: "failed", text: "rate_limit_error, Slow down." }]);
});

test("of the tokens of a prompt it is told what was written to the cache", () => {
  const exchange = madeExchange(0, '{"model":"m","messages":[]}');
  const request = at(wireRequests([exchange], []), 0);
  const counts = { promptTokens: 5260, cachedTokens: 4600, cacheWriteTokens: 500, outputTokens: 8 };
  const { facts } = requestView({ ...request, ...counts }, exchange);
  expect(Object.fromEntries(facts).tokens).toBe("5,260 in, 4,600 of them cached, 500 written to the cache, 8 out");
});
