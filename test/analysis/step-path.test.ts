import { expect, test } from "vitest";
import { findStep, isStepPath, placedSteps } from "../../src/analysis/step-path.js";
import { fixtureNames, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";
import { stepsIn } from "../trace/walk-trace.js";

test.each(fixtureNames)("%s: each step has a path of its own, which leads to it", (name) => {
  for (const { loop } of tracesOf(loadFixture(name), "log")) {
    const placed = placedSteps(loop);
    expect(new Set(placed.map(({ step }) => step))).toEqual(new Set(stepsIn(loop)));
    expect(placed).toHaveLength(stepsIn(loop).length);
    expect(new Set(placed.map(({ path }) => path)).size).toBe(placed.length);
    for (const one of placed) {
      expect(isStepPath(one.path)).toBe(true);
      expect(findStep(loop, one.path)).toEqual(one);
    }
  }
});

test("steps and subagents stand in turns", () => {
  const { loop } = traceOf("parallel-subagents@1.18.33");
  expect(placedSteps(loop).map(({ path }) => path)).toEqual(["0", "0/0/0", "0/0/1", "0/1/0", "1"]);
});

test("thousands of subagents between thousands of steps are no matter", () => {
  const { loop } = traceOf("plain-answer@1.18.33");
  const [step] = loop.steps;
  if (!step) throw new Error("a step is missing");
  const moments = Array.from({ length: 4_000 }, (_, index) => loop.start + index * 10);
  const steps = moments.map((start, index) => ({ ...step, index, start, end: start + 5 }));
  const loops = moments.map((start) => ({ ...loop, start: start + 7 }));
  const paths = placedSteps({ ...loop, steps, loops }).map(({ path }) => path);
  expect(paths.slice(-4)).toEqual(["3998", "3998/0/0", "3999", "3999/0/0"]);
  expect(paths).toHaveLength(8_000);
});

test.each([
  ["7", "The turn has no step 7: it has steps 0 to 1."],
  ["1/0/0", "Step 1 has no subagent 0: it has no subagent."],
  ["0/2/0", "Step 0 has no subagent 2: it has subagents 0 to 1."],
  ["0/0/5", "Subagent 0/0 has no step 5: it has steps 0 to 1."],
  ["0/1/1", "Subagent 0/1 has no step 1: it has one, step 0."],
])("%s: %s", (path, why) => {
  expect(findStep(traceOf("parallel-subagents@1.18.33").loop, path)).toBe(why);
});

test.each(["", "x", "1/2", "1/2/3/4", "/1", "1/", "1//2", "-1", "1.5", " 1", "99999999999"])(
  "%j is no path",
  (text) => {
    expect(isStepPath(text)).toBe(false);
  },
);
