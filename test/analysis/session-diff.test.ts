import fc from "fast-check";
import picocolors from "picocolors";
import { describe, expect, test, vi } from "vitest";
import { diffCsv } from "../../src/analysis/diff-csv.js";
import { type DiffInput, diffSessions, type SessionDiff } from "../../src/analysis/session-diff.js";
import type { Comparison, Figure, FigureName } from "../../src/analysis/turn-figures.js";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import type { SessionTree } from "../../src/opencode/schema/exported-session.js";
import { paintDiff } from "../../src/terminal/paint-diff.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, fixtureNames, loadFixture, tracesOf } from "../support/fixtures.js";
import { patiently } from "../support/patience.js";
import { tries } from "../support/tries.js";
import { arbitrarySession } from "../trace/arbitrary-session.js";
import { answer, assistant, exportOf, mint, stepFinish, stepStart, text, treeOf, user } from "../trace/make-session.js";

function sideOf(tree: SessionTree, traces: readonly LoopTrace[] = traceSession(tree)): DiffInput {
  const { id, title, version } = tree.session.info;
  return { session: { id, title, opencodeVersion: version }, traces };
}

function side(name: string): DiffInput {
  const fixture = loadFixture(name);
  return sideOf(fixture.tree, tracesOf(fixture, "log"));
}

function diff(a: string, b: string): SessionDiff {
  return diffSessions(side(`${a}@1.18.33`), side(`${b}@1.18.33`));
}

function figure(figures: readonly Figure[], name: FigureName): Comparison {
  const found = figures.find((one) => one.name === name);
  if (!found) throw new Error(`no figure ${name}`);
  const { a, b, difference, percent } = found;
  return { a, b, difference, percent };
}

describe("two sessions", () => {
  test("figure by figure, with the difference and its part", () => {
    const { figures } = at(diff("plain-answer", "multistep").turns, 0);
    expect(figure(figures, "steps")).toEqual({ a: 1, b: 4, difference: 3, percent: 300 });
    expect(figure(figures, "tokens")).toEqual({ a: 1218, b: 18_708, difference: 17_490, percent: 1435.96 });
    expect(figure(figures, "input")).toEqual({ a: 1200, b: 5324, difference: 4124, percent: 343.67 });
    expect(figure(figures, "cached")).toEqual({ a: 0, b: 13_056, difference: 13_056, percent: null });
    expect(figure(figures, "cacheWrite")).toEqual({ a: 0, b: 0, difference: 0, percent: null });
    expect(figure(figures, "output")).toMatchObject({ a: 18, b: 258 });
    expect(figure(figures, "reasoning")).toMatchObject({ a: 0, b: 70 });
    expect(figure(figures, "context")).toMatchObject({ a: 1218, b: 4994 });
    expect(figure(figures, "cost")).toMatchObject({ a: 0.001236, b: 0.0072856, difference: 0.0060496 });
  });

  test("the time and its parts, which add up", () => {
    const { figures } = at(diff("plain-answer", "rate-limited-then-ok").turns, 0);
    for (const of of ["a", "b", "difference"] as const) {
      const parts = (["modelTime", "toolTime", "waitingTime", "retryTime", "opencodeTime"] as const).map(
        (name) => figure(figures, name)[of] ?? Number.NaN,
      );
      expect(parts.reduce((sum, part) => sum + part)).toBe(figure(figures, "duration")[of]);
    }
    expect(figure(figures, "retryTime").b).toBeGreaterThan(0);
  });

  test("tool by tool, subagents' tools among them, the one that took most first", () => {
    const { tools } = diff("multistep", "subagent").sums;
    const told = tools.map(({ tool, calls, time }) => [tool, calls.a, calls.b, time.a, time.b]);
    expect(told).toEqual([
      ["bash", 2, 1, 818, 282],
      ["task", 0, 1, 0, expect.any(Number)],
      ["read", 2, 0, 626, 0],
      ["edit", 1, 0, 20, 0],
    ]);
    // The bash of the subagent is in the time of the task that started it.
    expect(told[1]?.at(-1)).toBeGreaterThan(282);
    const failing = diff("multistep", "failing-tool").sums.tools.find(({ tool }) => tool === "bash");
    expect(failing?.failures).toEqual({ a: 0, b: 2, difference: 2, percent: null });
  });

  test("what is not known has no difference", () => {
    const { figures } = at(diff("multistep", "killed").turns, 0);
    for (const name of ["tokens", "input", "cached", "output", "context", "cost"] as const) {
      expect(figure(figures, name)).toMatchObject({ b: null, difference: null, percent: null });
    }
  });

  test("how they ended, and what the figures lack", () => {
    const [turn] = diff("provider-401", "killed").turns;
    expect(turn?.a).toMatchObject({
      outcome: "failed",
      error: { code: "authentication_failed" },
      model: "scripted/m1",
      agent: "build",
      notes: [],
    });
    expect(turn?.b).toMatchObject({
      outcome: "unfinished",
      error: { code: "aborted" },
      notes: [
        "1 turn without an end: counted as far as the session tells",
        "1 tool call without an end: counted up to the last known moment",
      ],
    });
    const alone = sideOf({ session: loadFixture("subagent@1.18.33").session, children: [] });
    expect(diffSessions(alone, alone).turns[0]?.a?.notes).toEqual([
      "1 subagent session not in the input: what they took is in no sum",
    ]);
  });
});

describe("sessions of several turns", () => {
  test("are compared turn by turn, and an extra turn stands alone", () => {
    const { a, b, turns, sums } = diff("two-turns", "plain-answer");
    expect([a.turns, b.turns]).toEqual([2, 1]);
    expect(turns.map((turn) => [turn.turn, turn.a !== null, turn.b !== null])).toEqual([
      [0, true, true],
      [1, true, false],
    ]);
    expect(turns[1]?.parting).toBeNull();
    expect(figure(turns[1]?.figures ?? [], "tokens")).toEqual({
      a: 6561,
      b: null,
      difference: null,
      percent: null,
    });
    expect(figure(sums.figures, "tokens")).toMatchObject({ a: 12_730, b: 1218, difference: -11_512 });
    expect(figure(sums.figures, "context").a).toBe(figure(turns[1]?.figures ?? [], "context").a);
  });

  test("say what their sums lack, also where a turn of which nothing is known has no sum of its own", () => {
    const unknown = { tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } }, cost: 0 };
    const error = { name: "MessageAbortedError", data: { message: "Aborted" } };
    const cut = assistant(1010, 1200, [stepStart(1020), text(1021, 1100, "Cut.")], { ...unknown, error });
    const priced = (from: number) =>
      assistant(from, from + 90, [stepStart(from), stepFinish(from + 80, { cost: 0.1 })], {
        finish: "stop",
        cost: 0.1,
      });
    const lacking = sideOf(treeOf(exportOf([user(0, "One."), priced(10), user(1000, "Two."), cut])));
    const whole = sideOf(treeOf(exportOf([user(0, "One."), priced(10), user(1000, "Two."), priced(1010)])));
    const notes = ["tokens and cost lack 1 call of unknown usage"];
    const told = diffSessions(whole, lacking);
    expect(told.turns[1]?.b?.notes).toEqual([]);
    expect([told.a.notes, told.b.notes]).toEqual([[], notes]);
    const painted = paintDiff(told, { width: 100, colors: picocolors.createColors(false) });
    expect(painted.slice(painted.indexOf("\nall turns\n"))).toContain(`\nnote     B ${notes[0]}\n`);
  });

  test("a turn that a fork copied is compared as what it was, and says so", () => {
    const day = 86_400_000;
    const original = [user(0, "One."), answer(10, 200, "First.")];
    const copy = original.map((message) => ({ ...message, info: { ...message.info, id: mint("msg", day) } }));
    const fork = treeOf(exportOf([...copy, user(day, "Two."), answer(day + 10, day + 200)], { id: "ses_fork" }));
    const { turns, sums } = diffSessions(sideOf(treeOf(exportOf(original))), sideOf(fork));
    expect(figure(turns[0]?.figures ?? [], "tokens")).toMatchObject({ a: 112, b: 112, difference: 0 });
    expect(turns[0]?.b?.notes).toEqual(["a fork copied this turn from another session, where its cost was paid"]);
    expect(figure(sums.figures, "tokens")).toMatchObject({ a: 112, b: 224 });
  });

  test("a session that no tool accounts for counts in the turn in whose time it was made", () => {
    const parent = exportOf([user(0, "One."), answer(10, 200)]);
    const child = exportOf([user(20, "Look."), answer(30, 90)], {
      id: "ses_child",
      parentID: parent.info.id,
    });
    const alone = diffSessions(sideOf(treeOf(parent)), sideOf(treeOf(parent, child)));
    expect(alone.turns).toHaveLength(1);
    expect(figure(alone.sums.figures, "calls")).toMatchObject({ a: 1, b: 2 });
    expect(figure(alone.sums.figures, "tokens")).toMatchObject({ a: 112, b: 224 });
  });

  test("one of a session without a turn stands behind the turns, and says so", () => {
    const parent = exportOf([]);
    const child = exportOf([user(20, "Look."), answer(30, 90)], {
      id: "ses_child",
      parentID: parent.info.id,
    });
    const more = exportOf([user(0, "One."), answer(10, 200), user(300, "Two."), answer(310, 400)]);
    const { turns, sums } = diffSessions(sideOf(treeOf(parent, child)), sideOf(treeOf(more)));
    const told = turns.flatMap(({ a }) => a ?? []);
    expect(told.map(({ sessionId }) => sessionId)).toEqual(["ses_child"]);
    expect(told[0]?.notes).toEqual([
      "a turn of the subagent's session ses_child, which stands alone: the session has no turn for it",
    ]);
    expect(figure(sums.figures, "calls")).toMatchObject({ a: 1, b: 2 });
  });

  test("a session without a turn has nothing to compare", () => {
    const none = sideOf(treeOf(exportOf([])));
    const { turns, sums } = diffSessions(none, side("plain-answer@1.18.33"));
    expect(turns).toMatchObject([{ a: null, parting: null }]);
    expect(figure(sums.figures, "steps")).toEqual({ a: null, b: 1, difference: null, percent: null });
    expect(diffSessions(none, none).turns).toEqual([]);
  });
});

function expectNoDifference(one: DiffInput): void {
  const { turns, sums, a, b } = diffSessions(one, one);
  expect(a).toEqual(b);
  expect(turns).toHaveLength(one.traces.length);
  for (const { parting, ...turn } of turns) {
    expect(parting).toBeNull();
    expect(turn.a).toEqual(turn.b);
  }
  for (const { figures, tools } of [...turns, sums]) {
    const all = [...figures, ...tools.flatMap(({ calls, failures, time }) => [calls, failures, time])];
    const differing = all.filter(
      ({ a, b, difference, percent }) =>
        !Object.is(a, b) || !Object.is(difference, a === null ? null : 0) || (percent !== null && percent !== 0),
    );
    expect(differing).toEqual([]);
  }
}

// A hundred sessions and more, which a busy machine takes its time for.
vi.setConfig({ testTimeout: patiently(120_000) });

describe("a session does not differ from itself", () => {
  test.each(fixtureNames)("%s", (name) => expectNoDifference(side(name)));

  test("any session", () => {
    fc.assert(
      fc.property(arbitrarySession, ({ exports }) => {
        for (const tree of assembleSessions(exports.map((one) => exportFromJson(one, "generated"))))
          expectNoDifference(sideOf(tree));
      }),
      { numRuns: tries(30) },
    );
  });
});

test("any two sessions: what A has more than B, B has less than A, and they part at the same step", () => {
  const any = arbitrarySession.map(({ exports }) =>
    sideOf(at(assembleSessions(exports.map((one) => exportFromJson(one, "generated"))), 0)),
  );
  fc.assert(
    fc.property(any, any, (a, b) => {
      const [there, back] = [diffSessions(a, b), diffSessions(b, a)];
      const swapped = ({ figures }: { readonly figures: readonly Figure[] }): readonly unknown[] =>
        figures.map((one) => ({
          ...one,
          a: one.b,
          b: one.a,
          difference: one.difference && -one.difference,
          percent: 0,
        }));
      const plain = ({ figures }: { readonly figures: readonly Figure[] }): readonly unknown[] =>
        figures.map((one) => ({ ...one, percent: 0 }));
      expect(swapped(back.sums)).toEqual(plain(there.sums));
      expect(there.turns.map(({ parting }) => parting && [parting.step, parting.differs, parting.a])).toEqual(
        back.turns.map(({ parting }) => parting && [parting.step, parting.differs, parting.b]),
      );
    }),
    { numRuns: tries(40) },
  );
});

test("as CSV: a row a fact, figure, tool and parting of each turn, then the sums", () => {
  const rows = diffCsv(diff("two-turns", "plain-answer")).split("\r\n");
  expect(rows[0]).toBe("turn,kind,name,unit,a,b,difference,percent");
  expect(rows).toContain("0,fact,outcome,,completed,completed,,");
  expect(rows).toContain("0,figure,steps,count,2,1,-1,-50");
  expect(rows).toContain("1,figure,tokens,tokens,6561,,,");
  expect(rows).toContain("0,tool,read calls,count,1,0,-1,-100");
  expect(rows).toContain("all,figure,tokens,tokens,12730,1218,-11512,-90.43");
  expect(rows.filter((row) => row.startsWith("0,parting,"))).toEqual([
    '0,parting,step 0 tool-calls,,"read {""filePath"":""./todo.txt""}",,,',
  ]);
  expect(rows.at(-1)).toBe("");
});
