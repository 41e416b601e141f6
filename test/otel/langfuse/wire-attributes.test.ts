import { describe, expect, test } from "vitest";
import type { WireExchange } from "../../../src/wire/model.js";
import { at } from "../../support/fixtures.js";
import { exchange, refused, response } from "../../trace/make-wire.js";
import { bodyOf, SYSTEM, TOOLS, traceOf, two } from "../../trace/two-recorded-calls.js";
import { jsonOf, metadataOf, named, onTheWire, textOf } from "../wire.js";

const TITLE = exchange(55, 300, { purpose: "title", body: bodyOf([SYSTEM], []) });
const changed = (exchanges: readonly WireExchange[], last: object) =>
  exchanges.map((one, index) => (index === exchanges.length - 1 ? { ...one, ...last } : one));

describe("a call whose request was recorded", () => {
  const { spans } = onTheWire(traceOf([TITLE, ...two]));
  const [first, second] = [named(spans, "llm-call-0"), named(spans, "llm-call-1")];

  test("says where its times are from, and how the request went", () => {
    expect(metadataOf(first)).toMatchObject({
      ...{ evidence: "wire", timing: "exact", httpStatus: "200", requestId: "req_1" },
      ...{ requestBytes: String(at(two, 0).body.bytes), responseBytes: "20", timeToFirstByteMs: "416.5" },
    });
    expect(jsonOf(first, "langfuse.observation.metadata.responseHeaders")).toEqual({ "x-request-id": "req_1" });
  });

  test("names its tools each time, and gives their schemas and the system prompt once a loop", () => {
    for (const call of [first, second]) {
      expect(jsonOf(call, "langfuse.observation.metadata.availableTools")).toEqual(["bash", "jira_search"]);
      expect(metadataOf(call)).toHaveProperty("toolsHash");
    }
    expect(jsonOf(first, "langfuse.observation.metadata.tools")).toEqual(TOOLS);
    expect(textOf(first, "langfuse.observation.metadata.systemPrompt")).toBe(SYSTEM.content);
    expect(JSON.parse(textOf(first, "gen_ai.tool.definitions"))).toEqual(TOOLS);
    expect(JSON.parse(textOf(first, "gen_ai.system_instructions"))).toEqual([
      { type: "text", content: SYSTEM.content },
    ]);
    for (const key of ["gen_ai.tool.definitions", "gen_ai.system_instructions"]) {
      expect(second.attributes).not.toHaveProperty([key]);
    }
    expect(metadataOf(second)).not.toHaveProperty("tools");
    expect(metadataOf(second)).not.toHaveProperty("systemPrompt");
  });

  test("says whose the tokens of its prompt are, the largest first, and they add up to it", () => {
    for (const call of [first, second]) {
      const by: Record<string, number> = JSON.parse(textOf(call, "langfuse.observation.metadata.promptTokensBy"));
      const tokens = Object.values(by);
      expect(Object.keys(by)).toEqual(expect.arrayContaining(["opencode's own tools", "prompts"]));
      expect(tokens).toEqual(tokens.toSorted((a, b) => b - a));
      expect(tokens.reduce((sum, one) => sum + one, 0)).toBe(call.attributes["gen_ai.usage.input_tokens"]);
    }
  });

  test("gives them again where they changed", () => {
    const body = bodyOf([{ ...SYSTEM, content: "Another day." }], TOOLS.slice(1));
    const again = named(onTheWire(traceOf(changed(two, { body }))).spans, "llm-call-1");
    expect(textOf(again, "langfuse.observation.metadata.systemPrompt")).toBe("Another day.");
    expect(jsonOf(again, "langfuse.observation.metadata.tools")).toEqual(TOOLS.slice(1));
  });

  test("has the answer's id and its model's own name, while Langfuse keeps the one that was asked", () => {
    const chunk = `data: ${JSON.stringify({ id: "chat_7", model: "m1-2026-05", choices: [] })}\n\n`;
    const answered = changed(two, { response: response(1_100, [[1_200, chunk]]) });
    const call = named(onTheWire(traceOf(answered)).spans, "llm-call-1");
    expect(call.attributes).toMatchObject({
      "gen_ai.response.id": "chat_7",
      "gen_ai.response.model": "m1-2026-05",
      "gen_ai.request.model": "m1",
      "langfuse.observation.model.name": "m1",
    });
  });

  test("leaves its input as it is: what is new", () => {
    const [bare] = [named(onTheWire(traceOf([])).spans, "llm-call-1")];
    expect(textOf(second, "langfuse.observation.input")).toBe(textOf(bare, "langfuse.observation.input"));
  });
});

test("a dead attempt and a refused title say how they went; what the wire lacks stands on the loop", () => {
  const dead = refused(53, 54, 503, { body: at(two, 0).body });
  const title = refused(51, 52, 429, { purpose: "title", body: bodyOf([SYSTEM], []) });
  const { spans } = onTheWire(traceOf([title, dead, ...two], { notes: ["It ends early."] }));
  expect(metadataOf(named(spans, "retry"))).toMatchObject({ evidence: "wire", httpStatus: "503" });
  const other = named(spans, "other-call");
  expect(metadataOf(other)).toMatchObject({ kind: "title", httpStatus: "429", evidence: "wire" });
  expect(other.attributes).toMatchObject({
    "langfuse.observation.level": "WARNING",
    "langfuse.observation.status_message": "the provider answered with HTTP status 429",
  });
  expect(jsonOf(named(spans, "opencode.loop"), "langfuse.observation.metadata.wireNotes")).toEqual(["It ends early."]);
});

describe("with the whole input asked for", () => {
  const whole = traceOf(two, {}, { fullInput: true });

  test("a call has all that it was told", () => {
    const { spans } = onTheWire(whole);
    expect(jsonOf(named(spans, "llm-call-1"), "langfuse.observation.input")).toMatchObject([
      SYSTEM,
      { role: "user", content: "Go." },
      { role: "assistant", tool_calls: [{ id: "call_200", function: { name: "bash" } }] },
      { role: "tool", tool_call_id: "call_200", content: "done", name: "bash" },
    ]);
    expect(Object.keys(whole.wire?.messages ?? {})).toHaveLength(4);
  });

  test("without content there is none of it", () => {
    expect(onTheWire(whole, { content: false }).bodies.join()).not.toContain("coding agent");
  });
});

test("without content: sizes, times and names, no texts and no hashes of them", () => {
  const { spans, bodies } = onTheWire(traceOf([TITLE, ...two]), { content: false });
  const call = named(spans, "llm-call-0");
  expect(metadataOf(call)).toMatchObject({ evidence: "wire", requestBytes: String(at(two, 0).body.bytes) });
  expect(jsonOf(call, "langfuse.observation.metadata.availableTools")).toEqual(["bash", "jira_search"]);
  expect(metadataOf(call)).not.toHaveProperty("toolsHash");
  const sent = bodies.join();
  expect(sent).not.toContain("coding agent");
  expect(sent).not.toContain("gen_ai.tool.definitions");
});

test("without a recording nothing of it is there", () => {
  const sent = JSON.stringify(onTheWire(traceOf([])).spans);
  expect(sent).not.toMatch(/"wire"|availableTools|evidence|gen_ai\.response\.id/);
});
