import { expect, test } from "vitest";
import { maskedIn } from "../../../src/otel/facts/masked-in.js";
import type { Loop } from "../../../src/trace/model.js";
import { at, traceOf } from "../../support/fixtures.js";

const MARKER = "[masked: KEY]";

/** A turn whose first tool was given a value. */
function given(input: unknown): Loop {
  const { loop } = traceOf("multistep@1.18.33");
  const [step, ...steps] = loop.steps;
  if (!step) throw new Error("the turn has no steps");
  return { ...loop, steps: [{ ...step, tools: [{ ...at(step.tools, 0), input }] }, ...steps] };
}

test("markers are counted wherever they stand, and only whole ones", () => {
  let deep: unknown = MARKER;
  for (let level = 0; level < 300; level += 1) deep = [deep];
  expect(maskedIn(given("[masked: KEY"))).toBe(0);
  expect(maskedIn(given(`${MARKER} and ${MARKER}`))).toBe(2);
  expect(maskedIn(given({ list: [{ [MARKER]: MARKER }], deep }))).toBe(3);
});
