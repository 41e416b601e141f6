import { describe, expect, test } from "vitest";
import { z } from "zod";
import { traceIdOf } from "../../src/trace/span-id.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { addUsage, NO_USAGE } from "../../src/trace/usage.js";
import { at, fixtureNames, loadFixture, onlyOne, tracesOf } from "../support/fixtures.js";
import { withLittleStack } from "../support/little-stack.js";
import { expectNothingLost, expectSound } from "./invariants.js";
import {
  answer,
  assistant,
  exportOf,
  SESSION,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "./make-session.js";
import { callsIn, loopsIn, toolsIn } from "./walk-trace.js";

/** What opencode itself has added up for a session. */
const ownSums = z.object({
  cost: z.number(),
  tokens: z.object({
    input: z.number(),
    output: z.number(),
    reasoning: z.number(),
    cache: z.object({ read: z.number(), write: z.number() }),
  }),
});

describe.each(fixtureNames)("%s", (name) => {
  const fixture = loadFixture(name);
  const { session, subagents } = fixture;
  const sessions = [session, ...subagents];

  describe.each(["log", "export"] as const)("with the %s", (evidence) => {
    const traces = tracesOf(fixture, evidence);

    test("is sound, and nothing of it is lost", () => {
      for (const trace of traces) expectSound(trace);
      expectNothingLost(traces, fixture.tree);
    });

    test("is one trace a prompt, in the session's own name", () => {
      // After an overflow opencode puts a prompt once more.
      const prompts = new Set(
        session.messages.flatMap(({ info, parts }) =>
          info.role === "user"
            ? parts.flatMap((part) => (part.type === "text" && !part.synthetic ? [part.text] : []))
            : [],
        ),
      );
      expect(traces.map(({ session: { turn } }) => turn)).toEqual([...prompts].map((_, turn) => turn));
      for (const trace of traces) {
        expect(trace.session).toMatchObject({
          id: session.info.id,
          opencodeVersion: fixture.version,
          turns: prompts.size,
          parentId: null,
          unread: {},
        });
      }
      expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(traces.length);
    });

    test("has opencode's own tokens and cost", () => {
      for (const one of sessions) {
        const loops = traces.flatMap(({ loop }) => loopsIn(loop)).filter(({ sessionId }) => sessionId === one.info.id);
        const calls = loops.flatMap(({ steps }) => steps.flatMap(({ call }) => call ?? []));
        const used = calls.reduce((sum, { usage }) => addUsage(sum, usage ?? NO_USAGE), NO_USAGE);
        const { input, output, reasoning, cache } = ownSums.parse(one.info).tokens;
        expect(used).toEqual({ input, output, reasoning, cacheRead: cache.read, cacheWrite: cache.write });
        expect(loops.reduce((sum, { totals }) => addUsage(sum, totals.usage), NO_USAGE)).toEqual(used);
        expect(loops.reduce((sum, { totals }) => sum + (totals.cost ?? 0), 0)).toBeCloseTo(
          ownSums.parse(one.info).cost,
          10,
        );
      }
    });

    test("says the same again for the same evidence", () => {
      expect(tracesOf(loadFixture(name), evidence)).toStrictEqual(traces);
    });
  });

  test("has the same ids with and without the log, but for the retries that only the log knows", () => {
    const ids = (evidence: "log" | "export") =>
      tracesOf(fixture, evidence).map(({ traceId, loop }) => ({
        traceId,
        loops: loopsIn(loop).map(({ spanId, start }) => ({ spanId, start })),
        steps: loopsIn(loop).flatMap(({ steps }) => steps.map(({ spanId, start }) => ({ spanId, start }))),
        calls: callsIn(loop).map(({ spanId }) => spanId),
        tools: toolsIn(loop).map(({ spanId, start, end }) => ({ spanId, start, end })),
      }));
    expect(ids("log")).toEqual(ids("export"));
  });
});

test("the turns of a session are traces of their own, and ids do not depend on the turns after them", () => {
  const fixture = loadFixture("two-turns@1.18.33");
  const [first, second] = tracesOf(fixture, "log");
  expect(first?.loop.input).toEqual([{ role: "user", content: "What is in todo.txt?" }]);
  expect(second?.loop.input).toEqual([{ role: "user", content: "Add bread to it." }]);
  expect(first?.loop.output).toBe("It says: buy milk.");
  expect(second?.loop.output).toBe("Bread is on the list now.");
  expect(second?.loop.steps.map(({ index }) => index)).toEqual([0, 1]);

  const secondPrompt = fixture.session.messages.findIndex(({ info }) => info.id === second?.loop.userMessageId);
  const earlier = { ...fixture.session, messages: fixture.session.messages.slice(0, secondPrompt) };
  const before = onlyOne(traceSession({ session: earlier, children: [] }, { log: fixture.log }));
  expect(before).toStrictEqual(first && { ...first, session: { ...first.session, turns: 1 } });
});

test("a subagent's session stands alone where there is no turn that it could stand in", () => {
  const child = exportOf([user(50, "Count."), answer(60, 200)], { id: "ses_child", parentID: "ses_made" });
  const sessionsOf = (...messages: Parameters<typeof exportOf>[0]) =>
    traceSession(treeOf(exportOf(messages), child)).map(({ session }) => [session.id, session.parentId]);
  expect(sessionsOf()).toEqual([["ses_child", "ses_made"]]);
  expect(sessionsOf(user(0, "Go."), answer(10, 300))).toEqual([["ses_made", null]]);
});

test("a subagent without a turn does not take what is below it along", () => {
  const task = tool(20, 30, 400, { tool: "task", state: { metadata: { sessionId: "ses_empty" } } });
  const parent = exportOf([user(0, "Go."), assistant(10, 410, [stepStart(15), task])]);
  const empty = exportOf([], { id: "ses_empty", parentID: "ses_made" });
  const below = exportOf([user(50, "Count."), answer(60, 200)], { id: "ses_below", parentID: "ses_empty" });
  expect(traceSession(treeOf(parent, empty, below)).map(({ session }) => session.id)).toEqual([
    "ses_made",
    "ses_below",
  ]);
});

test("what this version does not read is counted", () => {
  const strange = assistant(10, 90, [
    { type: "hologram", id: "prt_a" },
    { type: "constructor", id: "prt_b" },
  ]);
  const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), strange]))));
  expect(trace.session.unread).toEqual({ "part hologram": 1, "part constructor": 1 });
});

describe("answers to a prompt that was deleted", () => {
  const gone = "msg_1fc0be38a001gone";
  const task = tool(5, 6, 400, { tool: "task", state: { metadata: { sessionId: "ses_child" } } });
  const first = assistant(1, 410, [stepStart(2), task, stepFinish(405)], { parentID: gone });
  const child = exportOf([user(50, "Count."), answer(60, 200)], { id: "ses_child", parentID: "ses_made" });

  test("are a turn of their own with all that they did, under the prompt's id", () => {
    const parent = exportOf([first, user(420, "Go."), answer(430, 500)]);
    const [orphan, own, ...none] = traceSession(treeOf(parent, child));
    expect(none).toEqual([]);
    expect(orphan?.traceId).toBe(traceIdOf(SESSION, gone));
    expect(orphan?.loop).toMatchObject({ userMessageId: gone, input: [], start: T0 + 1 });
    expect(orphan?.loop.notes[0]).toContain("deleted");
    expect(orphan?.loop.totals.usage.input).toBe(100);
    expect(onlyOne(toolsIn(at(traceSession(treeOf(parent, child)), 0).loop)).loops).toHaveLength(1);
    expect(own?.loop).toMatchObject({ output: "Done.", error: null });
  });

  test("are not lost where there is no prompt at all, and in a subagent's session neither", () => {
    const nested = exportOf([answer(60, 200, "orphan", { parentID: "msg_gone" })], {
      id: "ses_child",
      parentID: "ses_made",
    });
    const { loop } = onlyOne(traceSession(treeOf(exportOf([first]), nested)));
    expect(loop.totalsWithSubagents).toMatchObject({ steps: 2, missingSubagents: 0 });
  });

  test("are the prompt's where that stands behind them", () => {
    const prompt = user(0, "Go.");
    const early = answer(10, 200, "Early.", { parentID: prompt.info.id });
    const { loop } = onlyOne(traceSession(treeOf(exportOf([early, prompt]))));
    expect(loop).toMatchObject({ input: [{ content: "Go." }], output: "Early.", notes: [] });
  });
});

test("an assistant answers the prompt that it names, also when another one was queued meanwhile", () => {
  const first = user(0, "First.");
  const queued = user(100, "Second.");
  const [one, two] = traceSession(
    treeOf(
      exportOf([
        first,
        answer(10, 90, "step one", { parentID: first.info.id }),
        queued,
        answer(110, 200, "step two", { parentID: first.info.id }),
        answer(210, 300, "other", { parentID: queued.info.id }),
      ]),
    ),
  );
  expect(one?.loop.output).toBe("step two");
  expect(two?.loop.output).toBe("other");
});

test("a message without an answer ends where the process did", () => {
  const end = T0 + 5_000;
  const run = {
    streamErrors: [{ error: { name: "UnknownError", data: { message: "Model not found: x/y." } }, at: T0 + 900 }],
    exit: { kind: "exited" as const, code: 1 },
    startedAt: T0 - 500,
    endedAt: end,
    stderr: "",
  };
  const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go.")])), { runs: [run] }));
  expect(trace.loop).toMatchObject({ start: T0, end, outcome: "failed", steps: [] });
  expect(trace.loop.error).not.toBeNull();
});

test("more than a thousand steps in one turn are no matter, with little of the stack", () => {
  const steps = Array.from({ length: 1_500 }, (_, index) =>
    assistant(index * 100 + 10, index * 100 + 90, [
      stepStart(index * 100 + 20),
      text(index * 100 + 21, index * 100 + 40, `step ${index}`),
      tool(index * 100 + 41, index * 100 + 42, index * 100 + 80),
    ]),
  );
  const exported = exportOf([user(0, "Go."), ...steps]);
  const trace = onlyOne(withLittleStack(() => traceSession(treeOf(exported))));
  expect(trace.loop.totals).toMatchObject({ steps: 1_500, calls: 1_500, tools: 1_500 });
  expect(at(trace.loop.steps, -1).call?.index).toBe(1_499);
});
