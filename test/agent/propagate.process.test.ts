import { randomBytes } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { OpenCode } from "../../src/agent/open-code.js";
import { TraceExporter } from "../../src/export/trace-exporter.js";
import { startMcpServer } from "../cli/mcp-server.js";
import { loadScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";
import { scenarioOf2 } from "../provider/scenario-of-2.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { otlpAt } from "../support/destinations.js";
import { at } from "../support/fixtures.js";
import { isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";
import { patiently } from "../support/patience.js";
import { realOpencode2 } from "../support/real-opencode2.js";
import { startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

allowColdStarts();

const LOOKUP = { name: "tickets_lookup", arguments: { ticket: 7 } };

/** A turn with a subagent, and a call of a tool server, played with the trace's id in all that goes out. */
async function propagated(
  opencode?: string,
  toScenario: (scenario: Scenario) => Scenario = (same) => same,
  lookup: { name: string; arguments: Record<string, string | number> } = LOOKUP,
) {
  const subagent = await loadScenario("subagent");
  const receiver = await startReceiver({ dialect: "otlp" });
  onTestFinished(() => receiver.close());
  const mcp = await startMcpServer();
  onTestFinished(() => mcp.close());
  const asked = { id: "call_ticket", ...lookup, chunks: 1 };
  const lanes = subagent.lanes.map((lane) => {
    const { text: _text, ...reply } = at(lane.replies, 0);
    return lane.name === "main" ? { ...lane, replies: [{ ...reply, toolCalls: [asked] }, ...lane.replies] } : lane;
  });
  const servers = { tickets: { type: "remote", url: mcp.url } };
  const scenario = toScenario({ ...subagent, lanes, opencode: { ...subagent.opencode, mcp: servers } });
  await using bench = await isolatedOpenCode(scenario);
  const agent = new OpenCode({
    ...{ opencode: opencode ?? bench.binary, directory: bench.workdir, environment: bench.env, store: null },
    ...{ propagate: true, permissions: "allow" },
  });
  const { traces, notes } = await agent.run(at(scenario.prompts, 0).text);
  const { requests } = bench.provider;
  for (const { headers } of requests) await sendOfGateway(receiver.url, headers.traceparent);
  for (const traceparent of mcp.traceparents) await sendOfGateway(receiver.url, traceparent);
  const paths = await temporaryStore();
  await new TraceExporter({ destinations: [{ ...otlpAt(receiver.url), timeoutMs: patiently(15_000) }], paths }).export(
    traces,
  );
  // By looptrace's own names of them.
  const spans = receiver
    .spans()
    .map((span) => ({ ...span, name: String(span.attributes["looptrace.name"] ?? span.name) }));
  const parents = spans
    .filter(({ name }) => name === "gateway")
    .map(({ traceId, parentSpanId }) => spans.find((span) => span.traceId === traceId && span.spanId === parentSpanId));
  expect(receiver.violations).toEqual([]);
  expect(parents).toHaveLength(requests.length + mcp.traceparents.length);
  const models = spans.filter(({ name }) => /^llm-call-|^other-call/.test(name)).map(({ spanId }) => spanId);
  return { parents, models, notes };
}

test("what a provider or a tool server sends by itself stands below the span of the call or the tool", async () => {
  const { parents, models, notes } = await propagated();
  expect(notes).toEqual([]);
  const [tools, others] = [true, false].map((isTool) =>
    parents.filter((span) => span?.name.startsWith("tool.") === isTool),
  );
  expect(tools?.map((span) => span?.name)).toEqual(["tool.tickets_lookup"]);
  expect(others?.map((span) => span?.spanId).toSorted()).toEqual(models.toSorted());
  expect(parents.filter((span) => span?.name === "llm-call-0")).toHaveLength(2);
  expect(parents.map((span) => span?.name)).toContain("other-call");
});

test.skipIf(realOpencode2() === undefined)(
  "so it does with a real opencode 2, in whose place its own trace goes",
  async () => {
    // Tools of servers are called by scripts there (code mode).
    const script = { name: "execute", arguments: { code: "return await tools.tickets.lookup({ ticket: 7 })" } };
    const { parents, models, notes } = await propagated(realOpencode2() ?? "", scenarioOf2, script);
    expect(notes).toEqual([]);
    expect(parents.map((span) => span?.name)).not.toContain(undefined);
    expect(parents.filter((span) => span?.name === "tool.tickets_lookup")).toHaveLength(1);
    expect(new Set(parents.map((span) => span?.spanId)).size).toBe(models.length + 1);
  },
);

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
