import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { send } from "../../src/deliver/http/send.js";
import { addReceipt } from "../../src/deliver/receipts/receipts.js";
import { createTraceFiles } from "../../src/export/trace-files.js";
import type { StorePaths } from "../../src/files/store-paths.js";
import { LangfuseApi } from "../../src/langfuse/api/langfuse-api.js";
import { type TraceVerdict, verdictOf } from "../../src/langfuse/verify/verify-trace.js";
import { verifyTraces } from "../../src/langfuse/verify/verify-traces.js";
import { encodeTrace } from "../../src/otel/encode-trace.js";
import type { TraceOptions } from "../../src/otel/options.js";
import { isFields } from "../../src/text/json-fields.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { langfuseAt } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { at, fixtureNames, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";
import { type LangfuseStandIn, startLangfuse } from "../support/langfuse/stand-in.js";
import type { StoredObservation } from "../support/langfuse/stored-observations.js";
import { loadOpencode2 } from "../support/opencode2-fixtures.js";
import { temporaryStore } from "../support/temporary-store.js";

let langfuse: LangfuseStandIn;
let paths: StorePaths;
let change: (rows: readonly StoredObservation[]) => readonly StoredObservation[];

beforeEach(async () => {
  change = (rows) => rows;
  langfuse = await startLangfuse({ change: (rows) => change(rows), prices: { "test-model": { input: 1e-6 } } });
  paths = await temporaryStore();
});

afterEach(() => langfuse.receiver.close());

const destination = () => langfuseAt(langfuse.receiver.url);

/** Sends traces as a run does, with a receipt for each span. */
async function deliver(traces: readonly LoopTrace[], options: TraceOptions = {}): Promise<void> {
  for (const trace of traces)
    for (const { body, traceId, spanIds } of encodeTrace(trace, options, { files: createTraceFiles(20_000_000) })) {
      await send(destination(), body);
      await addReceipt(paths, destination().id, traceId, spanIds);
    }
}

function verified(
  traces: readonly LoopTrace[],
  { now = Date.now(), waitMs = 0, trace = {} as TraceOptions, clock = fakeClock(now) } = {},
): Promise<readonly TraceVerdict[]> {
  const api = new LangfuseApi(destination(), { clock });
  return verifyTraces(api, traces, { trace, masking: {}, destination: destination(), paths, waitMs, clock });
}

const LATER = Date.now() + 3_600_000;

test("what was sent is there as it is here, of every fixture, whatever Langfuse adds", async () => {
  for (const name of fixtureNames) {
    const traces = tracesOf(loadFixture(name), "log");
    await deliver(traces, { tags: ["added"], metadata: { gitCommit: "0123abc" } });
    expect(await verified(traces), name).toMatchObject(traces.map(() => ({ findings: [] })));
  }
});

test("what is missing, doubled, different and not of the session is told", async () => {
  const trace = traceOf("multistep@1.18.33");
  await deliver([trace]);
  change = (rows) => {
    const [tool, call, step] = ["tool.read", "llm-call-1", "loop.step-0"].map((name) =>
      at(
        rows.filter((row) => row.name === name),
        0,
      ),
    );
    if (!tool || !call || !step) throw new Error("no such span");
    return [
      ...rows.filter((row) => row !== tool && row !== call),
      { ...call, usageDetails: { ...call.usageDetails, input: 7 }, endTime: call.endTime + 1, output: "{}" },
      step,
      { ...step, id: "00000000000000aa", name: "llm-call-9" },
    ];
  };
  const [verdict] = await verified([trace], { now: LATER });
  expect(verdict && verdictOf(verdict)).toBe("wrong");
  const findings = verdict?.findings ?? [];
  expect(findings).toMatchObject([
    { kind: "doubled", name: "loop.step-0", times: 2 },
    ...findings.filter(({ kind }) => kind === "missing" || kind === "different").map(() => ({})),
    { kind: "unexpected", name: "llm-call-9" },
  ]);
  expect(findings.find(({ kind }) => kind === "missing")).toMatchObject({ name: "tool.read" });
  const different = findings.find(({ kind }) => kind === "different");
  expect(different).toMatchObject({ name: "llm-call-1" });
  expect(different?.kind === "different" && different.fields.map(({ field }) => field)).toEqual([
    "endTime",
    "usage.input",
    "output",
  ]);
});

test("what is young is waited for; what was never sent from here is told apart", async () => {
  const trace = traceOf("plain-answer@1.18.33");
  await deliver([trace]);
  let looks = 0;
  change = (rows) => {
    looks += 1;
    return looks < 3 ? [] : rows;
  };
  const now = Date.now();
  expect((await verified([trace], { now })).map(verdictOf)).toEqual(["waiting"]);
  looks = 0;
  const clock = fakeClock(now);
  expect((await verified([trace], { now, waitMs: 30_000, clock })).map(verdictOf)).toEqual(["same"]);
  expect(clock.slept).toEqual([1_000, 2_000]);
  const other = traceOf("multistep@1.18.33");
  const [unsent] = await verified([other], { now: LATER });
  expect(new Set(unsent?.findings.map(({ kind }) => kind))).toEqual(new Set(["unsent"]));
});

test("an image that Langfuse keeps is the image that was not sent along", async () => {
  const [trace] = traceSession(loadOpencode2("image@2026-07-20").tree);
  if (!trace) throw new Error("no trace");
  await deliver([trace]);
  const token = "@@@langfuseMedia:type=image/png|id=abc|source=bytes@@@";
  let files = 0;
  const kept = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(kept);
    if (!isFields(value)) return value;
    if (typeof value.mime !== "string") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, kept(v)]));
    files += 1;
    return { type: "image_url", image_url: { url: token.replace("image/png", value.mime) } };
  };
  change = (rows) =>
    rows.map((row) =>
      row.input?.startsWith("[") ? { ...row, input: JSON.stringify(kept(JSON.parse(row.input))) } : row,
    );
  expect((await verified([trace])).map(verdictOf)).toEqual(["same"]);
  expect(files).toBeGreaterThan(0);
});

test("other options than those that it was sent with are differences where they say something", async () => {
  const trace = traceOf("plain-answer@1.18.33");
  await deliver([trace], { environment: "ci" });
  expect((await verified([trace])).map(verdictOf)).toEqual(["same"]);
  const [verdict] = await verified([trace], { trace: { environment: "prod", tags: ["nightly"] } });
  const fields = verdict?.findings.flatMap((one) => (one.kind === "different" ? one.fields : [])) ?? [];
  expect(new Set(fields.map(({ field }) => field))).toEqual(new Set(["environment", "tags"]));
  expect((await verified([trace], { trace: { content: false } })).map(verdictOf)).toEqual(["wrong"]);
});

test("a session of many turns is asked for some traces at a time: an address has its limits", async () => {
  const trace = traceOf("plain-answer@1.18.33");
  const many = Array.from({ length: 45 }, (_, turn) => ({ ...trace, traceId: turn.toString(16).padStart(32, "0") }));
  expect((await verified(many)).length).toBe(45);
  const asked = langfuse.receiver.requests.map(({ path }) => new URL(path, langfuse.receiver.url).searchParams);
  const ids = asked.map((query) =>
    z.array(z.object({ value: z.array(z.string()) })).parse(JSON.parse(query.get("filter") ?? "")),
  );
  expect(ids.map(([filter]) => filter?.value.length)).toEqual([20, 20, 5]);
});
