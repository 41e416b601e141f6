import { expect, test } from "vitest";
import { OpenCode } from "../../src/agent/open-code.js";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { loadScenario } from "../provider/load-scenario.js";
import { at, onlyOne } from "../support/fixtures.js";
import { isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";

test("what a provider hangs below a request's traceparent lands below that request's span, in each turn's own trace", async () => {
  const scenario = await loadScenario("subagent");
  await using bench = await isolatedOpenCode(scenario);
  const agent = new OpenCode({
    ...{ opencode: openCodeBinary(), directory: bench.workdir, environment: bench.env, store: null },
    ...{ propagate: true, permissions: "allow" },
  });
  const { traces, notes } = await agent.run(at(scenario.prompts, 0).text);
  const trace = onlyOne(traces);
  const spans = describeTrace(trace);
  // A gateway's own span, as it would be sent by itself: of the trace and below the span that the request names.
  const children = bench.provider.requests.map(({ headers }) => headers.traceparent?.split("-").slice(1, 3));
  const parents = children.map((ids) => spans.find(({ traceId, spanId }) => `${ids}` === `${traceId},${spanId}`)?.name);
  expect(notes).toEqual([]);
  expect(parents.toSorted()).toEqual(spans.flatMap(({ name, kind }) => (kind === "client" ? [name] : [])).toSorted());
  expect(parents.filter((name) => name === "llm-call-0")).toHaveLength(2);
  expect(parents).toContain("other-call");
}, 120_000);

test("what cannot carry it is refused before anything is started", async () => {
  const options = { opencode: openCodeBinary(), propagate: true, store: null };
  const refused = { field: "propagate", message: expect.stringMatching(/driver server/) };
  await expect(new OpenCode({ ...options, driver: "cli" }).run("Go.")).rejects.toMatchObject(refused);
  const live = { exporter: new TraceExporter({ destinations: [] }) };
  await expect(new OpenCode({ ...options, live }).run("Go.")).rejects.toMatchObject({ field: "propagate" });
});
