import { describe, expect, test } from "vitest";
import { sessionFacts, withHeads } from "../../src/analysis/session-facts.js";
import type { RunEvidence } from "../../src/opencode/evidence.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { traceOf } from "../support/fixtures.js";
import { answer, assistant, exportOf, stepFinish, stepStart, T0, tool, treeOf, user } from "../trace/make-session.js";

test("a session without a prompt has none", () => {
  expect(sessionFacts([])).toBeNull();
});

describe("what caching saved", () => {
  const priced = (at: number, tokens: readonly [input: number, output: number, read: number, write: number]) => {
    const [input, output, read, write] = tokens;
    const cost = input * 3e-6 + output * 15e-6 + read * 0.3e-6 + write * 3.75e-6;
    const total = input + output + read + write;
    const parts = [
      stepStart(at),
      stepFinish(at + 90, { tokens: { total, input, output, reasoning: 0, cache: { read, write } }, cost }),
    ];
    return assistant(at, at + 100, parts, { finish: "stop" });
  };

  test("is told where the calls settle the prices", () => {
    const messages = [
      user(0, "Go."),
      priced(100, [1000, 10, 0, 500]),
      priced(300, [100, 20, 1500, 0]),
      priced(500, [90, 300, 1500, 70]),
      priced(700, [10, 1, 1600, 0]),
    ];
    const spent = sessionFacts(traceSession(treeOf(exportOf(messages))))?.turns[0]?.spent[0];
    expect(spent?.saved).toBeCloseTo(4600 * (3e-6 - 0.3e-6) + 570 * (3e-6 - 3.75e-6), 12);
  });

  test("is unknown where they do not, and nothing where there is no cache", () => {
    const once = [user(0, "Go."), priced(100, [1000, 10, 300, 500])];
    expect(sessionFacts(traceSession(treeOf(exportOf(once))))?.turns[0]?.spent[0]?.saved).toBeNull();
    const without = [user(0, "Go."), priced(100, [1000, 10, 0, 0])];
    expect(sessionFacts(traceSession(treeOf(exportOf(without))))?.turns[0]?.spent[0]?.saved).toBe(0);
    const free = [user(0, "Go."), answer(100, 200)];
    expect(sessionFacts(traceSession(treeOf(exportOf(free))))?.turns[0]?.spent[0]).toMatchObject({
      saved: null,
      unpriced: { calls: 1, usage: { input: 100, output: 10, reasoning: 2 } },
    });
  });
});

describe("branch and commit", () => {
  const commit = "1".repeat(40);
  const run: RunEvidence = {
    git: { branch: "fix", commit, pullRequest: { number: 7, url: null } },
    tags: ["nightly"],
    streamErrors: [],
    exit: { kind: "exited", code: 0 },
    startedAt: T0 - 10,
    endedAt: T0 + 400,
    stderr: "",
  };
  const messages = [user(0, "Go."), answer(100, 300), user(500, "More."), answer(600, 800)];
  const traces = traceSession(treeOf(exportOf(messages)));

  test("are those of the run, else what the directory's history tells, else unknown", () => {
    const gitAt = (directory: string, at: number) =>
      directory === "/home/dev/project" && at === T0 + 500 ? { branch: null, commit, pullRequest: null } : null;
    const told = sessionFacts(traces, { runs: [run], gitAt });
    expect(told?.turns.map(({ git, tags }) => ({ git, tags }))).toEqual([
      { git: { ...run.git, from: "run" }, tags: ["nightly"] },
      { git: { branch: null, commit, pullRequest: null, from: "reflog" }, tags: [] },
    ]);
    expect(sessionFacts(traces)?.turns.map(({ git }) => git)).toEqual([null, null]);
  });
});

test("tools are counted by name, with how long each call took", () => {
  const parts = [tool(20, 100, 110), tool(21, 110, 140, { callID: "b" }), tool(22, 150, null, { callID: "c" })];
  const messages = [user(0, "Go."), assistant(10, 900, [stepStart(11), ...parts, stepFinish(899)])];
  expect(sessionFacts(traceSession(treeOf(exportOf(messages))))?.turns[0]?.tools).toMatchObject([
    { name: "bash", origin: "opencode", count: 3, failed: 0, durations: [10, 30], busy: 40 },
  ]);
});

test("texts are cut only when that is asked for, whole characters as they are", () => {
  const facts = sessionFacts([traceOf("plain-answer@1.18.33")]);
  if (!facts) throw new Error("no facts");
  const long = { ...facts, title: "x".repeat(499) + "👩".repeat(9) };
  expect(withHeads(long).title).toBe(`${"x".repeat(499)}�…`);
  expect(withHeads(facts)).toEqual(facts);
});
