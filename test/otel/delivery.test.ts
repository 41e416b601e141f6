import { isDeepStrictEqual } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import { isDelivered } from "../../src/deliver/delivery-report.js";
import { encodeTrace } from "../../src/otel/encode-trace.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { langfuseAt } from "../support/destinations.js";
import { onlyOne } from "../support/fixtures.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";
import { tries } from "../support/tries.js";
import { assistant, exportOf, stepFinish, stepStart, text, tool, treeOf, user } from "../trace/make-session.js";

/** A loop, and of each step itself, its call and two tools. */
const STEPS = tries(500);
/** So many spans take a busy machine a while, ms. */
const LONG_MS = 120_000;

test("a trace of thousands of spans arrives whole, each span once", { timeout: LONG_MS }, async () => {
  const steps = Array.from({ length: STEPS }, (_, index) => {
    const at = 10 + index * 100;
    return assistant(at, at + 95, [
      stepStart(at + 5),
      text(at + 6, at + 20, `step ${index} 🎉`),
      tool(at + 21, at + 25, at + 60, {
        callID: `first_${index}`,
        state: { input: { command: `make ${index}` } },
      }),
      tool(at + 22, at + 26, at + 80, { callID: `second_${index}` }),
      stepFinish(at + 90),
    ]);
  });
  const trace = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), ...steps]))));
  const expected = namesOf(trace);
  expect(expected).toHaveLength(4 * STEPS + 1);

  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const reports = await deliver([...encodeTrace(trace)], [langfuseAt(receiver.url)], {
    paths: await temporaryStore(),
    // It is to arrive, not to be quick.
    budgetMs: LONG_MS,
  });
  expect(isDelivered(reports)).toBe(true);
  expect(receiver.violations).toEqual([]);

  const arrived = receiver.spans().map(({ spanId, name }) => `${spanId} ${name}`);
  expect(isDeepStrictEqual(arrived.sort(), expected.toSorted())).toBe(true);
});

/** Id and name of each span: what was sent is not asked of what sends. */
function namesOf({ loop }: LoopTrace): readonly string[] {
  return [
    `${loop.spanId} opencode.loop`,
    ...loop.steps.flatMap(({ spanId, index, call, tools, events }) => [
      `${spanId} loop.step-${index}`,
      ...(call ? [`${call.spanId} llm-call-${call.index}`] : []),
      ...tools.map((tool) => `${tool.spanId} tool.${tool.name}`),
      ...events.map((event) => `${event.spanId} ${event.name}`),
    ]),
  ];
}
