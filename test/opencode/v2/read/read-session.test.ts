import { describe, expect, test } from "vitest";
import type { RunEvidence } from "../../../../src/opencode/evidence.js";
import { type Answer, type Session, sessionModel, type Turn } from "../../../../src/opencode/model.js";
import { exportFromJson } from "../../../../src/opencode/read/read-export.js";
import { at, onlyOne } from "../../../support/fixtures.js";
import { LITTLE, withLittleStack } from "../../../support/little-stack.js";
import { loadOpencode2 } from "../../../support/opencode2-fixtures.js";

const T0 = 1_795_881_886_000;
let ids = 0;

/** A message at some ms since the beginning; so are the times of it that are given. */
function message(type: string, created: number, fields: object = {}, times: Record<string, number> = {}) {
  const time = Object.fromEntries(Object.entries({ created, ...times }).map(([name, ms]) => [name, T0 + ms]));
  ids += 1;
  return { id: `msg_${type}_${ids}`, type, time, ...fields };
}

const user = (created: number, text = "Do it.") => message("user", created, { text });
const idle = (created: number, outcome = "succeeded", error?: object) => message("idle", created, { outcome, error });
const synthetic = (created: number, text = "Go on.") => message("synthetic", created, { text });
const shell = (created: number, fields: object = {}) =>
  message(
    "shell",
    created,
    { shellID: "sh_1", command: "ls", status: "exited", exit: 0, ...fields },
    { completed: created + 5 },
  );

const asSystem = (told: object) => ({ ...told, type: "system" });

function answer(from: number, to: number | null, finish = "stop", fields: object = {}) {
  const times = to === null ? {} : { streamed: to, completed: to };
  const model = { id: "m1", providerID: "scripted" };
  return message("assistant", from, { model, content: [], ...(to === null ? {} : { finish }), ...fields }, times);
}

const tool = (fields: object, times: Record<string, number> = {}) => ({
  type: "tool",
  id: "call_0",
  name: "shell",
  time: Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, T0 + ms])),
  ...fields,
});

function read(messages: readonly object[], info: object = {}, runs: readonly RunEvidence[] = []): Session {
  const whole = { id: "ses_two", time: { created: T0 }, location: { directory: "/home/dev/project" }, ...info };
  const session = exportFromJson({ info: whole, messages }, "two.json");
  return sessionModel({ session, children: [] }, { runs });
}

/** What a turn is made of, in short. */
function outline({ origin, prompts, context, rest, end, copied }: Turn) {
  const kind = (entry: Turn["rest"][number]): string =>
    entry.kind === "event" ? entry.name : entry.kind === "answer" ? entry.step : entry.kind;
  return {
    origin,
    prompts: prompts.length,
    context: context.map(kind),
    rest: rest.map(kind),
    end: end?.outcome ?? null,
    ...(copied ? { copied } : {}),
  };
}

function turnsOf(messages: readonly object[], info: object = {}) {
  return read(messages, info).turns.map(outline);
}

function onlyAnswer(session: Session): Answer {
  return onlyOne(session.turns.flatMap(({ rest }) => rest).filter((entry): entry is Answer => entry.kind === "answer"));
}

const prompted = { origin: "prompt", prompts: 1, context: [], rest: ["answer"], end: "succeeded" };

describe("turns", () => {
  test("end where the session went idle", () => {
    const failed = { type: "provider.no-route", message: "Model unavailable: a/b" };
    const session = read([user(0), answer(5, 10), idle(11), user(5_000), idle(5_001, "failed", failed)]);
    expect(session.turns.map(outline)).toEqual([prompted, { ...prompted, rest: [], end: "failed" }]);
    expect(at(session.turns, 1).end).toEqual({
      at: T0 + 5_001,
      outcome: "failed",
      error: { name: failed.type, data: { message: failed.message } },
    });
  });

  test("of which it is not said how they ended are to be judged by their answers", () => {
    const error = { type: "provider.auth", message: "no" };
    const ends = read([user(0), answer(5, 10), idle(11, "so-so"), user(20), idle(30, "so-so", error)]).turns;
    expect(ends.map(({ end }) => end?.outcome ?? null)).toEqual([null, "failed"]);
  });

  test("hold the prompts that were delivered while the loop was at work", () => {
    const session = read([user(0), answer(5, 10, "tool-calls"), user(12, "And that."), answer(20, 30), idle(31)]);
    expect(session.turns.map(outline)).toEqual([{ ...prompted, prompts: 2, rest: ["answer", "told", "answer"] }]);
    const turn = onlyOne(session.turns);
    expect(turn.rest[1]).toBe(turn.prompts[1]);
  });

  test("and those that came before the first answer", () => {
    expect(turnsOf([user(0), user(500), answer(900, 950), idle(951)])).toEqual([
      { ...prompted, prompts: 2, rest: ["told", "answer"] },
    ]);
  });

  test("a prompt behind an answer that ended the loop begins the next one: it was queued", () => {
    expect(turnsOf([user(0), answer(5, 10), user(12), answer(20, 30), idle(31)])).toEqual([
      { ...prompted, end: null },
      prompted,
    ]);
  });

  test("so does one long after a loop that was cut off, or whose next step is not there", () => {
    const [first, second] = [{ ...prompted, end: null }, prompted];
    expect(turnsOf([user(0), answer(5, null), user(12), answer(20, 30), idle(31)])).toEqual([first, second]);
    expect(turnsOf([user(0), answer(5, 10, "tool-calls"), user(60_000), answer(60_010, 60_020), idle(60_030)])).toEqual(
      [first, second],
    );
  });

  test("go on with what opencode puts there after a failure of its own", () => {
    const error = { type: "provider.invalid-output", message: "cut off" };
    expect(turnsOf([user(0), answer(5, 10, "error", { error }), synthetic(11), answer(12, 20), idle(21)])).toEqual([
      { ...prompted, rest: ["answer", "told", "answer"] },
    ]);
  });

  test("begin by a text of opencode's own where none is at work", () => {
    const turns = turnsOf([user(0), answer(5, 10), idle(11), synthetic(900), answer(910, 920), idle(921)]);
    expect(turns).toEqual([prompted, { ...prompted, origin: "opencode", prompts: 0, rest: ["told", "answer"] }]);
  });

  test("read such a text with the prompt that comes after it", () => {
    expect(turnsOf([user(0), answer(5, 10), idle(11), synthetic(900), user(950), answer(960, 970), idle(971)])).toEqual(
      [prompted, { ...prompted, context: ["told"] }],
    );
  });

  test("without their prompt are said to be so", () => {
    expect(turnsOf([answer(5, 10), idle(11)])).toEqual([{ ...prompted, origin: "deleted", prompts: 0 }]);
  });

  test("of a person's command ask no model, and the next one reads it", () => {
    expect(turnsOf([shell(0), idle(10), user(20), answer(25, 30), idle(31)])).toEqual([
      { origin: "command", prompts: 0, context: [], rest: ["command"], end: null },
      { ...prompted, context: ["command"] },
    ]);
  });

  test("hold what happens between them and behind the last one", () => {
    const model = { id: "m2", providerID: "scripted" };
    const switched = (created: number) => message("model-switched", created, { model });
    const compacted = (created: number) => message("compaction", created, { status: "completed", reason: "manual" });
    expect(
      turnsOf([user(0), answer(5, 10), idle(11), compacted(20), idle(25), switched(30), user(40), answer(45, 50)]),
    ).toEqual([
      { ...prompted, rest: ["answer", "compaction"] },
      { ...prompted, context: ["model-switched"], end: null },
    ]);
    expect(turnsOf([user(0), answer(5, 10), idle(11), switched(20), compacted(30)])).toEqual([
      { ...prompted, rest: ["answer", "compaction"] },
    ]);
  });

  test("leave out what belongs to the next one until that begins, so that nothing moves from trace to trace", () => {
    const switched = message("agent-switched", 30, { agent: "plan" });
    const told = message("system", 31, { text: "Be brief." });
    const before = [user(0), answer(5, 10), idle(11), switched, told];
    expect(turnsOf(before)).toEqual([prompted]);
    expect(turnsOf([...before, user(40), answer(45, 50), idle(51)])).toEqual([
      prompted,
      { ...prompted, context: ["agent-switched", "system", "told"] },
    ]);
  });

  test("hold a prompt that was delivered behind a compaction, however long that took", () => {
    const compacted = message("compaction", 12, { status: "completed", reason: "auto", summary: "So far." });
    const step = answer(5, 10, "tool-calls");
    expect(turnsOf([user(0), step, compacted, user(30_000), answer(30_100, 30_200), idle(30_201)])).toEqual([
      { ...prompted, prompts: 2, rest: ["answer", "compaction", "told", "answer"] },
    ]);
  });

  test("that a fork copied keep the compaction behind them, which was counted there", () => {
    const info = { fork: { sessionID: "ses_one" }, time: { created: T0 + 1_000 } };
    const compacted = message("compaction", 20, { status: "completed", reason: "manual" });
    expect(
      turnsOf([user(0), answer(5, 10), idle(11), compacted, user(2_000), answer(2_005, 2_010), idle(2_011)], info),
    ).toEqual([{ ...prompted, copied: true, rest: ["answer", "compaction"] }, prompted]);
  });

  test("of a fork's own are so too where it goes on from a text that it copied", () => {
    const info = { fork: { sessionID: "ses_one" }, time: { created: T0 + 1_000 } };
    expect(turnsOf([user(0), answer(5, 10), idle(11), synthetic(20), answer(2_005, 2_010), idle(2_011)], info)).toEqual(
      [
        { ...prompted, copied: true },
        { ...prompted, origin: "opencode", prompts: 0, rest: ["told", "answer"] },
      ],
    );
  });

  // So many take a busy machine a while.
  test("are cut also where there are very many messages", () => {
    const many = Array.from({ length: LITTLE + 1 }, () => synthetic(20));
    const turnsIn = (messages: Parameters<typeof turnsOf>[0]) => withLittleStack(() => turnsOf(messages));
    const [, second] = turnsIn([user(0), answer(5, 10), idle(11), ...many, answer(30, 40), idle(41)]);
    expect(second?.rest).toHaveLength(many.length + 1);
    const compacted = message("compaction", 15, { status: "completed" });
    const [first] = turnsIn([user(0), answer(5, 10), idle(11), compacted, ...many.map(asSystem), idle(50)]);
    expect(first?.rest).toHaveLength(2 * many.length + 2);
  });

  test("that a fork copied are told from its own", () => {
    const info = { fork: { sessionID: "ses_one" }, time: { created: T0 + 1_000 } };
    const copied = { ...prompted, end: null, copied: true };
    expect(
      turnsOf([user(0), answer(5, 10, "tool-calls"), user(1_010), answer(1_020, 1_030), idle(1_031)], info),
    ).toEqual([copied, prompted]);
    const compacted = message("compaction", 1_010, { status: "completed", reason: "manual" });
    expect(turnsOf([user(0), answer(5, 10), compacted, idle(1_020)], info)).toEqual([
      copied,
      { origin: "opencode", prompts: 0, context: [], rest: ["compaction"], end: null },
    ]);
  });
});

describe("an answer", () => {
  test("is one call, from its request to the end of its output", () => {
    const content = [
      { type: "reasoning", text: "Hm.", time: { created: T0 + 30, completed: T0 + 40 } },
      { type: "text", text: "One." },
      tool(
        { state: { status: "completed", input: { command: "ls" }, content: [] } },
        { created: 50, ran: 61, completed: 90 },
      ),
      { type: "text", text: "Two." },
    ];
    const snapshot = { start: "aaa", end: "bbb", files: ["a.txt"] };
    const fields = { agent: "build", finish: "tool-calls", rawFinish: "tool_calls", cost: 0.5, snapshot };
    const tokens = { input: 3, output: 2, reasoning: 1, cache: { read: 7, write: 4 } };
    const model = { id: "m1", providerID: "scripted", variant: "high" };
    const times = { streamed: 60, completed: 95 };
    const one = onlyAnswer(read([user(0), message("assistant", 10, { ...fields, model, content, tokens }, times)]));
    expect(one).toMatchObject({
      created: T0 + 10,
      completed: T0 + 95,
      agent: "build",
      step: "answer",
      patches: [{ hash: "aaa", files: ["a.txt"] }],
      call: {
        model: { providerId: "scripted", modelId: "m1", variant: "high" },
        request: { at: T0 + 10, timing: "exact" },
        firstContentAt: T0 + 30,
        outputEnd: { at: T0 + 60, timing: "exact" },
        finished: true,
        answered: true,
        finish: "tool-calls",
        rawFinish: "tool_calls",
        output: {
          thinking: "Hm.",
          text: "One.\n\nTwo.",
          toolCalls: [{ id: "call_0", name: "shell", arguments: { command: "ls" } }],
        },
        recorded: { usage: { input: 3, output: 2, reasoning: 1, cacheRead: 7, cacheWrite: 4 }, cost: 0.5 },
      },
    });
  });

  test("has no known first token where a text came before all else, since texts have no times", () => {
    const content = [
      { type: "text", text: "One." },
      tool({ state: { status: "running", input: {} } }, { created: 50 }),
    ];
    expect(onlyAnswer(read([answer(10, 60, "stop", { content })])).call?.firstContentAt).toBeNull();
    expect(
      onlyAnswer(read([answer(10, 60, "stop", { content: [{ type: "text", text: "" }, content[1]] })])).call,
    ).toMatchObject({ firstContentAt: T0 + 50 });
  });

  test("of a build before 2.0 has bounds: its time is when the answer began, and its end is not noted", () => {
    const content = [tool({ state: { status: "completed", content: [] } }, { created: 50, ran: 61, completed: 90 })];
    const model = { id: "m1", providerID: "scripted" };
    const of = (fields: object) =>
      onlyAnswer(read([user(0), message("assistant", 40, { model, content: [], ...fields }, { completed: 95 })])).call;
    expect(of({ content, finish: "tool-calls" })).toMatchObject({
      request: { at: T0 + 40, timing: "bounded" },
      outputEnd: { at: T0 + 61, timing: "bounded" },
    });
    expect(of({ finish: "stop" })?.outputEnd).toEqual({ at: T0 + 95, timing: "bounded" });
    expect(of({ finish: "error", error: { type: "provider.auth", message: "no" } })?.outputEnd).toBeNull();
  });

  test("that waits to ask again says what its request died of", () => {
    const retry = { attempt: 2, at: T0 + 9_000, error: { type: "provider.rate-limit", message: "slow", status: 429 } };
    expect(onlyAnswer(read([user(0), answer(10, null, "", { retry })])).call?.failure).toMatchObject({
      error: { name: "provider.rate-limit", data: { statusCode: 429 } },
    });
  });

  test("in a session that came from opencode 1 may be a subagent alone, which asked no model", () => {
    const content = [tool({ name: "task", state: { status: "completed", content: [] } }, { ran: 20, completed: 30 })];
    const wrapper = message("assistant", 10, { content }, { completed: 31 });
    expect(onlyAnswer(read([user(0), wrapper]))).toMatchObject({ step: "subtask", call: null });
    expect(onlyAnswer(read([user(0), wrapper, idle(40)]))).toMatchObject({ step: "answer" });
  });
});

describe("requests that were made again", () => {
  const run = (retries: RunEvidence["retries"], more: Partial<RunEvidence> = {}): RunEvidence => ({
    streamErrors: [],
    exit: { kind: "served" },
    startedAt: T0 - 10,
    endedAt: T0 + 90_000,
    stderr: "",
    retries,
    ...more,
  });
  const failed = (ms: number, next: number, more: object = {}) => ({
    sessionId: "ses_two",
    at: T0 + ms,
    next: T0 + next,
    attempt: 2,
    reason: "slow down",
    ...more,
  });

  test("stand before the one that was answered, which its message tells", () => {
    const error = { name: "provider.rate-limit", data: { message: "slow down", statusCode: 429 } };
    const runs = [run([failed(30, 2_030, { error }), failed(2_050, 6_050)])];
    const one = onlyAnswer(read([user(0), answer(6_061, 7_000), idle(7_001)], {}, runs));
    expect(one.dead).toMatchObject([
      { start: T0, end: T0 + 2_030, timing: "bounded", failure: { at: T0 + 30, error, evidence: "events" } },
      { start: T0 + 2_030, end: T0 + 6_061, timing: "exact", failure: { error: { name: "UnknownError" } } },
    ]);
    expect(one.call?.request).toEqual({ at: T0 + 6_061, timing: "exact" });
    expect(new Set(one.dead.map(({ id }) => id)).size).toBe(2);
  });

  test("belong to the answer in whose time they fall, and to its session", () => {
    const runs = [run([failed(120, 2_120), failed(30, 40, { sessionId: "ses_other" })])];
    const session = read([user(0), answer(5, 100, "tool-calls"), answer(2_130, 2_200), idle(2_201)], {}, runs);
    const answers = onlyOne(session.turns).rest.filter((entry): entry is Answer => entry.kind === "answer");
    expect(answers.map(({ dead }) => dead.map(({ start, end }) => [start - T0, end - T0]))).toEqual([
      [],
      [[100, 2_130]],
    ]);
  });

  test("of a build before 2.0 tell when the one that was answered went out", () => {
    const model = { id: "m1", providerID: "scripted" };
    const late = message("assistant", 20, { model, content: [], finish: "stop" }, { completed: 3_000 });
    const one = onlyAnswer(read([user(0), late], {}, [run([failed(30, 2_030)])]));
    expect(one.dead).toMatchObject([{ start: T0, end: T0 + 2_030 }]);
    expect(one.call?.request).toEqual({ at: T0 + 2_030, timing: "exact" });
  });

  test.each<RunEvidence["exit"]>([
    { kind: "served", asked: "deadline" },
    { kind: "exited", code: 130, asked: "caller" },
    { kind: "signalled", signal: "SIGINT", by: "deadline" },
  ])("a turn that looptrace ended is cut off, whatever opencode notes about that: $kind", (exit) => {
    const aborted = { type: "aborted", message: "Step interrupted" };
    const messages = [user(0), answer(10, 50, "error", { error: aborted }), idle(51, "interrupted")];
    const session = read(messages, {}, [run([], { exit })]);
    expect(onlyOne(session.turns).end).toBeNull();
    expect(onlyAnswer(session)).toMatchObject({ completed: null, error: null, finish: null });
    const other = read(messages, {}, [run([])]);
    expect(onlyOne(other.turns).end?.outcome).toBe("interrupted");
    expect(onlyAnswer(other).error?.name).toBe("aborted");
  });
});

describe("a tool", () => {
  const runOf = (fields: object, times: Record<string, number> = {}) =>
    onlyOne(onlyAnswer(read([answer(10, 60, "tool-calls", { content: [tool(fields, times)] })])).tools);
  const text = (said: string) => ({ type: "text", text: said });

  test("took from when it was called to when it was done", () => {
    const state = {
      status: "completed",
      input: { command: "ls" },
      content: [text("a"), text("b")],
      metadata: { exit: 0 },
    };
    expect(runOf({ state }, { created: 40, ran: 61, completed: 90 })).toMatchObject({
      name: "shell",
      status: "completed",
      input: { command: "ls" },
      output: "a\nb",
      metadata: { exit: 0 },
      start: T0 + 61,
      end: T0 + 90,
      timing: "exact",
      argumentsAt: T0 + 40,
      atLeastMs: 29,
      atMostMs: 29,
      own: true,
      provider: null,
      subagent: null,
    });
  });

  test("that was never called took no time", () => {
    const state = { status: "error", input: {}, error: { type: "tool.input-json", message: "Invalid JSON" } };
    expect(runOf({ state }, { created: 40, completed: 90 })).toMatchObject({
      start: T0 + 90,
      end: T0 + 90,
      output: "Invalid JSON",
      facts: { error: "Invalid JSON", errorType: "tool.input-json" },
    });
  });

  test("whose start is not known has bounds", () => {
    const state = { status: "completed", content: [] };
    expect(runOf({ state }, { created: 40, completed: 90 })).toMatchObject({
      timing: "bounded",
      atLeastMs: 0,
      atMostMs: 50,
    });
    expect(runOf({ state })).toMatchObject({ start: T0 + 10, end: T0 + 60, timing: "bounded" });
  });

  test("that has not ended has no end", () => {
    expect(runOf({ state: { status: "running" } }, { created: 40, ran: 61 })).toMatchObject({
      status: "running",
      start: T0 + 61,
      end: null,
      atMostMs: null,
      output: null,
    });
    expect(runOf({ state: { status: "streaming", input: '{"co' } }, { created: 40 })).toMatchObject({
      status: "pending",
      input: '{"co',
      start: T0 + 40,
      end: null,
    });
  });

  test("may give files, and may be the provider's own", () => {
    const file = { type: "file", uri: "data:image/png;base64,AAAA", mime: "image/png", name: "a.png" };
    const state = { status: "completed", content: [file] };
    expect(runOf({ state, executed: true, providerState: { openai: { serverLabel: "docs" } } })).toMatchObject({
      attachments: [{ mime: "image/png", filename: "a.png", url: file.uri }],
      provider: { server: "docs" },
      facts: { isProviders: true },
    });
  });

  test("tells what a script has called in code mode", () => {
    const toolCalls = [
      { tool: "tiny.echo", status: "completed", input: { a: 1 } },
      { tool: "tiny.fail", status: "error" },
    ];
    const state = { status: "completed", content: [], metadata: { toolCalls } };
    expect(runOf({ name: "execute", state }).innerCalls).toEqual([
      { index: 0, path: "tiny.echo", outcome: "completed", input: { a: 1 }, durationMs: null },
      { index: 1, path: "tiny.fail", outcome: "failed", input: null, durationMs: null },
    ]);
  });

  test("has an id of its own also where a provider repeats those of its calls", () => {
    const same = tool({ state: { status: "completed", content: [] } });
    const session = read([
      answer(10, 60, "tool-calls", { content: [same, same] }),
      answer(70, 80, "stop", { content: [same] }),
    ]);
    const tools = session.turns.flatMap(({ rest }) =>
      rest.flatMap((entry) => (entry.kind === "answer" ? entry.tools : [])),
    );
    expect(new Set(tools.map(({ id }) => id)).size).toBe(3);
    expect(new Set(tools.map(({ callId }) => callId))).toEqual(new Set(["call_0"]));
  });

  test("that starts a subagent says which, and whether it goes on by itself", () => {
    const of = (state: object) => runOf({ name: "subagent", state }).subagent;
    expect(of({ status: "completed", content: [], metadata: { sessionID: "ses_a", status: "completed" } })).toEqual({
      sessionId: "ses_a",
      begun: true,
      inBackground: false,
    });
    expect(of({ status: "completed", content: [], metadata: { sessionID: "ses_a", status: "running" } })).toMatchObject(
      {
        inBackground: true,
      },
    );
    expect(of({ status: "error", error: { type: "tool.execution", message: "Unknown agent: x" } })).toMatchObject({
      sessionId: null,
      begun: false,
    });
    expect(of({ status: "error", error: { type: "aborted", message: "no" } })).toMatchObject({ begun: true });
  });
});

test("a command of a person's is a tool that no model asked for", () => {
  const one = onlyAnswer(read([shell(0, { exit: 2, output: { output: "no\n" } })]));
  expect(one).toMatchObject({ step: "command", call: null, completed: T0 + 5 });
  expect(onlyOne(one.tools)).toMatchObject({
    name: "shell",
    input: { command: "ls" },
    output: "no\n",
    start: T0,
    end: T0 + 5,
    facts: { metadata: { exit: 2 } },
  });
});

test("what happens beside answers is told as events", () => {
  const [a, b] = [
    { id: "m1", providerID: "p" },
    { id: "m2", providerID: "p", variant: "high" },
  ];
  const tokens = { input: 5, output: 2 };
  const session = read([
    user(0),
    message("agent-switched", 1, { agent: "plan", previous: "build" }),
    message("model-switched", 2, { model: b, previous: a }),
    message("location-switched", 3, { location: { directory: "/b" }, previous: { location: { directory: "/a" } } }),
    message("skill", 4, { skill: "s", name: "count", text: "Count." }),
    message("system", 5, { text: "Be brief.", description: "AGENTS.md changed" }),
    message("compaction", 6, { status: "completed", reason: "auto", summary: "So far.", model: a, cost: 0.1, tokens }),
    message("compaction", 7, {
      status: "failed",
      reason: "manual",
      error: { type: "compaction.unavailable", message: "no" },
    }),
    message("compaction", 8, { status: "running", reason: "auto" }),
  ]);
  const spent = { usage: { input: 5, output: 2, reasoning: 0, cacheRead: 0, cacheWrite: 0 }, cost: 0.1 };
  expect(onlyOne(session.turns).rest).toMatchObject([
    { name: "agent-switched", agent: "plan", previous: "build" },
    { name: "model-switched", model: { modelId: "m2", variant: "high" }, previous: { modelId: "m1" } },
    { name: "location-switched", directory: "/b", previous: "/a" },
    { name: "skill", skill: "count" },
    { kind: "told", content: [{ text: "Count.", synthetic: true }] },
    { name: "system", description: "AGENTS.md changed" },
    { kind: "told", content: [{ text: "Be brief.", synthetic: true }] },
    { name: "compaction", auto: true, summary: { outcome: "completed", model: { modelId: "m1" }, spent } },
    { name: "compaction", auto: false, summary: { outcome: "failed", error: { name: "compaction.unavailable" } } },
    { name: "compaction", summary: { outcome: "unfinished", spent: null } },
  ]);
});

test("a prompt is what the person typed, with its files", () => {
  const files = [
    { mime: "image/png", name: "a.png", data: "AAAA", source: { type: "inline" } },
    { mime: "text/plain", uri: "file:///a.txt" },
  ];
  const session = read([message("user", 0, { text: '"do the task"', files })]);
  expect(onlyOne(onlyOne(session.turns).prompts).content).toEqual([
    { type: "text", text: "do the task" },
    { type: "file", mime: "image/png", filename: "a.png", url: "data:image/png;base64,AAAA" },
    { type: "file", mime: "text/plain", filename: null, url: "file:///a.txt" },
  ]);
});

test("the model that a turn is asked of follows from where it was switched", () => {
  const switched = message("model-switched", 50, {
    model: { id: "m2", providerID: "p" },
    previous: { id: "m1", providerID: "p" },
  });
  const session = read([user(0), idle(10), switched, user(60), idle(70)], { model: { id: "m2", providerID: "p" } });
  expect(session.turns.map(({ model }) => model?.modelId)).toEqual(["m1", "m2"]);
});

test("the session's own sums, its version and what was not read are told", () => {
  const tokens = { input: 9, output: 1 };
  const info = { cost: 0.2, tokens, parentID: "ses_p", projectID: "global", title: "A" };
  const session = read([user(0), message("hologram", 1), answer(5, 9, "stop", { content: [{ type: "glow" }] })], info);
  expect(session).toMatchObject({
    title: "A",
    directory: "/home/dev/project",
    opencodeVersion: "2.x",
    parentId: "ses_p",
    projectId: "global",
    counted: { usage: { input: 9, output: 1, reasoning: 0, cacheRead: 0, cacheWrite: 0 }, cost: 0.2 },
    unread: { "message hologram": 1, "content glow": 1 },
  });
  expect(read([]).counted).toBeNull();
});

test("a subagent's session may be of another generation than its parent's", () => {
  const { session } = loadOpencode2("two-turns");
  const old = exportFromJson({ info: { id: "ses_old", time: { created: T0 } }, messages: [] }, "old.json");
  const model = sessionModel({ session, children: [{ session: old, children: [] }] }, {});
  expect(model.children).toMatchObject([{ id: "ses_old", opencodeVersion: "unknown" }]);
});
