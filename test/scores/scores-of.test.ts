import { describe, expect, test } from "vitest";
import { ConfigurationError } from "../../src/errors/configuration-error.js";
import type { NewScore } from "../../src/scores/new-score.js";
import { callersScore, scoresOf } from "../../src/scores/scores-of.js";
import type { Loop, LoopTrace } from "../../src/trace/model.js";
import { loadFixture, traceOf, tracesOf } from "../support/fixtures.js";
import { scoreEvent } from "../support/langfuse-scores.js";

const byName = (trace: LoopTrace, options = {}) =>
  Object.fromEntries(scoresOf(trace, options).map((score) => [score.name, score]));
const changed = (trace: LoopTrace, loop: Partial<Loop>): LoopTrace => ({ ...trace, loop: { ...trace.loop, ...loop } });

const now = Date.UTC(2030, 0, 1);

const fixtures = ["multistep@1.18.33", "failing-tool@1.18.33", "provider-401@1.18.33", "doom-loop@1.18.33"];

test.each(fixtures)("the scores of %s are such as Langfuse takes", (name) => {
  for (const { timestamp, revision: _, ...body } of scoresOf(traceOf(name), { environment: "ci" }))
    expect(scoreEvent.safeParse({ id: body.id, type: "score-create", timestamp, body }).error).toBeUndefined();
});

describe("what a turn is scored by", () => {
  test("how it went, what failed, what the cache and opencode itself took", () => {
    const trace = traceOf("multistep@1.18.33");
    const { totalsWithSubagents: totals, account } = trace.loop;
    const prompt = totals.usage.input + totals.usage.cacheRead + totals.usage.cacheWrite;
    const scores = byName(trace);
    expect(scores.outcome).toMatchObject({ dataType: "CATEGORICAL", value: "completed" });
    expect(scores.outcome).not.toHaveProperty("comment");
    expect(scores.tool_error_rate).toMatchObject({ value: 0, comment: "0 of 5" });
    expect(scores.doom_loop).toMatchObject({ dataType: "BOOLEAN", value: 0 });
    expect(scores.cache_hit_ratio?.value).toBeCloseTo(totals.usage.cacheRead / prompt, 6);
    expect(scores.opencode_time_share?.value).toBeCloseTo(account.other / account.duration, 6);
    expect(scores.cost_usd).toMatchObject({ dataType: "NUMERIC", value: totals.cost });
  });

  test("a failed turn says why, and without content only how it is called", () => {
    const trace = traceOf("provider-401@1.18.33");
    expect(byName(trace).outcome).toMatchObject({
      value: "failed",
      comment: `authentication_failed: ${trace.loop.error?.message}`,
    });
    expect(byName(trace, { content: false }).outcome?.comment).toBe("authentication_failed");
    expect(byName(trace)).not.toHaveProperty("tool_error_rate");
  });

  test("failed tools, a doom loop, a cost that is not known", () => {
    expect(byName(traceOf("failing-tool@1.18.33")).tool_error_rate).toMatchObject({ value: 1, comment: "5 of 5" });
    expect(byName(traceOf("doom-loop@1.18.33")).doom_loop).toMatchObject({
      value: 1,
      comment: expect.stringContaining("times"),
    });
    const trace = traceOf("multistep@1.18.33");
    const unpriced = changed(trace, { totalsWithSubagents: { ...trace.loop.totalsWithSubagents, cost: null } });
    expect(byName(unpriced)).not.toHaveProperty("cost_usd");
  });

  test("each turn of a session, by its own figures", () => {
    const two = tracesOf(loadFixture("two-turns@1.18.33"), "log");
    expect(two).toHaveLength(2);
    for (const trace of two)
      expect(byName(trace)).toMatchObject({
        outcome: { traceId: trace.traceId, value: "completed" },
        doom_loop: { value: 0 },
        opencode_time_share: {},
        cost_usd: { value: trace.loop.totalsWithSubagents.cost },
      });
  });

  test("nothing of a turn that a fork copied: it was scored where it happened", () => {
    expect(scoresOf(changed(traceOf("multistep@1.18.33"), { copied: true }))).toEqual([]);
  });
});

describe("a score is one however often it is sent", () => {
  const trace = traceOf("multistep@1.18.33");

  test("the same id and time each time, another for another name, turn or trace", () => {
    const ids = (options = {}) => scoresOf(trace, options).map(({ id }) => id);
    expect(ids()).toEqual(ids({ environment: "ci" }));
    const two = tracesOf(loadFixture("two-turns@1.18.33"), "log").flatMap((one) => scoresOf(one));
    const all = [
      ...ids(),
      ...two.map(({ id }) => id),
      ...ids({ parent: { traceId: "a".repeat(32), spanId: "b".repeat(16) } }),
    ];
    expect(new Set(all).size).toBe(all.length);
    for (const { timestamp } of scoresOf(trace)) expect(timestamp).toBe(new Date(trace.loop.start).toISOString());
  });

  test("below another program's span it is on the turn's own span", () => {
    const parent = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
    for (const score of scoresOf(trace, { parent }))
      expect(score).toMatchObject({ traceId: parent.traceId, observationId: trace.loop.spanId });
    for (const score of scoresOf(trace)) expect(score).not.toHaveProperty("observationId");
  });

  test("looptrace's own go once for ever; the caller's again when it says something else", () => {
    for (const score of scoresOf(trace)) expect(score).not.toHaveProperty("revision");
    const [one, same, other] = [0.7, 0.7, 0.9].map((value) => callersScore(trace, {}, { name: "review", value }, now));
    expect(one).toEqual(same);
    expect(other?.id).toBe(one?.id);
    expect(other?.revision).not.toBe(one?.revision);
  });
});

test("what the caller says later is of a later moment of the same day", () => {
  const trace = traceOf("plain-answer@1.18.33");
  const day = Date.UTC(2026, 0, 31);
  for (const start of [day, day + 43_200_000, day + 86_390_000]) {
    const turn = changed(trace, { start });
    const said = [-5_000, 0, 2_000, 5_000_000, 9_000_000_000].map(
      (later) => callersScore(turn, {}, { name: "review", value: 0.5 }, start + later).timestamp,
    );
    expect(said).toEqual(said.toSorted());
    expect(said.map((moment) => moment.slice(0, 10))).toEqual(said.map(() => "2026-01-31"));
    expect(said.slice(0, 2)).toEqual([0, 0].map(() => new Date(start).toISOString()));
    expect(new Set(said).size).toBe(4);
  }
});

describe("the caller's own", () => {
  const trace = traceOf("plain-answer@1.18.33");

  test.each<[NewScore, object]>([
    [
      { name: "review", value: 0.5 },
      { dataType: "NUMERIC", value: 0.5 },
    ],
    [
      { name: "tests", value: true, comment: "412 passed" },
      { dataType: "BOOLEAN", value: 1, comment: "412 passed" },
    ],
    [
      { name: "tests", value: false },
      { dataType: "BOOLEAN", value: 0 },
    ],
    [
      { name: " change ", value: "refactoring" },
      { dataType: "CATEGORICAL", value: "refactoring", name: "change" },
    ],
    [
      { name: "note", value: "as asked", kind: "text" },
      { dataType: "TEXT", value: "as asked" },
    ],
  ])("%j", (score, expected) => {
    const { timestamp, revision: _, ...body } = callersScore(trace, {}, score, now);
    expect(body).toMatchObject(expected);
    expect(scoreEvent.safeParse({ id: body.id, type: "score-create", timestamp, body }).error).toBeUndefined();
  });

  test("a long comment keeps its end", () => {
    const { comment } = callersScore(
      trace,
      {},
      { name: "tests", value: false, comment: `${"x".repeat(9_000)} 3 failed` },
      now,
    );
    expect(comment).toMatch(/^\[cut: 9009 characters in all\] … x+ 3 failed$/);
  });

  test.each<[NewScore, string]>([
    [{ name: "", value: 1 }, "name is empty"],
    [{ name: "outcome", value: 1 }, "name is the name of a score that looptrace gives itself"],
    [{ name: "x", value: Number.NaN }, "value"],
    [{ name: "x", value: "" }, "value is empty"],
    [{ name: "x", value: "y".repeat(501) }, "value is longer than 500 characters"],
    [{ name: "x", value: 1, kind: "text" }, "kind has a kind, which is for a value that is a text"],
  ])("%j is refused", (score, message) => {
    expect(() => callersScore(trace, {}, score, now)).toThrow(ConfigurationError);
    expect(() => callersScore(trace, {}, score, now)).toThrow(message);
  });
});
