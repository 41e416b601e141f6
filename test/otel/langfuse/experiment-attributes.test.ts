import { expect, test } from "vitest";
import { traceOf } from "../../support/fixtures.js";
import { onTheWire } from "../wire.js";

const trace = traceOf("plain-answer@1.18.33");
const experiment = {
  ...{ traceId: trace.traceId, experimentId: "run-1", experimentName: "models new", itemId: "c1", datasetId: "d1" },
  metadata: { arm: "new", repeat: 1 },
  expectedOutput: { said: "the expected words" },
};

test("an item of an experiment says so on each span; what was expected is a text like any other", () => {
  const { spans } = onTheWire(trace, { experiment });
  for (const { attributes } of spans)
    expect(attributes).toMatchObject({
      "langfuse.experiment.id": "run-1",
      "langfuse.experiment.name": "models new",
      "langfuse.experiment.item.id": "c1",
      "langfuse.experiment.item.expected_output": '{"said":"the expected words"}',
    });
  const without = onTheWire(trace, { experiment, content: false }).spans;
  expect(without[0]?.attributes).toMatchObject({ "langfuse.experiment.item.id": "c1" });
  expect(JSON.stringify(without)).not.toContain("the expected words");
});

test("another trace is no item of it", () => {
  const { spans } = onTheWire(trace, { experiment: { ...experiment, traceId: "0".repeat(32) } });
  expect(JSON.stringify(spans)).not.toContain("langfuse.experiment");
});
