import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { LangfuseOtelSpanAttributes } from "@langfuse/tracing";
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../../src/opencode/server/connection.js";
import { loadScenario } from "../provider/load-scenario.js";
import { cliEnvironment, looptrace, violationsOf } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at, onlyOne } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";
import { warmOpenCode } from "../support/warm-opencode.js";
import { arrived, bucketsOf } from "./arrived.js";

allowColdStarts();

const SESSION = /\bses_[0-9A-Za-z]{20,}\b/;

test("a run arrives at Langfuse whole, once, and can be looked at when opencode has forgotten it", async () => {
  const scenario = await loadScenario("multistep");
  await using bench = await warmOpenCode(scenario);
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  const prompt = at(scenario.prompts, 0).text;
  const flags = ["--environment", "ci", "--tag", "nightly", "--tag", "x y", "--user", "u-1", "--release", "r1"];
  const before = Date.now();
  const run = await looptrace(["run", ...flags, "--metadata", "ticket=7", prompt], around);
  const after = Date.now();

  expect(run.stdout).toBe("settings.txt now says `port = 9090`, as notes.md asks.\n");
  expect(run.code).toBe(0);
  expect(run.stderr).toContain("15 spans sent");
  expect(run.stderr).toContain("4 steps  4 calls  5 tools");
  expect(violationsOf(receiver)).toEqual([]);

  const spans = arrived(receiver);
  const [sessionId = ""] = SESSION.exec(run.stderr) ?? [];
  // The title, which is asked for beside the first step.
  const others = spans.filter(({ name }) => name === "other-call");
  expect(others.map(({ type, parent }) => [type, parent])).toEqual([["generation", "opencode.loop"]]);
  const own = spans.filter((span) => !others.includes(span));
  expect(own.map(({ name, type, parent }) => [name, type, parent])).toEqual([
    ["opencode.loop", "agent", null],
    ["loop.step-0", "span", "opencode.loop"],
    ["llm-call-0", "generation", "loop.step-0"],
    ["tool.bash", "tool", "loop.step-0"],
    ["tool.read", "tool", "loop.step-0"],
    ["tool.read", "tool", "loop.step-0"],
    ["loop.step-1", "span", "opencode.loop"],
    ["llm-call-1", "generation", "loop.step-1"],
    ["tool.edit", "tool", "loop.step-1"],
    ["loop.step-2", "span", "opencode.loop"],
    ["llm-call-2", "generation", "loop.step-2"],
    ["tool.bash", "tool", "loop.step-2"],
    ["loop.step-3", "span", "opencode.loop"],
    ["llm-call-3", "generation", "loop.step-3"],
  ]);
  expect(new Set(spans.map(({ span }) => span.traceId)).size).toBe(1);
  expect(spans.filter(({ level }) => level !== "DEFAULT")).toEqual([]);

  const { replies } = at(scenario.lanes, 0);
  const calls = own.filter(({ type }) => type === "generation");
  const tools = spans.filter(({ type }) => type === "tool");
  const asked = replies.flatMap(({ toolCalls }) => toolCalls);
  const inWorkdir = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll("{{workdir}}", bench.workdir));
  const toolOf = (id: string) => onlyOne(tools.filter(({ span }) => span.attributes["gen_ai.tool.call.id"] === id));

  calls.forEach((call, index) => {
    const reply = at(replies, index);
    expect(call.output).toEqual({
      messages: [expect.objectContaining({ role: "assistant", content: reply.text ?? null })],
      thinking: reply.reasoning ?? null,
      text: reply.text ?? null,
      toolCalls: reply.toolCalls.map(({ id, name, arguments: given }) => ({
        id,
        name,
        arguments: inWorkdir(given),
      })),
    });
    // The results of what the call before asked for, as the tools' own spans have them.
    const results = at(replies, index - 1).toolCalls.map(({ id = "", name }) => ({
      role: "tool",
      tool_call_id: id,
      name,
      content: toolOf(id).output,
    }));
    expect(call.input).toEqual(index === 0 ? [{ role: "user", content: prompt }] : results);
    const { usage } = reply;
    expect(call.usage).toEqual(usage && bucketsOf(usage));
    const price = usage && (usage.input - usage.cached + 0.1 * usage.cached + 2 * usage.output) / 1e6;
    expect(call.cost).toEqual({ total: expect.closeTo(price ?? 0, 10) });
    expect(call.span.attributes[LangfuseOtelSpanAttributes.OBSERVATION_MODEL]).toBe("m1");
  });
  for (const { id = "", name, arguments: given } of asked) {
    expect(toolOf(id).name).toBe(`tool.${name}`);
    expect(toolOf(id).input).toEqual(inWorkdir(given));
  }
  expect(toolOf("call_list").output).toBe("2:port = 8080\n");
  expect(toolOf("call_notes").output).toContain("The port has to be 9090 since the proxy moved.");
  expect(toolOf("call_settings").output).toContain("port = 8080");
  expect(toolOf("call_edit").output).toContain("Edit applied successfully");
  expect(toolOf("call_check").output).toBe("port = 9090\n");

  const root = at(spans, 0);
  expect(root.input).toEqual([{ role: "user", content: prompt }]);
  expect(root.output).toBe(at(replies, -1).text);
  for (const { start, end, name, span } of spans) {
    expect(start, name).toBeGreaterThanOrEqual(Math.max(root.start, before));
    expect(end, name).toBeLessThanOrEqual(Math.min(root.end, after));
    expect(end, name).toBeGreaterThanOrEqual(start);
    const { attributes } = span;
    expect(attributes[LangfuseOtelSpanAttributes.ENVIRONMENT], name).toBe("ci");
    expect(attributes[LangfuseOtelSpanAttributes.TRACE_SESSION_ID], name).toBe(sessionId);
    expect(attributes[LangfuseOtelSpanAttributes.TRACE_USER_ID], name).toBe("u-1");
    expect(attributes[LangfuseOtelSpanAttributes.RELEASE], name).toBe("r1");
    expect(attributes[LangfuseOtelSpanAttributes.TRACE_NAME], name).toBe("A scripted session");
    expect(attributes[LangfuseOtelSpanAttributes.TRACE_TAGS], name).toEqual(expect.arrayContaining(["nightly", "x y"]));
  }
  // The bash tool slept for 0.3 s while the model's output had long ended.
  const slept = toolOf("call_list");
  expect(slept.end - slept.start).toBeGreaterThanOrEqual(300);
  expect(at(calls, 0).end).toBeLessThan(slept.end);

  // The same again: nothing new. By force: the same ids and times, so that Langfuse replaces what it has.
  const again = await looptrace(["trace", sessionId, ...flags], around);
  expect(again.code).toBe(0);
  expect(again.stdout).toContain(sessionId);
  expect(again.stderr).toContain("15 spans were there already");
  expect(receiver.spans()).toHaveLength(15);

  const forced = await looptrace(["trace", sessionId, "--force", "--json", ...flags], around);
  const keysOf = (list: typeof spans) =>
    list.map(({ span }) => `${span.traceId} ${span.spanId} ${span.startTimeUnixNano}`).sort();
  const sentTwice = arrived(receiver);
  expect(sentTwice).toHaveLength(30);
  expect(keysOf(sentTwice)).toEqual([...keysOf(spans), ...keysOf(spans)].sort());
  const document = JSON.parse(forced.stdout);
  expect(Object.keys(document)).toEqual(["traces", "delivery", "urls", "sessions"]);
  expect(document.delivery).toMatchObject([{ acknowledged: 15, alreadyAcknowledged: 0, rejected: 0 }]);
  expect(document.traces).toHaveLength(1);

  // opencode has it no more, looptrace has; nor is anything else needed to show a session.
  const client = await connect(bench.server, bench.workdir);
  expect((await client.session.delete({ sessionID: sessionId })).data).toBe(true);
  const offline = { ...around, env: { ...around.env, LOOPTRACE_OPENCODE: "/nowhere" } };
  const shown = await looptrace(["show", "--last", "--width", "120"], offline);
  expect([shown.code, shown.stderr]).toEqual([0, ""]);
  expect(shown.stdout).toContain(`trace    ${root.span.traceId}\n`);
  expect(shown.stdout).toMatch(/^├─ loop\.step-0 /m);
  expect((await looptrace(["show", sessionId, "--width", "120"], offline)).stdout).toBe(shown.stdout);
  const kept = await looptrace(["show", sessionId, "--json"], offline);
  expect(JSON.parse(kept.stdout)).toEqual(document.traces);
  const forgotten = await looptrace(["trace", sessionId], around);
  expect(forgotten.code).toBe(0);
  expect(forgotten.stderr).toContain(
    `opencode does not know ${sessionId} any more; this is what looptrace has kept of it.`,
  );
  expect(forgotten.stderr).toContain("15 spans were there already");
  const unknown = await looptrace(["trace", "ses_00000000000000000000000000"], around);
  expect([unknown.code, unknown.stdout]).toEqual([2, ""]);
  expect(unknown.stderr).toMatch(/^looptrace: opencode 1\.18\.\d+ at \S+ knows no session "ses_0{26}"\. .+\n$/);
  expect(violationsOf(receiver)).toEqual([]);
});

test("the next turn sends its own spans only; what a Langfuse that is down could not take is pushed later", async () => {
  const scenario = await loadScenario("two-turns");
  await using bench = await warmOpenCode(scenario);
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const around = { env: cliEnvironment(bench, receiver), cwd: bench.workdir };
  const [first, second] = scenario.prompts.map(({ text }) => text);
  const one = await looptrace(["run", "--quiet", first ?? ""], around);
  expect([one.code, one.stdout, one.stderr]).toEqual([0, "It says: buy milk.\n", ""]);
  // Nobody is told an address, so none is asked for.
  expect(receiver.requests.filter(({ method }) => method === "GET")).toEqual([]);
  const firstTrace = new Set(receiver.spans().map(({ traceId }) => traceId));
  expect(receiver.spans()).toHaveLength(7);

  await receiver.close();
  const two = await looptrace(["run", "--quiet", "--continue", second ?? ""], around);
  expect([two.code, two.stdout]).toEqual([3, "Bread is on the list now.\n"]);
  expect(two.stderr).toContain("6 spans not delivered");
  expect(two.stderr).toContain("`looptrace push` sends it");
  const status = await looptrace(["push", "--status", "--json"], around);
  expect(JSON.parse(status.stdout)).toMatchObject([{ requests: 2, spans: 6, rejectedRequests: 0 }]);

  const later = await startReceiver({}, receiver.port);
  onTestFinished(() => later.close());
  const push = await looptrace(["push"], around);
  expect([push.code, push.stderr]).toEqual([0, ""]);
  expect(push.stdout).toContain("6 spans sent");
  const spans = arrived(later);
  expect(spans.map(({ name }) => name)).toEqual([
    "opencode.loop",
    "loop.step-0",
    "llm-call-0",
    "tool.bash",
    "loop.step-1",
    "llm-call-1",
  ]);
  expect(at(spans, 0).input).toEqual([{ role: "user", content: second }]);
  expect(spans.some(({ span }) => firstTrace.has(span.traceId))).toBe(false);
  expect((await looptrace(["push"], around)).stdout).toContain("nothing to send");
  expect((await looptrace(["push", "--status"], around)).stdout).toContain("nothing waits");
  expect(arrived(later)).toHaveLength(6);
  expect(violationsOf(later)).toEqual([]);

  // Without a destination the session stays here, both turns of it.
  const local = { ...around, env: cliEnvironment(bench) };
  const shown = await looptrace(["show", "--last", "--json"], local);
  expect(JSON.parse(shown.stdout)).toMatchObject([{ session: { turn: 0 } }, { session: { turn: 1 } }]);
  expect((await readdir(join(bench.home, ".local", "share", "looptrace"))).sort()).toEqual([
    "outbox",
    "sent",
    "sessions",
  ]);
});
