import { describe, expect, test } from "vitest";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne } from "../support/fixtures.js";
import {
  answer,
  assistant,
  exportOf,
  mint,
  stepFinish,
  stepStart,
  T0,
  tool,
  treeOf,
  user,
} from "./make-session.js";

const m1 = { model: { providerID: "scripted", modelID: "m1" } };
const m2 = { model: { providerID: "scripted", modelID: "m2" } };

function tracesOf(...messages: Parameters<typeof exportOf>[0]) {
  return traceSession(treeOf(exportOf(messages)));
}

describe("prompts that were queued", () => {
  test("and answered together are one turn: the first one's, with all of them as its input", () => {
    const [first, second, third] = [user(0, "One.", m1), user(40, "Two.", m1), user(60, "Three.", m1)];
    const said = answer(100, 300, "Done.", { parentID: third.info.id });
    const { loop, session } = onlyOne(tracesOf(first, second, third, said));
    expect(session).toMatchObject({ turn: 0, turns: 1 });
    expect(loop).toMatchObject({ userMessageId: first.info.id, error: null, output: "Done." });
    const prompts = ["One.", "Two.", "Three."].map((content) => ({ role: "user", content }));
    expect(loop.input).toEqual(prompts);
    expect(onlyOne(loop.steps).call?.input).toEqual(prompts);
    expect(loop.notes).toEqual(["3 prompts were answered together, by one run of the loop."]);
  });

  test.each([
    ["another model answered the second", user(40, "Two.", m2), 100],
    ["the second came much later", user(9_000, "Two.", m1), 9_100],
  ])("are not one where %s: the first was left unanswered", (_, second, from) => {
    const more = { parentID: second.info.id, modelID: second.info.model === m2.model ? "m2" : "m1" };
    const [first, last] = tracesOf(user(0, "One.", m1), second, answer(from, from + 50, "Done.", more));
    expect(first?.loop).toMatchObject({ steps: [], error: { code: "unknown" } });
    expect(last?.loop).toMatchObject({ error: null, output: "Done." });
  });
});

describe("a prompt that came while the loop was at work", () => {
  const first = user(0, "One.");
  const working = assistant(
    20,
    5_000,
    [stepStart(500), tool(900, 950, 4_900), stepFinish(4_950, { reason: "tool-calls" })],
    { parentID: first.info.id, finish: "tool-calls" },
  );

  test("is the same turn, and its step is given the tools' results as well", () => {
    const second = user(3_000, "Two.");
    const said = answer(5_020, 6_000, "Both.", { parentID: second.info.id });
    const { loop } = onlyOne(tracesOf(first, working, second, said));
    expect(loop).toMatchObject({ outcome: "completed", error: null, output: "Both." });
    expect(loop.input.map(({ content }) => content)).toEqual(["One.", "Two."]);
    expect(at(loop.steps, 1).call?.input.map(({ role }) => role)).toEqual(["tool", "user"]);
    expect(loop.notes).toEqual(["2 prompts were answered together, by one run of the loop."]);
  });

  test("waits until that is free: it was not left unanswered", () => {
    const [second, third] = [user(3_000, "Two."), user(4_000, "Three.")];
    const long = answer(20, 20_000, "First.", { parentID: first.info.id });
    const both = answer(20_020, 21_000, "Both.", { parentID: third.info.id });
    const traces = tracesOf(first, long, second, third, both);
    expect(traces.map(({ loop }) => [loop.output, loop.error, loop.input.length])).toEqual([
      ["First.", null, 1],
      ["Both.", null, 2],
    ]);
  });

  test.each([
    ["the loop had been ended before", working, 9_000, 9_600],
    [
      "the loop had failed",
      { ...working, info: { ...working.info, error: { name: "MessageAbortedError", data: {} } } },
      3_000,
      5_020,
    ],
    ["it was answered already", answer(20, 5_000, "Done.", { parentID: first.info.id }), 3_000, 5_020],
  ])("is a turn of its own where %s", (_, before, typed, answered) => {
    const second = user(typed, "Two.");
    const said = answer(answered, answered + 500, "Second.", { parentID: second.info.id });
    expect(tracesOf(first, before, second, said)).toHaveLength(2);
  });

  test("is a turn of its own where looptrace knows of two runs", () => {
    const [one, two] = [user(0, "Go."), user(1_600, "Go.")];
    const tree = treeOf(exportOf([one, two, answer(1_700, 2_000, "Done.", { parentID: two.info.id })]));
    const run = (startedAt: number, endedAt: number) => ({
      startedAt: T0 + startedAt,
      endedAt: T0 + endedAt,
      streamErrors: [],
      exit: { kind: "exited", code: 0 } as const,
      stderr: "",
    });
    expect(traceSession(tree)).toHaveLength(1);
    expect(traceSession(tree, { runs: [run(-50, 1_000), run(1_500, 2_100)] })).toHaveLength(2);
  });
});

describe("a prompt that opencode puts once more", () => {
  test("after an overflow belongs to the turn that it began", () => {
    const { tree } = loadFixture("overflow@1.18.33");
    const [, overflown, ...none] = traceSession(tree);
    expect(none).toEqual([]);
    expect(overflown?.loop).toMatchObject({
      outcome: "completed",
      error: null,
      output: "Some three hundred moons.",
      input: [{ role: "user", content: "Now the moons of each of them, all together." }],
      notes: [],
    });
    expect(overflown?.loop.steps.map(({ kind, recovered }) => [kind, recovered])).toEqual([
      ["answer", true],
      ["compaction", false],
      ["answer", false],
    ]);
  });
});

test("what opencode put behind the last answer is told, and the turn not taken for ended", () => {
  const synthetic = [{ type: "text", id: mint("prt", 410), text: "Continue.", synthetic: true }];
  const { loop } = onlyOne(tracesOf(user(0, "Go."), answer(10, 400), user(410, synthetic)));
  expect(loop).toMatchObject({
    outcome: "unfinished",
    unanswered: [{ role: "user", content: "Continue." }],
  });
});

describe("a turn that a fork copied", () => {
  const DAY = 86_400_000;
  const copy = (message: ReturnType<typeof user>) => ({
    ...message,
    info: { ...message.info, id: mint("msg", DAY) },
  });
  const traces = tracesOf(
    copy(user(0, "One.")),
    copy(answer(10, 200, "First.")),
    user(DAY + 100, "Two."),
    answer(DAY + 110, DAY + 300, "Second."),
  );

  test("says so, and the new one does not", () => {
    expect(traces.map(({ loop }) => [loop.copied, loop.notes])).toEqual([
      [true, ["A fork copied this turn from another session: its tokens and cost are counted there."]],
      [false, []],
    ]);
    expect(at(traces, 0).loop.start).toBe(T0);
  });

  test("is not counted a second time on the wire, but its usage is told", () => {
    const usageOf = (index: number) => {
      const spans = describeTrace(at(traces, index), {});
      const { attributes } = at(
        spans.filter(({ name }) => name === "llm-call-0"),
        0,
      );
      return [
        JSON.parse(String(attributes["langfuse.observation.usage_details"])).total,
        attributes["gen_ai.usage.input_tokens"],
        attributes["langfuse.observation.metadata.copiedUsage"] !== undefined,
      ];
    };
    expect(usageOf(0)).toEqual([0, undefined, true]);
    expect(usageOf(1)).toEqual([112, 100, false]);
  });

  test("is known by its answers where the fork was made at once", () => {
    const late = (from: number, to: number) => {
      const message = answer(from, to, "First.");
      const parts = message.parts.map((part) => ({ ...part, id: mint("prt", to + 300) }));
      return { info: { ...message.info, id: mint("msg", to + 300) }, parts };
    };
    const [copied, own] = tracesOf(user(0, "One."), late(10, 900), user(5_000, "Two."), answer(5_010, 5_500));
    expect([copied?.loop.copied, own?.loop.copied]).toEqual([true, false]);
  });

  test("misses no subagent: that one stands with the session that was copied", () => {
    const task = tool(20, 30, 300, { tool: "task", state: { metadata: { sessionId: "ses_child" } } });
    const asked = assistant(10, 400, [stepStart(15), task, stepFinish(350)]);
    const { loop } = onlyOne(tracesOf(copy(user(0, "One.")), asked));
    expect(loop).toMatchObject({ copied: true, totals: { missingSubagents: 0 } });
    expect(onlyOne(onlyOne(loop.steps).tools)).toMatchObject({ subagentMissing: false, notes: [] });
  });
});
