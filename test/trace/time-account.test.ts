import { expect, test } from "vitest";
import { timeAccount } from "../../src/trace/time-account.js";
import { onlyOne } from "../support/fixtures.js";
import { reportedTrace } from "../support/reported.js";

const span = (start: number, end: number) => ({ start, end });

test("a moment counts once: for the model, then for tools, then for waiting, then for retries", () => {
  expect(
    timeAccount(span(0, 100), {
      model: [{ ...span(10, 40), firstTokenAt: 22 }],
      tools: [span(30, 60), span(50, 70)],
      waiting: [span(15, 35), span(65, 80)],
      retries: [span(5, 20)],
    }),
  ).toEqual({
    duration: 100,
    model: 30,
    firstToken: 12,
    tools: 30,
    waiting: 10,
    retries: 5,
    other: 25,
    toolsSummed: 50,
  });
});

test("what reaches outside counts as far as it is inside", () => {
  expect(
    timeAccount(span(50, 100), {
      model: [{ ...span(0, 60), firstTokenAt: null }],
      tools: [span(90, 500)],
      waiting: [span(0, 70)],
      retries: [span(0, 20)],
    }),
  ).toEqual({
    duration: 50,
    model: 10,
    firstToken: 10,
    tools: 10,
    waiting: 10,
    retries: 0,
    other: 20,
    toolsSummed: 10,
  });
});

test("nothing in no time", () => {
  expect(
    timeAccount(span(7, 7), {
      model: [{ ...span(0, 9), firstTokenAt: 3 }],
      tools: [],
      waiting: [],
      retries: [],
    }),
  ).toEqual({
    duration: 0,
    model: 0,
    firstToken: 0,
    tools: 0,
    waiting: 0,
    retries: 0,
    other: 0,
    toolsSummed: 0,
  });
});

test("what only a subagent in the background did is no time of opencode's", () => {
  const { loop } = reportedTrace("background-subagent");
  const [, second, third] = loop.steps;
  const subagent = onlyOne(onlyOne(loop.steps[0]?.tools ?? []).loops);
  expect(subagent.end).toBeGreaterThan(onlyOne(loop.steps[0]?.tools ?? []).end);
  const alone = subagent.end - (second?.end ?? 0);
  expect([alone, (third?.start ?? 0) - subagent.end]).toEqual([3_695, 74]);
  const { model, tools, waiting, retries, other, duration } = loop.account;
  expect(model + tools + waiting + retries + other).toBe(duration);
  expect(tools).toBeGreaterThanOrEqual(alone);
  // The start of the turn, moments around the calls, and those 74 ms.
  expect(other).toBeLessThan(500);
});
