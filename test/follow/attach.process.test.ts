import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { attachTo } from "../../src/follow/attach.js";
import { connect } from "../../src/opencode/server/connection.js";
import { readSessionFrom } from "../../src/opencode/server/read-session.js";
import { storedSession } from "../../src/sessions/session-store.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { openSession } from "../support/play-on-server.js";
import { madeScenario } from "../support/play-run.js";
import { type ScriptedSession, scriptedServer } from "../support/scripted-server.js";
import { message, turn } from "../support/scripted-turn.js";
import { temporaryStore } from "../support/temporary-store.js";
import { until } from "../support/until.js";
import { warmOpenCode } from "../support/warm-opencode.js";

const nowhere = new TraceExporter({ destinations: [] });

/** Attaches to a server with one session, which the test lets work. */
async function attachedTo(session: ScriptedSession, others: Record<string, ScriptedSession> = {}) {
  const server = await scriptedServer({ ses_a: session, ...others });
  const paths = await temporaryStore();
  const ending = new AbortController();
  const told: LoopTrace[] = [];
  let connected = false;
  const attached = attachTo({
    connection: { url: server.url },
    ...{ exporter: nowhere, paths, masking: undefined, live: true },
    signal: ending.signal,
    onConnected: () => {
      connected = true;
    },
    onTurn: (trace) => told.push(trace),
  });
  onTestFinished(async () => {
    ending.abort();
    await attached;
  });
  await until(() => connected);
  return {
    ...{ server, paths, told },
    works: () => server.tell("session.status", { sessionID: "ses_a", status: { type: "busy" } }),
    rests: () => server.tell("session.idle", { sessionID: "ses_a" }),
  };
}

test("a turn that goes on after it was told is told again, with what was known of it", async () => {
  const now = Date.now();
  const ended = turn("1", now, { at: now + 10 });
  const session: ScriptedSession = { directory: "/a", updated: now, messages: ended.slice(0, 1) };
  const { server, paths, told, works, rests } = await attachedTo(session);
  works();
  const status = { type: "retry", attempt: 1, message: "Too many requests", next: now + 9 };
  server.tell("session.status", { sessionID: "ses_a", status });
  session.messages = ended;
  rests();
  await until(() => told.length === 1);
  works();
  rests();
  session.messages = [...ended, ...turn("1", now, { at: now + 10 }, { at: now + 500 }).slice(2)];
  works();
  rests();
  await until(() => told.length === 2);
  expect(told.map(({ loop }) => loop.steps.length)).toEqual([1, 2]);
  expect((await storedSession(paths, "ses_a"))?.runs).toMatchObject([
    { retries: [{ attempt: 1, reason: "Too many requests" }] },
  ]);
});

describe("the MCP servers of the followed opencode", () => {
  const now = Date.now();
  const called = {
    ...{ id: "prt_1_0_t", messageID: "msg_1_0", type: "tool", tool: "docs_db_search", callID: "c1" },
    state: { status: "completed", input: {}, output: "", time: { start: now + 20, end: now + 30 } },
  };
  const messages = turn("1", now, { at: now + 10 }).map((one, index) =>
    index === 0 ? one : { ...asMessage(one), parts: [...asMessage(one).parts, called] },
  );

  function asMessage(value: unknown): { readonly info: unknown; readonly parts: readonly unknown[] } {
    return z.object({ info: z.unknown(), parts: z.array(z.unknown()) }).parse(value);
  }

  const toolsOf = async (answers: Readonly<Record<string, unknown>>) => {
    const session: ScriptedSession = { directory: "/a", updated: now, messages: messages.slice(0, 1) };
    const { server, paths, told, works, rests } = await attachedTo(session);
    for (const [path, answer] of Object.entries(answers)) server.answers.set(path, answer);
    works();
    session.messages = messages;
    rests();
    await until(() => told.length === 1);
    const { mcpServers } = (await storedSession(paths, "ses_a")) ?? {};
    return [told[0]?.loop.steps[0]?.tools.map(({ server: name }) => name), mcpServers];
  };

  test("are those that it is configured with and those that were added, and are kept", async () => {
    const config = { mcp: { off: { enabled: false }, docs: { type: "local" } } };
    const status = {
      "docs.db": { status: "connected" },
      docs: { status: "failed" },
      gone: { status: "disabled" },
    };
    expect(await toolsOf({ "/config": config, "/mcp": status })).toEqual([["docs.db"], ["docs", "docs.db"]]);
  });

  test("are unknown where it does not say, or something else", async () => {
    expect(await toolsOf({ "/config": undefined, "/mcp": undefined })).toEqual([[null], undefined]);
    expect(await toolsOf({ "/config": { mcp: 7 }, "/mcp": ["docs.db"] })).toEqual([[null], []]);
  });
});

test("a message without an answer is no turn: it is told with the one that reads it", async () => {
  const now = Date.now();
  const first = turn("1", now, { at: now + 10 });
  const aside = [message("2", now + 200, "pruned", true), message("3", now + 300, "Some context.")];
  const session: ScriptedSession = { directory: "/a", updated: now, messages: first.slice(0, 1) };
  const { told, works, rests } = await attachedTo(session);
  works();
  session.messages = [...first, ...aside];
  rests();
  await until(() => told.length === 1);
  works();
  session.messages = [...first, ...aside, ...turn("4", now + 9_000, { at: now + 9_010 })];
  rests();
  await until(() => told.length === 2);
  expect(told.map(({ loop }) => loop.steps[0]?.call?.input.map(({ content }) => content))).toEqual([
    ["Go."],
    ["Some context.", "Go."],
  ]);
});

test("a prompt that opencode failed on before it asked a model is a failed turn", async () => {
  const now = Date.now();
  const prompt = turn("1", now).slice(0, 1);
  const session: ScriptedSession = { directory: "/a", updated: now, messages: prompt };
  const { server, told, works, rests } = await attachedTo(session);
  works();
  const error = { name: "UnknownError", data: { message: "Model not found: scripted/nope." } };
  server.tell("session.error", { sessionID: "ses_a", error });
  rests();
  await until(() => told.length === 1);
  expect(told.map(({ loop }) => [loop.outcome, loop.error?.evidence])).toEqual([["failed", "stream"]]);
});

test("a turn that a subagent outlives is told again when that is done, and the subagent is no turn of its own", async () => {
  const now = Date.now();
  const below: ScriptedSession = { directory: "/a", parentID: "ses_a", updated: now };
  const session: ScriptedSession = {
    directory: "/a",
    updated: now,
    messages: turn("1", now, { at: now + 10 }),
  };
  const { server, told, works, rests } = await attachedTo(session, { ses_below: below });
  const status = (type: string) => server.tell("session.status", { sessionID: "ses_below", status: { type } });
  works();
  server.busy.add("ses_below");
  status("busy");
  below.messages = turn("2", now + 5, { at: now + 20, broken: true });
  rests();
  await until(() => told.length === 1);
  status("busy");
  below.messages = turn("2", now + 5, { at: now + 20 });
  server.busy.delete("ses_below");
  status("idle");
  await until(() => told.length === 2);
  expect(told.map(({ loop }) => loop.sessionId)).toEqual(["ses_a", "ses_a"]);
  expect(told.map(({ loop }) => loop.totalsWithSubagents.steps)).toEqual([2, 2]);
  const ends = told.map(({ loop }) => [...loop.loops, ...loop.steps.flatMap((step) => step.loops)]);
  expect(ends.map((loops) => loops.map(({ outcome }) => outcome))).toEqual([["unfinished"], ["completed"]]);
});

test("sees of a real server what the whole trace has: a client's own id, a notice, context, a person's command and a structured answer", async () => {
  const usage = { input: 1_000, output: 10 };
  const [one, two, three] = ["One.", "Two.", "Three."].map((text) => ({ text, usage }));
  const value = { toolCalls: [{ id: "call_out", name: "StructuredOutput", arguments: { price: 9 } }], usage };
  await using bench = await warmOpenCode(madeScenario([one, two, value, three].flatMap((reply) => reply ?? [])));
  const client = await connect(bench.server, bench.workdir);
  const sessionID = await openSession(client);
  const ending = new AbortController();
  const told: LoopTrace[] = [];
  let connected = false;
  const attached = attachTo({
    connection: bench.server,
    directory: bench.workdir,
    ...{ exporter: nowhere, paths: await temporaryStore(), masking: undefined, live: true },
    signal: ending.signal,
    onConnected: () => {
      connected = true;
    },
    onTurn: (trace) => told.push(trace),
  });
  onTestFinished(async () => {
    ending.abort();
    await attached;
  });
  await until(() => connected);
  const say = (text: string, more: object = {}, part: object = {}) =>
    client.session.prompt({ sessionID, parts: [{ type: "text", text, ...part }], ...more });
  const ahead = ((BigInt(Date.now()) + 3_600_000n) * 0x1000n).toString(16).slice(-12);
  await say("First.", { messageID: `msg_${ahead}AAAAAAAAAAAAAA` });
  await until(() => told.length === 1);
  await say("pruned", { noReply: true }, { ignored: true });
  await say("Some context.", { noReply: true });
  await say("Second.", { messageID: "msg_6f9619ff-8b86-d011-b42d-00c04fc964ff" });
  await until(() => told.length === 2);
  await client.session.shell({ sessionID, agent: "build", command: "echo hi" });
  await until(() => told.length === 3);
  // The server does not give out the messages of a session any more that has one like this.
  const format = { type: "json_schema" as const, schema: { type: "object" } };
  await say("A value.", { format });
  await until(() => told.length === 4);
  await say("Third.");
  await until(() => told.length === 5);
  const { tree } = await readSessionFrom(client, sessionID);
  const outline = (traces: readonly LoopTrace[]) =>
    traces.map(({ traceId, loop }) => [traceId, loop.outcome, loop.steps.map(({ kind, call }) => [kind, call?.input])]);
  expect(outline(told)).toEqual(outline(traceSession(tree)));
  expect(told.map(({ loop }) => [loop.copied, loop.error, loop.steps.map(({ kind }) => kind)])).toEqual([
    [false, null, ["answer"]],
    [false, null, ["answer"]],
    [false, null, ["command"]],
    [false, null, ["answer"]],
    [false, null, ["answer"]],
  ]);
  expect(told[3]?.loop.output).toEqual({ price: 9 });
  expect(told[1]?.loop.steps[0]?.call?.input.map(({ content }) => content)).toEqual(["Some context.", "Second."]);
});
