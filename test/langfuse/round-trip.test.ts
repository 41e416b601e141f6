import { readFileSync } from "node:fs";
import pc from "picocolors";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tokenRows } from "../../src/analysis/token-rows.js";
import { toolTable } from "../../src/analysis/tool-table.js";
import { send } from "../../src/deliver/http/send.js";
import { LangfuseApi } from "../../src/langfuse/api/langfuse-api.js";
import { readTraces } from "../../src/langfuse/find-traces.js";
import type { RemoteTrace } from "../../src/langfuse/read/read-trace.js";
import { readLangfuse } from "../../src/langfuse/read-langfuse.js";
import { encodeTrace } from "../../src/otel/encode-trace.js";
import { paintTokens } from "../../src/terminal/paint-tokens.js";
import { paintTree } from "../../src/terminal/paint-tree.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { langfuseAt } from "../support/destinations.js";
import { fixtureNames, loadFixture, tracesOf } from "../support/fixtures.js";
import { type LangfuseStandIn, startLangfuse } from "../support/langfuse/stand-in.js";
import { loadOpencode2, opencode2Names } from "../support/opencode2-fixtures.js";
import { loadWireFixture, wireFixtureNames } from "../support/wire-fixtures.js";

const colors = pc.createColors(false);
let langfuse: LangfuseStandIn;

beforeEach(async () => {
  // Prices of its own, as a real one has them: what it adds must not be taken for what opencode knew.
  langfuse = await startLangfuse({ prices: { "test-model": { input: 1e-6, output: 5e-6 } } });
});

afterEach(() => langfuse.receiver.close());

async function sendAll(traces: readonly LoopTrace[]): Promise<void> {
  for (const trace of traces)
    for (const { body } of encodeTrace(trace, { phases: true }))
      expect(await send(langfuseAt(langfuse.receiver.url), body)).toEqual({ kind: "acknowledged" });
}

async function readBack(...ids: string[]): Promise<readonly RemoteTrace[]> {
  const found: RemoteTrace[] = [];
  const api = new LangfuseApi(langfuseAt(langfuse.receiver.url));
  await readTraces(
    api,
    { kind: "named", ids },
    {},
    (one) => void found.push(one),
    (id) => {
      throw new Error(`${id} is not there`);
    },
  );
  return found;
}

/** Langfuse keeps twelve decimals of a cost. */
function kept<Value>(value: Value): Value {
  return JSON.parse(
    JSON.stringify(value, (key, one) => (key === "cost" && typeof one === "number" ? Number(one.toFixed(12)) : one)),
  );
}

function toolsOf(traces: readonly LoopTrace[], by: "tool" | "server") {
  const table = toolTable({ by, slowest: 1000 });
  for (const trace of traces) table.add(trace);
  return table.report();
}

const cases: readonly (readonly [name: string, traces: () => readonly LoopTrace[]])[] = [
  ...fixtureNames.map((name) => [name, () => tracesOf(loadFixture(name), "log")] as const),
  ...opencode2Names.map((name) => [`opencode2/${name}`, () => traceSession(loadOpencode2(name).tree)] as const),
  ...wireFixtureNames.map((name) => {
    const load = () => loadWireFixture(name);
    return [`wire/${name}`, () => traceSession(load().tree, load().evidence)] as const;
  }),
];

/** Requests as looptrace sent them before it gave spans the shapes that Langfuse's pages draw best. */
async function sendAsBefore(name: string): Promise<void> {
  const text = readFileSync(new URL(`../../fixtures/sent/${name}.json`, import.meta.url), "utf8");
  const requests: unknown = JSON.parse(text);
  if (!Array.isArray(requests)) throw new Error(`${name} is no list of requests`);
  for (const one of requests)
    await send(langfuseAt(langfuse.receiver.url), new TextEncoder().encode(JSON.stringify(one)));
}

test.each(cases)("%s: tools, tokens and the tree are the same when read back", async (_, make) => {
  const local = make();
  await sendAll(local);
  await expectTheSame(local);
});

test.each(["subagent", "failing-tool", "rate-limited-then-ok"])("%s, as it was sent before", async (name) => {
  await sendAsBefore(name);
  await expectTheSame(withoutPhases(tracesOf(loadFixture(`${name}@1.18.33`), "log")));
});

/** As they are given back where opencode's own phases were not sent. */
function withoutPhases(traces: readonly LoopTrace[]): readonly LoopTrace[] {
  return JSON.parse(JSON.stringify(traces), (key, value) => {
    if (key === "phases" || key === "around") return [];
    return key === "ownTime" ? { other: Object.values<number>(value).reduce((sum, ms) => sum + ms, 0) } : value;
  });
}

test("the library reads them by ids of sessions, masked, and leaves out what is not there", async () => {
  const [local] = tracesOf(loadFixture("plain-answer@1.18.33"), "log");
  if (!local) throw new Error("no trace");
  await sendAll([local]);
  const destinations = [langfuseAt(langfuse.receiver.url)];
  const word = local.session.title.split(" ")[0] ?? "";
  const masking = { secrets: [local.session.title] };
  const [one, ...others] = await readLangfuse([local.session.id, "ses_nowhere"], { destinations, masking });
  expect([one?.trace.traceId, one?.otherTracer, others]).toEqual([local.traceId, null, []]);
  expect(word === "" || one?.trace.session.title).not.toContain(word);
  await expect(readLangfuse(["x"], { destinations: [] })).rejects.toThrow(/LANGFUSE_PUBLIC_KEY/);
});

async function expectTheSame(local: readonly LoopTrace[]): Promise<void> {
  const remote = await readBack(...local.map(({ traceId }) => traceId));
  expect(remote.map(({ otherTracer, doubled }) => [otherTracer, doubled])).toEqual(local.map(() => [null, []]));
  const traces = remote.map(({ trace }) => trace);
  expect(toolsOf(traces, "tool")).toEqual(toolsOf(local, "tool"));
  expect(toolsOf(traces, "server")).toEqual(toolsOf(local, "server"));
  for (const [index, trace] of traces.entries()) {
    const own = local[index];
    if (!own) throw new Error("a trace too many");
    expect(kept(tokenRows(trace))).toEqual(kept(tokenRows(own)));
    for (const top of [true, false])
      expect(paintTokens(trace, { width: 200, colors, top })).toBe(paintTokens(own, { width: 200, colors, top }));
    expect(paintTree(trace, { width: 200, colors })).toBe(paintTree(own, { width: 200, colors }));
  }
}
