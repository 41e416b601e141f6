import { expect, test } from "vitest";
import { describeTrace } from "../../src/otel/describe-trace.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { openSpanIds, runningSpanIds } from "../../src/trace/open-spans.js";
import { fixtureNames, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";
import { loopsIn } from "../trace/walk-trace.js";

/** Where each phase hangs. */
function wanted({ loop }: LoopTrace): readonly string[] {
  return loopsIn(loop).flatMap((one) => [
    ...[...one.around, ...one.phases].map((phase) => `${phase.spanId} opencode.${phase.kind} below ${one.spanId}`),
    ...one.steps.flatMap(({ spanId, phases }) =>
      phases.map((phase) => `${phase.spanId} opencode.${phase.kind} below ${spanId}`),
    ),
  ]);
}

test("each phase is a span below its loop or step where that is wished for; all other spans are the same", () => {
  for (const trace of fixtureNames.flatMap((name) => tracesOf(loadFixture(name), "log"))) {
    for (const profile of ["langfuse", "genai"] as const) {
      const plain = describeTrace(trace, {}, profile);
      const all = describeTrace(trace, { phases: true }, profile);
      const known = new Set(plain.map(({ spanId }) => spanId));
      expect(all.filter(({ spanId }) => known.has(spanId))).toEqual(plain);
      const phases = all.filter(({ spanId }) => !known.has(spanId));
      const own = phases.map(
        ({ spanId, name, attributes, parent }) =>
          `${spanId} ${attributes["looptrace.name"] ?? name} below ${parent?.spanId}`,
      );
      expect(own.toSorted()).toEqual(wanted(trace).toSorted());
      expect(all.at(-1)?.parent).toBe(null);
    }
  }
});

test("none is sent while the turn is at work: its log tells more of them at its end", () => {
  const trace = traceOf("killed@1.18.33");
  const phases = wanted(trace).map((one) => one.split(" ", 1)[0] ?? "");
  expect(phases.length).toBeGreaterThan(2);
  expect([...openSpanIds(trace)]).toEqual(expect.arrayContaining(phases));
  const done = traceOf("multistep@1.18.33");
  expect([...runningSpanIds(done)]).toEqual(
    expect.arrayContaining(wanted(done).map((one) => one.split(" ", 1)[0] ?? "")),
  );
});
