import { describe, expect, test } from "vitest";
import { ConfigurationError } from "../../../src/errors/configuration-error.js";
import { describeTrace } from "../../../src/otel/describe-trace.js";
import type { LoopTrace } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne, traceOf } from "../../support/fixtures.js";
import type { ReceivedSpan } from "../../support/received-spans.js";
import { reportedTrace } from "../../support/reported.js";
import { assistant, exportOf, stepFinish, stepStart, text, tool, treeOf, user } from "../../trace/make-session.js";
import { jsonOf, metadataOf, named, onTheWire, stringsIn, textOf } from "../wire.js";

const TYPE = "langfuse.observation.type";
const USAGE = "langfuse.observation.usage_details";

describe("what stands on the spans of a turn", () => {
  const { spans } = onTheWire(traceOf("multistep@1.18.33"), { metadata: { ticket: 7, gone: undefined } });

  test("the root has the prompt, the answer and the totals", () => {
    const root = named(spans, "opencode.loop");
    expect(jsonOf(root, "langfuse.observation.input")).toEqual([
      { role: "user", content: "Set the port in settings.txt to what notes.md says, then check it." },
    ]);
    expect(textOf(root, "langfuse.observation.output")).toMatch(/^settings\.txt now says/);
    expect(metadataOf(root)).toMatchObject({
      opencodeVersion: "1.18.33",
      outcome: "completed",
      timing: "exact",
      ticket: "7",
    });
    expect(metadataOf(root)).not.toHaveProperty("gone");
    expect(jsonOf(root, "langfuse.observation.metadata.totals")).toMatchObject({ calls: 4, tools: 5 });
    expect(textOf(root, "gen_ai.agent.name")).toBe("build");
    expect(root.attributes["langfuse.trace.tags"]).toEqual(["build", "scripted/m1"]);
    expect(root.attributes).not.toHaveProperty(["langfuse.internal.is_app_root"]);
  });

  test("a call has its tool calls in the form that Langfuse counts", () => {
    const call = named(spans, "llm-call-1");
    expect(jsonOf(call, "langfuse.observation.output")).toMatchObject({
      thinking: expect.any(String),
      text: "The port changes from 8080 to 9090.",
      toolCalls: [{ id: "call_edit", name: "edit", arguments: expect.any(Object) }],
    });
    expect(jsonOf(call, "langfuse.observation.model.parameters")).toEqual({
      provider: "scripted",
      agent: "build",
      mode: "build",
    });
    expect(metadataOf(call)).toMatchObject({
      contextTokens: "4696",
      contextGrowth: "556",
      finish: "tool-calls",
    });
    expect(call.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "scripted",
      "gen_ai.request.model": "m1",
      "gen_ai.response.finish_reasons": ["tool-calls"],
    });
  });

  test("a tool has its arguments, its output and its call's id", () => {
    const edit = named(spans, "tool.edit");
    expect(jsonOf(edit, "langfuse.observation.input")).toMatchObject({ newString: "port = 9090" });
    expect(edit.attributes).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.call.id": "call_edit",
      "langfuse.observation.level": "DEFAULT",
    });
  });
});

describe("levels", () => {
  test("a tool that failed is an ERROR, its step a WARNING, the turn none of it", () => {
    const { spans } = onTheWire(traceOf("failing-tool@1.18.33"));
    const level = (span: ReceivedSpan) => span.attributes["langfuse.observation.level"];
    expect(spans.filter(({ attributes }) => attributes[TYPE] === "tool").map(level)).toEqual(Array(5).fill("ERROR"));
    expect(level(named(spans, "loop.step-0"))).toBe("WARNING");
    expect(textOf(named(spans, "loop.step-0"), "langfuse.observation.status_message")).toContain("tool.bash: ");
    expect(level(named(spans, "loop.step-2"))).toBe("DEFAULT");
    expect(level(named(spans, "opencode.loop"))).toBe("DEFAULT");
    expect(
      spans
        .filter(({ name }) => name === "tool.bash")
        .map((span) => span.attributes["error.type"])
        .sort(),
    ).toEqual(["invalid_arguments", "nonzero_exit"]);
  });

  test("a turn that failed is an ERROR on the root, the step and the call, and its output is the error", () => {
    const { spans } = onTheWire(traceOf("provider-401@1.18.33"));
    for (const name of ["opencode.loop", "loop.step-0", "llm-call-0"]) {
      expect(named(spans, name).attributes).toMatchObject({
        "langfuse.observation.level": "ERROR",
        "error.type": "authentication_failed",
      });
    }
    expect(jsonOf(named(spans, "opencode.loop"), "langfuse.observation.output")).toMatchObject({
      error: { code: "authentication_failed" },
    });
    expect(jsonOf(named(spans, "llm-call-0"), USAGE)).toEqual({ input: 0, output: 0, total: 0 });
  });

  test("what was tried again is a WARNING with the reason, and says that it recovered", () => {
    const { spans } = onTheWire(traceOf("rate-limited-then-ok@1.18.33"));
    const retry = named(spans, "retry");
    expect(retry.attributes).toMatchObject({
      "langfuse.observation.level": "WARNING",
      "error.type": "rate_limit",
      "langfuse.observation.metadata.recovered": "true",
    });
    expect(named(spans, "loop.step-0").attributes["langfuse.observation.level"]).toBe("WARNING");
    expect(named(spans, "opencode.loop").attributes["langfuse.observation.level"]).toBe("DEFAULT");
  });

  test("a turn without a word still has an output, else Langfuse's session page hides it", () => {
    const root = named(onTheWire(traceOf("empty-answer@1.18.33")).spans, "opencode.loop");
    expect(jsonOf(root, "langfuse.observation.output")).toEqual({ text: null });
  });
});

describe("below somebody else's span", () => {
  const parent = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  const { spans } = onTheWire(traceOf("subagent@1.18.33"), { parent });

  test("the trace is theirs, and the loop hangs where they said", () => {
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([parent.traceId]));
    expect(at(spans, -1)).toMatchObject({ name: "opencode.loop", parentSpanId: parent.spanId });
  });

  test("exactly one span says that it is a root", () => {
    const roots = spans.filter(({ attributes }) => attributes["langfuse.internal.is_app_root"] === true);
    expect(roots.map(({ spanId }) => spanId)).toEqual([at(spans, -1).spanId]);
  });
});

describe("values that nobody should send", () => {
  const sessionWith = (said: string, more: object = {}): LoopTrace => {
    const parts = [stepStart(20), text(25, 60, said), stepFinish(70), tool(71, 72, 80, { ...more })];
    return onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), assistant(10, 90, parts)]))));
  };

  test("a text that is too long keeps its head and its tail and says what is missing", () => {
    const { spans } = onTheWire(sessionWith(`head ${"🎉".repeat(600)} tail`), { textLimit: 100 });
    const { text: sent } = jsonOf(named(spans, "llm-call-0"), "langfuse.observation.output") as {
      text: string;
    };
    expect(sent).toMatch(/^head (🎉)+\n… \[\d+ of 1210 characters left out\] …\n(🎉)+ tail$/u);
  });

  test("an attachment is described instead of sent", () => {
    const url = `data:image/png;base64,${"A".repeat(4_000)}`;
    const { bodies, spans } = onTheWire(
      sessionWith("x", { state: { attachments: [{ mime: "image/png", url, filename: "a.png" }] } }),
    );
    expect(bodies.join("")).not.toContain("AAAAAAAA");
    expect(jsonOf(named(spans, "tool.bash"), "langfuse.observation.output")).toMatchObject({
      attachments: [{ mime: "image/png", filename: "a.png", url: "[image/png, 3000 bytes, not sent]" }],
    });
  });

  test("half a character anywhere: in names, ids, agents, models, tags and the caller's own words", () => {
    const half = "x\ud83d";
    const odd = { modelID: half, providerID: half, agent: half, mode: half, finish: half, variant: half };
    const parts = [
      stepStart(20),
      tool(30, 40, 50, { tool: half, callID: half, state: { input: { [half]: half } } }),
      stepFinish(60, { reason: half }),
    ];
    const made = exportOf([user(0, half, { agent: half }), assistant(10, 90, parts, odd)], {
      title: half,
      version: half,
    });
    const { spans } = onTheWire(onlyOne(traceSession(treeOf(made))), {
      userId: half,
      tags: [half],
      release: half,
      traceName: half,
      metadata: { [half]: half },
      serviceName: half,
      resourceAttributes: { [half]: half },
    });
    for (const found of stringsIn(spans)) expect(found.isWellFormed()).toBe(true);
  });

  test("arguments nested deeper than the stack", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(20_000)}1${"]".repeat(20_000)}`);
    const { spans } = onTheWire(sessionWith("x", { state: { input: { deep } } }));
    expect(textOf(named(spans, "tool.bash"), "langfuse.observation.input")).toContain("nested deeper than 200 levels");
  });

  test("an environment that Langfuse would store as default is refused", () => {
    for (const environment of ["Prod Env!", "langfuse-test", "", "x".repeat(41)]) {
      expect(() => describeTrace(traceOf("plain-answer@1.18.33"), { environment })).toThrow(ConfigurationError);
    }
  });
});

test("the caller's resource attributes stand beside the service's name", () => {
  const { spans } = onTheWire(traceOf("plain-answer@1.18.33"), {
    serviceName: "night-shift",
    resourceAttributes: { "deployment.environment.name": "staging", "service.name": "ignored" },
  });
  expect(at(spans, 0).resource).toMatchObject({
    "service.name": "night-shift",
    "deployment.environment.name": "staging",
  });
});

test("a subagent that the input lacks is said on its tool's span and in the root's totals", () => {
  const { session, subagents } = loadFixture("subagent@1.18.33");
  const trace = onlyOne(traceSession({ session, children: [] }));
  const { spans } = onTheWire(trace);
  const id = onlyOne(subagents).info.id;
  const task = named(spans, "tool.task");
  expect(metadataOf(task)).toMatchObject({ subagentSession: id, subagentMissing: "true" });
  expect(jsonOf(task, "langfuse.observation.metadata.notes")).toEqual([
    `Not in the input: subagent ${id}; its steps, tokens and cost are missing.`,
  ]);
  const totals = jsonOf(named(spans, "opencode.loop"), "langfuse.observation.metadata.totalsWithSubagents");
  expect(totals).toMatchObject({ missingSubagents: 1 });

  const whole = onTheWire(traceOf("subagent@1.18.33")).spans;
  expect(metadataOf(named(whole, "tool.task"))).not.toHaveProperty("notes");
  expect(metadataOf(named(whole, "tool.task"))).not.toHaveProperty("subagentMissing");
});

describe("a call whose recorded tokens cannot be true", () => {
  const callIn = (name: string, call: string) => named(onTheWire(reportedTrace(name)).spans, call);
  const genAi = (span: ReceivedSpan) => Object.keys(span.attributes).filter((key) => key.startsWith("gen_ai.usage"));

  test("sends explicit zeros, lest Langfuse tokenises the texts, and says that it is unknown", () => {
    const call = callIn("zero-usage-with-total", "llm-call-0");
    expect(jsonOf(call, USAGE)).toEqual({ input: 0, output: 0, total: 0 });
    expect(metadataOf(call).usage).toBe("unknown");
    expect(textOf(call, "langfuse.observation.metadata.usageDoubt")).toContain("although the call was answered");
    expect(genAi(call)).toEqual([]);
    expect(call.attributes).not.toHaveProperty(["langfuse.observation.cost_details"]);
  });

  test("sends the half that is known", () => {
    const call = callIn("prompt-tokens-zero", "llm-call-1");
    expect(jsonOf(call, USAGE)).toMatchObject({ input: 0, output: 400, total: 400 });
    expect(metadataOf(call)).toMatchObject({ usage: "partial" });
    expect(metadataOf(call)).not.toHaveProperty("contextCauses");
    expect(genAi(call).sort()).toEqual(["gen_ai.usage.output_tokens", "gen_ai.usage.reasoning.output_tokens"]);
  });

  test("sends parts that contradict the total, and both in its metadata", () => {
    const call = callIn("reasoning-outside-completion", "llm-call-0");
    expect(jsonOf(call, USAGE)).toMatchObject({ input: 1_000, output_reasoning_tokens: 640, total: 1_640 });
    expect(metadataOf(call)).toMatchObject({ usage: "contradiction" });
    expect(jsonOf(call, "langfuse.observation.metadata.usageDoubt")).toMatchObject({ total: 1_060 });
  });

  test("the loop's sums say that they lack something, and only then", () => {
    const totals = (name: string) =>
      jsonOf(named(onTheWire(reportedTrace(name)).spans, "opencode.loop"), "langfuse.observation.metadata.totals");
    expect(totals("prompt-tokens-zero")).toMatchObject({ doubtfulCalls: 1 });
    expect(totals("usage-elsewhere")).not.toHaveProperty("doubtfulCalls");
  });
});
