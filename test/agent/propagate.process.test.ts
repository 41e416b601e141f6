import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { OpenCode } from "../../src/agent/open-code.js";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { loadScenario } from "../provider/load-scenario.js";
import { otlpAt } from "../support/destinations.js";
import { at } from "../support/fixtures.js";
import { isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

test("what a provider sends of a request by itself stands below that request's span, in each turn's own trace", async () => {
  const scenario = await loadScenario("subagent");
  const receiver = await startReceiver({ dialect: "otlp" });
  onTestFinished(() => receiver.close());
  await using bench = await isolatedOpenCode(scenario);
  const agent = new OpenCode({
    ...{ opencode: openCodeBinary(), directory: bench.workdir, environment: bench.env, store: null },
    ...{ propagate: true, permissions: "allow" },
  });
  const { traces, notes } = await agent.run(at(scenario.prompts, 0).text);
  for (const { headers } of bench.provider.requests) await sendOfGateway(receiver.url, headers.traceparent);
  const paths = await temporaryStore();
  await new TraceExporter({ destinations: [otlpAt(receiver.url)], paths }).export(traces);

  const spans = receiver.spans();
  const sent = spans.filter(({ name }) => name === "gateway");
  const parents = sent.map(({ traceId, parentSpanId }) =>
    spans.find((span) => span.traceId === traceId && span.spanId === parentSpanId),
  );
  expect(notes).toEqual([]);
  expect(receiver.violations).toEqual([]);
  expect(sent).toHaveLength(bench.provider.requests.length);
  const models = spans.filter(({ name }) => /^llm-call-|^other-call/.test(name));
  expect(parents.map((span) => span?.spanId).toSorted()).toEqual(models.map(({ spanId }) => spanId).toSorted());
  expect(parents.filter((span) => span?.name === "llm-call-0")).toHaveLength(2);
  expect(parents.map((span) => span?.name)).toContain("other-call");
}, 120_000);

/** Sends what a gateway would tell of a request that came with this traceparent. */
async function sendOfGateway(url: string, traceparent = ""): Promise<void> {
  const [, traceId, parentSpanId] = traceparent.split("-");
  const span = { traceId, spanId: randomBytes(8).toString("hex"), parentSpanId, name: "gateway" };
  const times = { startTimeUnixNano: `${Date.now()}000000`, endTimeUnixNano: `${Date.now()}000000` };
  const scope = { name: "gateway", version: "1" };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "gateway" } }] };
  const body = { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [{ ...span, ...times }] }] }] };
  const headers = { "content-type": "application/json" };
  await fetch(`${url}/v1/traces`, { method: "POST", headers, body: JSON.stringify(body) });
}

test("what cannot carry it is refused before anything is started", async () => {
  const options = { opencode: openCodeBinary(), propagate: true, store: null };
  const refused = { field: "propagate", message: expect.stringMatching(/driver server/) };
  await expect(new OpenCode({ ...options, driver: "cli" }).run("Go.")).rejects.toMatchObject(refused);
  const live = { exporter: new TraceExporter({ destinations: [] }) };
  await expect(new OpenCode({ ...options, live }).run("Go.")).rejects.toMatchObject({ field: "propagate" });
  await expect(new OpenCode({ ...options, wire: false }).run("Go.")).rejects.toMatchObject({ field: "propagate" });
});
