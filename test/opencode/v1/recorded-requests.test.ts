import { describe, expect, test } from "vitest";
import type { LogEvidence } from "../../../src/opencode/evidence.js";
import type { Loop } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import type { WireEvidence, WireExchange } from "../../../src/wire/model.js";
import { fixtureNames, loadFixture, onlyOne } from "../../support/fixtures.js";
import {
  answer,
  assistant,
  exportOf,
  type RawMessage,
  SESSION,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";
import { exchange, refused, response, wireOf } from "../../trace/make-wire.js";
import { callsIn, retriesIn } from "../../trace/walk-trace.js";

const OTHER = "b".repeat(64);

function loopOf(messages: readonly RawMessage[], exchanges: readonly WireExchange[], more: Partial<WireEvidence> = {}) {
  return onlyOne(traceSession(treeOf(exportOf(messages)), { wire: wireOf(exchanges, more) })).loop;
}

const relative = ({ start, end }: { readonly start: number; readonly end: number }) => [start - T0, end - T0];

describe("a recorded request", () => {
  const [prompt, answered] = [user(0, "Go."), answer(50, 1_000)];

  test("gives its call its start and its end, to the millisecond", () => {
    const call = onlyOne(callsIn(loopOf([prompt, answered], [exchange(57.4, 990.8)])));
    expect([relative(call), call.timing]).toEqual([[57, 990], "exact"]);
    expect(call.wire).toMatchObject({ status: 200, requestId: "req_1", sentAt: T0 + 57.4, endAt: T0 + 990.8 });
  });

  test("is the same span as without it", () => {
    const [bare, recorded] = [loopOf([prompt, answered], []), loopOf([prompt, answered], [exchange(57, 990)])];
    expect(onlyOne(callsIn(recorded)).spanId).toBe(onlyOne(callsIn(bare)).spanId);
  });

  test("wins over the log", () => {
    const log: LogEvidence = { requests: [{ sessionId: SESSION, at: T0 + 51, small: false }], failures: [] };
    const tree = treeOf(exportOf([prompt, answered]));
    const loop = onlyOne(traceSession(tree, { log, wire: wireOf([exchange(57, 990)]) })).loop;
    expect(onlyOne(callsIn(loop)).start - T0).toBe(57);
  });

  test("of another session changes nothing", () => {
    const foreign = exchange(57, 990, { sessionId: "ses_other" });
    expect(loopOf([prompt, answered], [foreign])).toEqual(loopOf([prompt, answered], []));
  });

  test("that comes in by two ways counts once", () => {
    const one = exchange(57, 990);
    const loop = loopOf([prompt, answered], [one, one]);
    expect(loop.otherCalls).toBeUndefined();
    expect(retriesIn(loop)).toEqual([]);
  });

  test("that opencode broke off ends its call there", () => {
    const cut = assistant(50, null, [stepStart(300), text(310, null, "I am")]);
    const aborted = exchange(60, 700.2, { end: { how: "aborted", at: T0 + 700.2, error: null } });
    const call = onlyOne(callsIn(loopOf([user(0, "Go."), cut], [aborted])));
    expect([relative(call), call.timing, call.outcome]).toEqual([[60, 700], "exact", "unfinished"]);
  });

  test("without an end leaves that to the export", () => {
    const open = exchange(57, 990, { end: { how: "open", at: null, error: null } });
    const [call, bare] = [loopOf([prompt, answered], [open]), loopOf([prompt, answered], [])].map((loop) =>
      onlyOne(callsIn(loop)),
    );
    expect([call?.start, call?.end]).toEqual([T0 + 57, bare?.end]);
  });

  test("tells what its call had said when opencode was killed, which no export does", () => {
    const cut = assistant(50, null, [stepStart(300), text(310, null, "")]);
    const chunk = (delta: object): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;
    const chunks = [
      [300, chunk({ role: "assistant", content: "" })],
      [310, chunk({ content: "I am about" })],
      [320, `${chunk({ content: " to" })}data: {"choi`],
    ] as const;
    const open = exchange(60, 700, { response: response(290, chunks), end: { how: "open", at: null, error: null } });
    const call = onlyOne(callsIn(loopOf([user(0, "Go."), cut], [open])));
    expect([call.outcome, call.output.text, call.output.thinking]).toEqual(["unfinished", "I am about to", null]);
    const known = assistant(50, null, [stepStart(300), text(310, null, "I am")]);
    expect(onlyOne(callsIn(loopOf([user(0, "Go."), known], [open]))).output.text).toBe("I am");
  });

  test("tells when its call ended that failed for good", () => {
    const failed = assistant(50, 400, [], {
      error: { name: "APIError", data: { message: "no", statusCode: 401, isRetryable: false } },
    });
    const call = onlyOne(callsIn(loopOf([user(0, "Go."), failed], [refused(60, 300, 401)])));
    expect([relative(call), call.timing, call.wire?.status]).toEqual([[60, 299], "exact", 401]);
  });
});

describe("a request that was made again", () => {
  const late = assistant(50, 2_000, [stepStart(1_200), text(1_210, 1_990, "Done."), stepFinish(1_995)], {
    finish: "stop",
  });

  test("is a retry with its status, its error and its wait, also without a log", () => {
    const loop = loopOf([user(0, "Go."), late], [refused(60, 100, 429), exchange(1_100, 1_990)]);
    const retry = onlyOne(retriesIn(loop));
    expect([relative(retry), retry.timing]).toEqual([[60, 1_100], "exact"]);
    expect(retry.error).toMatchObject({ code: "rate_limit", evidence: "wire", statusCode: 429, retryAt: T0 + 1_100 });
    expect(retry.wire).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(onlyOne(callsIn(loop)).start - T0).toBe(1_100);
    expect(onlyOne(loop.steps).recovered).toBe(true);
  });

  test("has its error also where no answer came", () => {
    const reset = exchange(60, 100, {
      response: null,
      end: { how: "failed", at: T0 + 100, error: "ECONNRESET" },
      body: { text: null, bytes: 900, hash: OTHER },
    });
    const loop = loopOf([user(0, "Go."), late], [reset, exchange(1_100, 1_990)]);
    expect(onlyOne(retriesIn(loop)).error).toMatchObject({ code: "server_error", message: "ECONNRESET" });
  });

  test("after an answer that came well has the log's reason", () => {
    const error = { name: "UnknownError", data: { message: "Overloaded" } };
    const log: LogEvidence = {
      requests: [60, 1_100].map((when) => ({ sessionId: SESSION, at: T0 + when - 4, small: false })),
      failures: [{ sessionId: SESSION, at: T0 + 120, error }],
    };
    const tree = treeOf(exportOf([user(0, "Go."), late]));
    const wire = wireOf([exchange(60, 100), exchange(1_100, 1_990)]);
    const retry = onlyOne(retriesIn(onlyOne(traceSession(tree, { log, wire })).loop));
    expect(retry.error).toMatchObject({ message: "Overloaded", evidence: "log" });
  });

  test("with another body after one that was answered well is none", () => {
    const first = exchange(60, 100, { body: { text: null, bytes: 900, hash: OTHER } });
    const loop = loopOf([user(0, "Go."), late], [first, exchange(1_100, 1_990)]);
    expect(retriesIn(loop)).toEqual([]);
    expect(onlyOne(loop.otherCalls ?? [])).toMatchObject({ kind: "unknown", start: T0 + 60, end: T0 + 100 });
  });

  test("has the id that it has by the log", () => {
    const log: LogEvidence = {
      requests: [56, 1_096].map((when) => ({ sessionId: SESSION, at: T0 + when, small: false })),
      failures: [],
    };
    const tree = treeOf(exportOf([user(0, "Go."), late]));
    const logged = onlyOne(traceSession(tree, { log })).loop;
    const recorded = onlyOne(
      traceSession(tree, { wire: wireOf([refused(60, 100, 429), exchange(1_100, 1_990)]) }),
    ).loop;
    expect(retriesIn(recorded).map(({ spanId }) => spanId)).toEqual(retriesIn(logged).map(({ spanId }) => spanId));
  });
});

describe("a request beside the answers", () => {
  const messages = [user(0, "Go."), answer(50, 1_000)];

  test("for the title is a call of its own, by what the tap says or by its prompt", () => {
    const title = exchange(55, 400, { purpose: "title", body: { text: null, bytes: 300, hash: OTHER } });
    const text = JSON.stringify({ messages: [{ role: "system", content: "You are a title generator. You output" }] });
    for (const one of [title, { ...title, purpose: null, body: { ...title.body, text } }]) {
      const loop = loopOf(messages, [one, exchange(57, 990)]);
      expect(onlyOne(callsIn(loop)).start - T0).toBe(57);
      expect(onlyOne(loop.otherCalls ?? [])).toMatchObject({ kind: "title", timing: "exact", start: T0 + 55 });
    }
  });

  test("is none for a title where a file only tells of such a prompt", () => {
    const said = JSON.stringify({ content: "You are a title generator" });
    const text = JSON.stringify({ messages: [{ role: "tool", content: said }] });
    const own = exchange(57, 990, { body: { text, bytes: 300, hash: OTHER } });
    expect(onlyOne(callsIn(loopOf(messages, [own]))).start - T0).toBe(57);
  });

  test("stands in the turn in whose time it was sent", () => {
    const later = [user(2_000, "And now?"), answer(2_050, 3_000)];
    const tree = treeOf(exportOf([...messages, ...later]));
    const stray = exchange(2_100, 2_300, { purpose: "generate" });
    const traces = traceSession(tree, { wire: wireOf([exchange(57, 990), exchange(2_057, 2_990), stray]) });
    expect(traces.map(({ loop }) => loop.otherCalls?.length ?? 0)).toEqual([0, 1]);
  });

  test("that names no session stands beside the root's", () => {
    const loop = loopOf(messages, [exchange(57, 990), exchange(60, 90, { sessionId: null })]);
    expect(onlyOne(loop.otherCalls ?? [])).toMatchObject({ kind: "unknown", start: T0 + 60 });
    expect(onlyOne(callsIn(loop)).start - T0).toBe(57);
  });

  test("of a subagent whose session is missing stands with its parent", () => {
    const child = exchange(60, 90, { sessionId: "ses_child", parentSessionId: SESSION });
    const loop = loopOf(messages, [exchange(57, 990), child]);
    expect(onlyOne(loop.otherCalls ?? [])).toMatchObject({ kind: "unknown", start: T0 + 60 });
  });

  test("has the same id whatever else was recorded, and by whatever name", () => {
    const title = exchange(55, 400, { purpose: "title" });
    const ids = [[title], [{ ...title, id: "another" }, exchange(57, 990)]].map((exchanges) =>
      loopOf(messages, exchanges).otherCalls?.map(({ spanId }) => spanId),
    );
    expect(ids[0]).toEqual(ids[1]);
  });
});

test("what the recording covers only in part falls back to the log, answer by answer", () => {
  const log: LogEvidence = {
    requests: [55, 1_055].map((when) => ({ sessionId: SESSION, at: T0 + when, small: false })),
    failures: [],
  };
  const first = assistant(50, 900, [stepStart(300), tool(310, 400, 880), stepFinish(890, { reason: "tool-calls" })], {
    finish: "tool-calls",
  });
  const tree = treeOf(exportOf([user(0, "Go."), first, answer(1_050, 2_000)]));
  const loop = onlyOne(traceSession(tree, { log, wire: wireOf([exchange(1_059, 1_990)]) })).loop;
  const calls = callsIn(loop);
  expect(calls.map(({ start, wire }) => [start - T0, wire !== undefined])).toEqual([
    [55, false],
    [1_059, true],
  ]);
});

test("requests that do not fit the export stand beside the steps, and a note says so", () => {
  // Sent when the answer had long begun.
  const loop = loopOf([user(0, "Go."), answer(50, 1_000)], [exchange(500, 990)]);
  expect(onlyOne(loop.steps).notes.join()).toMatch(/recorded requests do not fit/);
  expect(onlyOne(loop.otherCalls ?? [])).toMatchObject({ kind: "unknown", start: T0 + 500 });
});

describe("a tool whose run was recorded", () => {
  const messages = (version: string) =>
    exportOf(
      [
        user(0, "Go."),
        assistant(50, 2_000, [stepStart(100), tool(200, 1_700, 1_800), stepFinish(1_990)], { finish: "tool-calls" }),
      ],
      { version },
    );
  const run = { sessionId: SESSION, callId: "call_200", tool: "bash", start: T0 + 300.4, end: T0 + 1_799.6 };

  test.each(["1.15.13", "1.18.33"])("has exactly these times (%s)", (version) => {
    const wire = wireOf([], { tools: [{ ...run, sessionId: "ses_other", start: T0 + 1 }, run] });
    const { loop } = onlyOne(traceSession(treeOf(messages(version)), { wire }));
    const one = onlyOne(onlyOne(loop.steps).tools);
    expect([relative(one), one.timing, one.atLeastMs, one.atMostMs]).toEqual([[300, 1_800], "exact", 1_500, 1_500]);
  });

  test("is told from another of the same id by its time", () => {
    const wire = wireOf([], { tools: [run, { ...run, start: T0 + 5_000, end: T0 + 6_000 }] });
    const { loop } = onlyOne(traceSession(treeOf(messages("1.18.33")), { wire }));
    expect(relative(onlyOne(onlyOne(loop.steps).tools))).toEqual([300, 1_800]);
  });
});

describe.each(fixtureNames)("what the provider has seen of %s, taken for a recording", (name) => {
  const fixture = loadFixture(name);
  const exchanges = fixture.provider.map((seen): WireExchange => {
    const end = seen.lastChunk ?? seen.firstChunk ?? seen.received + 1;
    const answered =
      seen.status === undefined ? null : response(0, [], { status: seen.status, at: seen.firstChunk ?? end });
    return exchange(0, 0, {
      id: `seen#${seen.number}`,
      sessionId: seen.sessionId,
      purpose: seen.title ? "title" : null,
      sentAt: seen.received,
      response: answered,
      end: { how: answered ? "complete" : "failed", at: end, error: answered ? null : "reset" },
      body: { text: null, bytes: 1, hash: `${seen.sessionId}/${seen.received}` },
    });
  });
  const traces = traceSession(fixture.tree, { log: fixture.log, wire: wireOf(exchanges) });
  const logged = traceSession(fixture.tree, { log: fixture.log });
  const loops = traces.map(({ loop }) => loop);

  test("loses no request and takes none twice", () => {
    const found = loops.flatMap(exchangesIn).toSorted();
    expect(found).toEqual(exchanges.map(({ id }) => id).toSorted());
  });

  test("gives the calls and retries that the log gives, with their ids", () => {
    const ids = (all: typeof traces) =>
      all.flatMap(({ loop }) => [...callsIn(loop), ...retriesIn(loop)].map(({ spanId }) => spanId));
    expect(ids(traces)).toEqual(ids(logged));
  });
});

function exchangesIn(loop: Loop): readonly string[] {
  const steps = loop.steps.flatMap(({ call, retries, tools, loops }) => [
    ...[call, ...retries].flatMap((one) => one?.wire?.exchangeId ?? []),
    ...[...tools.flatMap((one) => one.loops), ...loops].flatMap(exchangesIn),
  ]);
  const others = (loop.otherCalls ?? []).flatMap(({ wire }) => wire?.exchangeId ?? []);
  return [...steps, ...others, ...loop.loops.flatMap(exchangesIn)];
}

describe("what was answered", () => {
  const frame = (delta: object, more: object = {}) =>
    `data: ${JSON.stringify({ id: "chat_1", model: "m1-2026", choices: [{ index: 0, delta }], ...more })}\n\n`;
  const usage = { prompt_tokens: 120, completion_tokens: 8, total_tokens: 128 };
  const streamed = (sent: number, chunks: readonly (readonly [number, string])[], ended: number, more = {}) =>
    exchange(sent, ended, { response: response(sent + 5, chunks), ...more });
  const late = assistant(50, 2_000, [stepStart(1_200), text(1_260, 1_990, "Done."), stepFinish(1_995)], {
    finish: "stop",
  });

  test("dates the first content by its chunk, not by the role before it", () => {
    const one = streamed(
      1_100,
      [
        [1_150, frame({ role: "assistant" })],
        [1_220.3, frame({ content: "Do" })],
      ],
      1_990,
    );
    const call = onlyOne(callsIn(loopOf([user(0, "Go."), late], [one])));
    expect([call.firstTokenAt, call.wire?.firstContentAt]).toEqual([T0 + 1_220, T0 + 1_220.3]);
  });

  test("of a request that died is told, with the failure that stands in the stream", () => {
    const error = `data: ${JSON.stringify({ error: { message: "Overloaded", type: "overloaded_error" } })}\n\n`;
    const died = streamed(
      60,
      [
        [100, frame({ content: "I be" })],
        [120, frame({ content: "gan" }) + error],
      ],
      130,
    );
    const loop = loopOf([user(0, "Go."), late], [died, exchange(1_100, 1_990)]);
    const retry = onlyOne(retriesIn(loop));
    expect(retry.output).toEqual({ thinking: null, text: "I began", toolCalls: [] });
    expect(retry.error).toMatchObject({ message: "Overloaded", evidence: "wire" });
  });

  test("gives a title its model, its provider, its tokens and, where the answers settle it, its cost", () => {
    const body = { text: JSON.stringify({ model: "m1", messages: [] }), bytes: 40, hash: OTHER };
    const answered = [[200, frame({ content: "Title" }, { usage })]] as const;
    const title = streamed(55, answered, 400, { purpose: "title", body });
    const tokens = (input: number, output: number) => ({
      ...{ total: input + output, input, output, reasoning: 0, cache: { read: 0, write: 0 } },
    });
    const step = (from: number, used: ReturnType<typeof tokens>, cost: number) =>
      assistant(from, from + 900, [stepStart(from + 20), stepFinish(from + 890, { tokens: used, cost })], {
        finish: "stop",
      });
    const messages = [user(0, "Go."), step(50, tokens(1_000, 100), 0.0045), step(1_000, tokens(100, 100), 0.0018)];
    const loop = loopOf(messages, [title, exchange(57, 940), exchange(1_007, 1_890)]);
    const other = onlyOne(loop.otherCalls ?? []);
    expect(other).toMatchObject({
      kind: "title",
      model: { providerId: "scripted", modelId: "m1", variant: null },
      usage: { input: 120, output: 8, reasoning: 0, cacheRead: 0, cacheWrite: 0 },
    });
    expect(other.cost).toBeCloseTo(120 * 3e-6 + 8 * 15e-6, 12);
  });
});

test("a refusal that was cut off before its body has the words of the attempt before, where that was the same", () => {
  const bare = (status: number) => refused(400, 500, status, { response: response(450, [], { status }) });
  const wordsOf = (...exchanges: readonly WireExchange[]) => {
    const loop = loopOf([user(0, "Go."), assistant(50, null, [])], exchanges);
    return onlyOne(callsIn(loop)).error?.message;
  };
  expect(wordsOf(refused(57, 100, 429), bare(429))).toBe("Rate limit reached");
  expect(wordsOf(refused(57, 100, 429), bare(503))).toBe("The provider answered with HTTP status 503.");
  expect(wordsOf(bare(429))).toBe("The provider answered with HTTP status 429.");
});
