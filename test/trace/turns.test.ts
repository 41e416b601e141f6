import { describe, expect, test } from "vitest";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, onlyOne } from "../support/fixtures.js";
import { answer, exportOf, mint, T0, treeOf, user } from "./make-session.js";

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
    expect(loop.notes).toEqual(["3 prompts were queued and answered together."]);
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
});
