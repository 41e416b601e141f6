import { describe, expect, test } from "vitest";
import { describeTrace } from "../../../src/otel/describe-trace.js";
import { CONVENTIONS, names } from "../../../src/otel/genai/conventions.js";
import type { TraceOptions } from "../../../src/otel/options.js";
import type { LoopTrace } from "../../../src/trace/model.js";
import { promptTokens } from "../../../src/trace/usage.js";
import { LOOPTRACE_VERSION } from "../../../src/version.js";
import { at, fixtureNames, loadFixture, traceOf, tracesOf } from "../../support/fixtures.js";
import type { ReceivedSpan } from "../../support/received-spans.js";
import { T0 } from "../../trace/make-session.js";
import { refused, response } from "../../trace/make-wire.js";
import { bodyOf, traceOf as recordedTraceOf, SYSTEM, two } from "../../trace/two-recorded-calls.js";
import { callsIn } from "../../trace/walk-trace.js";
import { jsonOf, onTheWire, textOf } from "../wire.js";
import {
  inputMessagesSchema,
  objectSchema,
  outputMessagesSchema,
  systemInstructionsSchema,
  toolDefinitionsSchema,
} from "./schemas.js";

const TITLE = refused(51, 52, 429, { purpose: "title", body: bodyOf([SYSTEM], []) });
const DEAD = refused(53, 54, 503, { body: at(two, 0).body });

/** As another backend than Langfuse gets it. */
function elsewhere(trace: LoopTrace, options?: TraceOptions): readonly ReceivedSpan[] {
  return onTheWire(trace, options, {}, "genai").spans;
}

/** The span that looptrace itself calls so. */
function own(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  return at(
    spans.filter(({ attributes }) => attributes["looptrace.name"] === name),
    0,
  );
}

const everyTrace = fixtureNames.flatMap((name) => tracesOf(loadFixture(name), "log"));
const CHUNK = `data: ${JSON.stringify({ id: "chat_7", model: "m1-2026-05", choices: [] })}\n\n`;
const answered = two.map((one) => ({
  ...one,
  response: response(one.sentAt - T0 + 10, [[one.sentAt - T0 + 20, CHUNK]]),
}));
const everySpan = [...everyTrace, recordedTraceOf([TITLE, DEAD, ...answered])].flatMap((trace) => elsewhere(trace));

describe("towards a backend that is no Langfuse", () => {
  test("every attribute is one of the conventions' that the table lists, or looptrace's own", () => {
    const listed = new Set<string>(Object.values(names));
    const used = new Set(everySpan.flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...used].filter((name) => !listed.has(name) && !/^looptrace\.[a-z0-9_.]+$/.test(name))).toEqual([]);
    // A name that nothing uses has no place in the table.
    expect([...listed].filter((name) => !used.has(name) && name !== names.userId)).toEqual([]);
  });

  test("what the conventions publish a schema for fits it", () => {
    const schemas = {
      [names.inputMessages]: inputMessagesSchema,
      [names.outputMessages]: outputMessagesSchema,
      [names.systemInstructions]: systemInstructionsSchema,
      [names.toolDefinitions]: toolDefinitionsSchema,
      [names.toolArguments]: objectSchema,
      [names.toolResult]: objectSchema,
    };
    for (const [name, schema] of Object.entries(schemas)) {
      const values = everySpan.flatMap(({ attributes }) => (name in attributes ? [attributes[name]] : []));
      expect(values, name).not.toEqual([]);
      for (const value of values) schema.parse(JSON.parse(String(value)));
    }
  });

  test("operations have the names, kinds and required attributes of the conventions", () => {
    for (const { name, attributes } of everySpan) {
      switch (attributes[names.operationName]) {
        case "invoke_agent":
          expect(name).toBe(`invoke_agent ${attributes[names.agentName]}`);
          expect(attributes).toHaveProperty([names.providerName]);
          break;
        case "chat":
          expect(name).toBe(`chat ${attributes[names.requestModel]}`);
          expect(attributes).toHaveProperty([names.providerName]);
          break;
        case "execute_tool":
          expect(name).toBe(`execute_tool ${attributes[names.toolName]}`);
          break;
        default:
          // Steps and events are no operations of the conventions: they go by looptrace's own name.
          expect(name).toBe(attributes["looptrace.name"]);
      }
      expect(attributes).toHaveProperty([names.conversationId]);
    }
  });

  test("ids, the tree, times and errors are those that Langfuse gets", () => {
    for (const trace of everyTrace) {
      const bare = (profile: "langfuse" | "genai") =>
        describeTrace(trace, {}, profile).map(({ traceId, spanId, parent, start, end }) => {
          return { traceId, spanId, parent, start, end };
        });
      expect(bare("genai")).toEqual(bare("langfuse"));
    }
  });

  test("the spans are looptrace's, by a named version of the conventions", () => {
    const trace = traceOf("plain-answer@1.18.33");
    const { bodies, spans } = onTheWire(trace, { environment: "ci", release: "r1", userId: "kim" }, {}, "genai");
    expect(at(spans, 0).scope).toEqual({ name: "looptrace", version: LOOPTRACE_VERSION });
    expect(at(bodies, 0)).toContain(`"schemaUrl":"${CONVENTIONS.schemaUrl}"`);
    expect(at(spans, 0).resource).toMatchObject({ "service.name": "looptrace", "deployment.environment.name": "ci" });
    for (const { attributes } of spans)
      expect(attributes).toMatchObject({ "user.id": "kim", "looptrace.release": "r1" });
  });
});

describe("a turn", () => {
  const trace = traceOf("multistep@1.18.33");
  const spans = elsewhere(trace, { tags: ["nightly"], metadata: { ticketId: 7, plan: { a: "b" } }, traceName: "fix" });

  test("is the invocation of an agent, with what was asked and answered", () => {
    const root = own(spans, "opencode.loop");
    expect(root.attributes).toMatchObject({
      "gen_ai.agent.name": "build",
      "gen_ai.agent.version": "1.18.33",
      "gen_ai.request.model": "m1",
      "looptrace.tags": ["build", "scripted/m1", "nightly"],
      "looptrace.trace_name": "fix",
      "looptrace.metadata.ticketId": 7,
      "looptrace.metadata.plan": '{"a":"b"}',
      "looptrace.totals.calls": 4,
      "looptrace.outcome": "completed",
    });
    expect(jsonOf(root, names.inputMessages)).toEqual([
      {
        role: "user",
        parts: [{ type: "text", content: "Set the port in settings.txt to what notes.md says, then check it." }],
      },
    ]);
    expect(jsonOf(root, names.outputMessages)).toEqual([
      {
        role: "assistant",
        parts: [{ type: "text", content: expect.stringMatching(/^settings\.txt now says/) }],
        finish_reason: "stop",
      },
    ]);
    // Its calls have them: a backend would add them up twice.
    expect(Object.keys(root.attributes).filter((name) => name.startsWith("gen_ai.usage"))).toEqual([]);
  });

  test("has chats with what was said, called and used; cached tokens are part of the input", () => {
    const call = at(callsIn(trace.loop), 1);
    const { attributes, ...span } = own(spans, "llm-call-1");
    expect(jsonOf({ attributes, ...span }, names.outputMessages)).toEqual([
      {
        role: "assistant",
        parts: [
          { type: "reasoning", content: expect.any(String) },
          { type: "text", content: "The port changes from 8080 to 9090." },
          { type: "tool_call", id: "call_edit", name: "edit", arguments: expect.any(Object) },
        ],
        finish_reason: "tool_call",
      },
    ]);
    const usage = call.usage ?? expect.fail("the call has no usage");
    expect(attributes).toMatchObject({
      "gen_ai.usage.input_tokens": promptTokens(usage),
      "gen_ai.usage.cache_read.input_tokens": usage.cacheRead,
      "gen_ai.usage.cache_creation.input_tokens": usage.cacheWrite,
      "gen_ai.usage.output_tokens": usage.output + usage.reasoning,
      "gen_ai.usage.reasoning.output_tokens": usage.reasoning,
      "gen_ai.response.finish_reasons": ["tool_call"],
      "gen_ai.response.time_to_first_chunk": ((call.firstTokenAt ?? 0) - call.start) / 1000,
      "gen_ai.request.stream": true,
      "looptrace.context_tokens": call.cumulative.contextTokens,
    });
  });

  test("has tools with their arguments and results", () => {
    const read = own(spans, "tool.read");
    expect(read.attributes).toMatchObject({ "gen_ai.tool.name": "read", "gen_ai.tool.type": "function" });
    expect(jsonOf(read, names.toolArguments)).toEqual({ filePath: expect.any(String) });
    expect(jsonOf(read, names.toolResult)).toEqual({ output: expect.any(String) });
  });

  test("without content has no texts, and still all figures", () => {
    const bare = elsewhere(trace, { content: false });
    const kept: readonly string[] = [
      names.inputMessages,
      names.systemInstructions,
      names.toolArguments,
      names.toolResult,
    ];
    for (const { attributes } of bare)
      expect(Object.keys(attributes).filter((name) => kept.includes(name))).toEqual([]);
    const [call, with_] = [own(bare, "llm-call-1"), own(spans, "llm-call-1")];
    expect(call.attributes["gen_ai.usage.input_tokens"]).toBe(with_.attributes["gen_ai.usage.input_tokens"]);
    expect(JSON.stringify(bare)).not.toContain("8080");
  });
});

test("what failed has the class of its error, on the call, the attempt and the tool", () => {
  const failed = own(elsewhere(traceOf("provider-401@1.18.33")), "llm-call-0");
  expect(failed.attributes[names.errorType]).toBe("authentication_failed");
  expect(failed.status).toMatchObject({ code: 2, message: expect.any(String) });
  const retried = own(elsewhere(traceOf("rate-limited-then-ok@1.18.33")), "retry");
  expect(retried).toMatchObject({ name: "chat m1", status: { code: 2 } });
  expect(retried.attributes[names.errorType]).toBe("rate_limit");
  const tool = own(elsewhere(traceOf("failing-tool@1.18.33")), "tool.read");
  expect(tool.attributes).not.toHaveProperty([names.toolResult]);
  expect(tool.attributes).toHaveProperty([names.errorType]);
});

test("a title that the provider refused is an error with its status", () => {
  const title = own(elsewhere(recordedTraceOf([TITLE, ...two])), "other-call");
  expect(title.attributes).toMatchObject({ "error.type": "429", "gen_ai.operation.name": "chat" });
  expect(title.status.code).toBe(2);
});

test("JSON stays JSON where its texts are too long", () => {
  const spans = elsewhere(traceOf("multistep@1.18.33"), { textLimit: 60 });
  const [message] = inputMessagesSchema.parse(jsonOf(own(spans, "opencode.loop"), names.inputMessages));
  expect(JSON.stringify(message)).toContain("characters left out");
  expect(textOf(own(spans, "opencode.loop"), "looptrace.directory").length).toBeLessThan(200);
});
