import { describe, expect, test } from "vitest";
import { describeTrace } from "../../../src/otel/describe-trace.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { at, loadFixture, onlyOne } from "../../support/fixtures.js";
import {
  answer,
  assistant,
  exportOf,
  mint,
  type RawMessage,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../../trace/make-session.js";

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
  ])("are not one where %s: the first asked for no answer, and is read with the second", (_, second, from) => {
    const more = { parentID: second.info.id, modelID: second.info.model === m2.model ? "m2" : "m1" };
    const first = user(0, "One.", m1);
    const { loop } = onlyOne(tracesOf(first, second, answer(from, from + 50, "Done.", more)));
    expect(loop).toMatchObject({
      userMessageId: second.info.id,
      outcome: "completed",
      error: null,
      input: [{ content: "Two." }],
      notes: ["A message before the prompt got no answer of its own: the model read it in this turn."],
    });
    expect(onlyOne(loop.steps).call?.input.map(({ content }) => content)).toEqual(["One.", "Two."]);
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

test("a structured answer ends its turn, though its finish says tool-calls: the next prompt is a turn of its own", () => {
  const first = user(0, "A value.");
  const structured = assistant(
    20,
    5_000,
    [stepStart(500), tool(900, 950, 4_900), stepFinish(4_950, { reason: "tool-calls" })],
    { parentID: first.info.id, finish: "tool-calls", structured: { price: 9 } },
  );
  const second = user(5_010, "Next.");
  const said = answer(5_030, 6_000, "Done.", { parentID: second.info.id });
  const traces = tracesOf(first, structured, second, said);
  expect(traces.map(({ loop }) => loop.output)).toEqual([{ price: 9 }, "Done."]);
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

const DAY = 86_400_000;
/** The same message in a fork that was made then: new ids, old times. */
const copied = (message: RawMessage, forkedAt = DAY): RawMessage => ({
  info: { ...message.info, id: mint("msg", forkedAt) },
  parts: message.parts.map((part) => ({ ...part, id: mint("prt", forkedAt) })),
});
const asFork = (forkedAt: number, ...messages: readonly RawMessage[]) =>
  traceSession(treeOf(exportOf(messages, { time: { created: T0 + forkedAt } })));

describe("a turn that a fork copied", () => {
  const traces = asFork(
    DAY,
    copied(user(0, "One.")),
    copied(answer(10, 200, "First.")),
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

  test.each([
    ["at once", 300],
    ["after more than a year", 500 * DAY],
    ["after more years than ids last", 1_200 * DAY],
  ])("is known where the fork was made %s", (_, later) => {
    const forkedAt = 900 + later;
    const [first, own] = asFork(
      forkedAt,
      copied(user(0, "One."), forkedAt),
      copied(answer(10, 900, "First."), forkedAt),
      user(forkedAt + 50, "Two."),
      answer(forkedAt + 60, forkedAt + 500),
    );
    expect([first?.loop.copied, own?.loop.copied]).toEqual([true, false]);
  });

  test("is known where it had come to nothing, had failed, was cut off, or was of one tool", () => {
    const failed = assistant(10, 20, [], { error: { name: "APIError", data: { message: "no" } } });
    const cutOff = assistant(10, null, [stepStart(15), text(16, null, "")]);
    const wrapper = assistant(10, 40, [tool(12, 13, 41, { tool: "task" })], { finish: "tool-calls" });
    for (const last of [failed, cutOff, wrapper]) {
      const [turn] = asFork(DAY, copied(user(0, "One.")), copied(last));
      expect(turn?.loop.copied).toBe(true);
    }
    const { loop } = onlyOne(asFork(DAY, copied(user(0, "One."))));
    expect(loop).toMatchObject({ copied: true, outcome: "unfinished", error: null });
  });

  test("misses no subagent: that one stands with the session that was copied", () => {
    const task = tool(20, 30, 300, { tool: "task", state: { metadata: { sessionId: "ses_child" } } });
    const asked = assistant(10, 400, [stepStart(15), task, stepFinish(350)]);
    const { loop } = onlyOne(asFork(DAY, copied(user(0, "One.")), copied(asked)));
    expect(loop).toMatchObject({ copied: true, totals: { missingSubagents: 0 } });
    expect(onlyOne(onlyOne(loop.steps).tools)).toMatchObject({ subagentMissing: false, notes: [] });
  });

  test("has none of the fork's own work in it: a compaction that is asked for there stands alone", () => {
    const request = user(DAY + 100, [{ type: "compaction", id: mint("prt", DAY + 100), auto: false }]);
    const summary = answer(DAY + 110, DAY + 300, "Summary.", { summary: true, parentID: request.info.id });
    const turns = asFork(DAY, copied(user(0, "One.")), copied(answer(10, 200)), request, summary);
    expect(turns.map(({ loop }) => [loop.copied, loop.outcome, loop.error])).toEqual([
      [true, "completed", null],
      [false, "completed", null],
    ]);
  });
});

describe("a prompt whose id its client made", () => {
  const HOUR = 3_600_000;
  test.each([
    ["by a clock that is 4 s ahead", mint("msg", 4_000)],
    ["by a clock that is an hour ahead", mint("msg", HOUR)],
    ["by a clock that is an hour behind", mint("msg", -HOUR)],
    ["by a clock that is years ahead", mint("msg", 2 * 365 * DAY)],
    ["by a clock that is years behind", mint("msg", -3 * 365 * DAY)],
    ["of a UUID", "msg_6f9619ff-8b86-d011-b42d-00c04fc964ff"],
    ["of a UUID that looks like a time", "msg_ffffffffffff4011b42d00c04fc9"],
  ])("%s is an ordinary turn, in its place", (_, id) => {
    const [first, second, third] = [user(0, "One."), user(500, "Two.", { id }), user(1_500, "Three.")];
    const traces = tracesOf(
      first,
      answer(10, 200, "1", { parentID: first.info.id }),
      second,
      answer(520, 900, "2", { parentID: id }),
      third,
      answer(1_520, 1_900, "3", { parentID: third.info.id }),
    );
    expect(traces.map(({ loop }) => [loop.output, loop.copied, loop.totals.usage.input])).toEqual([
      ["1", false, 100],
      ["2", false, 100],
      ["3", false, 100],
    ]);
    expect(traces.flatMap(({ loop }) => loop.notes)).toEqual([]);
  });

  test("may stand behind its own answer, when both are of one millisecond", () => {
    const id = mint("msg", HOUR);
    const said = answer(0, 200, "Done.", { parentID: id });
    const { loop } = onlyOne(tracesOf(said, user(0, "Go.", { id })));
    expect(loop).toMatchObject({
      userMessageId: id,
      output: "Done.",
      input: [{ content: "Go." }],
      notes: [],
    });
  });

  test("is no copy in a session whose server's clock was set back", () => {
    const id = mint("msg", 4_000);
    const session = exportOf([user(-900, "Go.", { id }), answer(-800, -100, "Done.", { parentID: id })]);
    expect(onlyOne(traceSession(treeOf(session))).loop.copied).toBe(false);
  });
});

test("what opencode wrote is not lost where an answer that names it stands before it", () => {
  const continued = user(500, [{ type: "text", text: "Go on.", synthetic: true, id: mint("prt", 501) }]);
  const messages = [answer(600, 700, "Done.", { parentID: continued.info.id }), continued];
  const { loop } = onlyOne(tracesOf(...messages));
  expect(loop.steps.map(({ messageId }) => messageId)).toEqual([messages[0]?.info.id]);
  expect(loop.unanswered).toEqual([{ role: "user", content: "Go on." }]);
});
