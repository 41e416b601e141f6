import { describe, expect, test } from "vitest";
import type { RunEvidence } from "../../../../src/opencode/evidence.js";
import { exportFromJson } from "../../../../src/opencode/read/read-export.js";
import type { Loop } from "../../../../src/trace/model.js";
import { traceSession } from "../../../../src/trace/trace-session.js";
import type { WireExchange } from "../../../../src/wire/model.js";
import { onlyOne } from "../../../support/fixtures.js";
import { followed } from "../../../trace/make-evidence.js";
import { SESSION, T0 } from "../../../trace/make-session.js";
import { exchange, refused, response, wireOf } from "../../../trace/make-wire.js";
import { callsIn, retriesIn } from "../../../trace/walk-trace.js";

let ids = 0;

/** A message at some ms since the beginning; so are the times of it that are given. */
function message(type: string, created: number, fields: object = {}, times: Record<string, number> = {}) {
  const time = Object.fromEntries(Object.entries({ created, ...times }).map(([name, ms]) => [name, T0 + ms]));
  ids += 1;
  return { id: `msg_${type}_${ids}`, type, time, ...fields };
}

const user = (created: number) => message("user", created, { text: "Do it." });
const idle = (created: number) => message("idle", created, { outcome: "succeeded" });
const TOKENS = { input: 100, output: 10, reasoning: 0, cache: { read: 0, write: 0 } };

function answer(from: number, to: number, finish = "stop") {
  const fields = { model: { id: "m1", providerID: "scripted" }, content: [], finish, tokens: TOKENS, cost: 0.01 };
  return message("assistant", from, fields, { streamed: to - 5, completed: to });
}

function loopOf(
  messages: readonly object[],
  exchanges: readonly WireExchange[],
  runs: readonly RunEvidence[] = [],
  more: object = {},
) {
  const info = {
    ...more,
    id: SESSION,
    time: { created: T0, idle: T0 + 9_000 },
    location: { directory: "/home/dev/project" },
  };
  const session = exportFromJson({ info, messages }, "two.json");
  return onlyOne(traceSession({ session, children: [] }, { runs, wire: wireOf(exchanges) })).loop;
}

const relative = ({ start, end }: { readonly start: number; readonly end: number }) => [start - T0, end - T0];
const others = ({ otherCalls = [] }: Loop) => otherCalls.map(({ kind, start }) => [kind, start - T0]);

test("a recorded request gives its call its times", () => {
  const loop = loopOf([user(0), answer(100, 900), idle(901)], [exchange(104.2, 890.4, { purpose: "primary" })]);
  const call = onlyOne(callsIn(loop));
  expect([relative(call), call.timing, call.wire?.status]).toEqual([[104, 889], "exact", 200]);
  expect(loop.otherCalls).toBeUndefined();
});

describe("a request that was made again", () => {
  const messages = [user(0), answer(1_100, 1_900), idle(1_901)];
  const exchanges = [refused(60, 100, 429), refused(400, 450, 503), exchange(1_103, 1_890)];

  test("is a retry, also where nothing followed the events", () => {
    const loop = loopOf(messages, exchanges);
    expect(retriesIn(loop).map((one) => [...relative(one), one.timing, one.error?.code, one.wire?.status])).toEqual([
      [60, 400, "exact", "rate_limit", 429],
      [400, 1_103, "exact", "server_error", 503],
    ]);
    expect(onlyOne(callsIn(loop)).start - T0).toBe(1_103);
  });

  test("has the events' reason where it was answered well, and the id that it has by them", () => {
    const retry = { sessionId: SESSION, at: T0 + 98, next: T0 + 1_100, attempt: 1, reason: "Rate limit reached" };
    const runs = [followed({ retries: [retry] })];
    const well = [exchange(60, 95), exchange(1_103, 1_890)];
    const [recorded, told] = [well, []].map((all) => onlyOne(retriesIn(loopOf(messages, all, runs))));
    expect(recorded?.error).toMatchObject({ code: "rate_limit", evidence: "events" });
    expect(recorded?.spanId).toBe(told?.spanId);
  });
});

describe("requests beside the answers", () => {
  const before = [user(0), answer(100, 900, "tool-calls")];
  const primary = [exchange(104, 890, { purpose: "primary" }), exchange(2_104, 2_890, { purpose: "primary" })];
  const after = [answer(2_100, 2_900), idle(2_901)];

  test("for the title are calls of their own", () => {
    const title = exchange(101, 300, { purpose: "title" });
    expect(others(loopOf([...before, ...after], [title, ...primary]))).toEqual([["title", 101]]);
  });

  test("for a compaction are the compaction's own, the dead ones beside it", () => {
    const compaction = message("compaction", 1_000, { status: "completed", reason: "auto", summary: "So far." });
    const made = [
      refused(1_004, 1_100, 500, { purpose: "compaction" }),
      exchange(1_300, 1_800, { purpose: "compaction" }),
    ];
    const loop = loopOf([...before, compaction, ...after], [...made, ...primary]);
    expect(others(loop)).toEqual([
      ["compaction", 1_000],
      ["compaction", 1_004],
    ]);
    expect(loop.otherCalls?.[0]).toMatchObject({ end: T0 + 1_799, timing: "exact", wire: { status: 200 } });
    expect(retriesIn(loop)).toEqual([]);
  });

  test("for a compaction are its own too where only their time tells it", () => {
    const compaction = message("compaction", 1_000, {
      status: "completed",
      reason: "auto",
      tokens: TOKENS,
      cost: 0.01,
    });
    const other = (hash: string) => ({ body: { text: null, bytes: 5, hash: hash.repeat(64) } });
    const made = [
      exchange(104, 890),
      refused(1_004, 1_100, 500, other("c")),
      exchange(1_300, 1_800, other("c")),
      exchange(2_104, 2_890, other("d")),
    ];
    const loop = loopOf([...before, compaction, ...after], made);
    expect(others(loop)).toEqual([
      ["compaction", 1_000],
      ["compaction", 1_004],
    ]);
    expect(loop.otherCalls?.[0]).toMatchObject({ end: T0 + 1_799, usage: { input: 100 }, wire: { status: 200 } });
    expect(callsIn(loop).map(relative)).toEqual([
      [104, 889],
      [2_104, 2_889],
    ]);
    expect(retriesIn(loop)).toEqual([]);
  });

  test("whose purpose is not known stand there as such, where their body is no retry's", () => {
    const body = { text: null, bytes: 5, hash: "c".repeat(64) };
    const loop = loopOf([...before, ...after], [exchange(1_004, 1_800, { body }), ...primary]);
    expect(others(loop)).toEqual([["unknown", 1_004]]);
  });
});

test("what opencode has counted is not counted twice: a recorded title takes its part of it, and the cost that is left", () => {
  const usage = { prompt_tokens: 120, completion_tokens: 8, total_tokens: 128 };
  const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "Title" } }], usage })}\n\n`;
  const title = exchange(101, 300, { purpose: "title", response: response(110, [[200, chunk]]) });
  const counted = { tokens: { input: 220, output: 18, reasoning: 0, cache: { read: 0, write: 0 } }, cost: 0.0125 };
  const messages = [user(0), answer(100, 900), idle(901)];
  const bare = loopOf(messages, [], [], counted);
  expect(others(bare)).toEqual([["unknown", 0]]);
  const { otherCalls = [] } = loopOf(messages, [title, exchange(104, 890, { purpose: "primary" })], [], counted);
  expect(otherCalls).toMatchObject([{ kind: "title", usage: { input: 120, output: 8 }, cost: 0.0025 }]);
});
