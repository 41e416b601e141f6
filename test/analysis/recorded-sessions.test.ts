import { describe, expect, test } from "vitest";
import { billedSession, contextBill } from "../../src/analysis/context-bill.js";
import { segmentTexts } from "../../src/analysis/segment-texts.js";
import { wireRequests } from "../../src/analysis/wire-requests.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { promptTokens } from "../../src/trace/usage.js";
import { loadWireFixture, wireFixtureNames } from "../support/wire-fixtures.js";
import { callsIn } from "../trace/walk-trace.js";

describe.each(wireFixtureNames)("%s", (name) => {
  const { tree, evidence } = loadWireFixture(name);
  const exchanges = evidence.wire?.exchanges ?? [];
  const traces = traceSession(tree, evidence);

  test("the session tells what each request was for", () => {
    const requests = wireRequests(exchanges, traces);
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.filter(({ kind }) => kind === "unknown")).toEqual([]);
    const calls = traces.flatMap(({ loop }) => callsIn(loop)).filter(({ wire }) => wire);
    expect(requests.filter(({ name: of }) => of.startsWith("llm-call-"))).toHaveLength(calls.length);
  });

  test("the parts of each prompt add up to it, and have their texts", () => {
    const textOf = segmentTexts(exchanges);
    for (const { loop, wire } of traces) {
      for (const call of callsIn(loop)) {
        const { request } = call.wire ?? {};
        if (!request) continue;
        const tokens = request.segments.reduce((sum, [, some]) => sum + some, 0);
        if (call.usage && promptTokens(call.usage) > 0) expect(tokens).toBe(promptTokens(call.usage));
        for (const [index, some] of request.segments) {
          const facts = wire?.segments[index];
          const text = textOf(facts?.hash ?? "");
          if (facts?.owner.kind !== "attachment" && some > 0) expect(text, JSON.stringify(facts)).toBeDefined();
          if (text !== undefined) expect(Buffer.byteLength(text)).toBe(facts?.bytes);
        }
      }
    }
  });

  test("what its owners cost is what its prompts cost", () => {
    const bill = contextBill([billedSession(traces)], { by: "owner" });
    const segments = contextBill([billedSession(traces)], { by: "segment" });
    expect(bill?.total.paidTokens).toBe(segments?.total.paidTokens);
    expect(bill?.total.cost ?? 0).toBeCloseTo(segments?.total.cost ?? 0, 9);
  });
});

test("a server whose tools nothing called is named with what it has cost", () => {
  const { tree, evidence } = loadWireFixture("mcp@1.18.33");
  const bill = contextBill([billedSession(traceSession(tree, evidence))], { by: "owner" });
  expect(bill?.rows.filter(({ owner }) => owner.kind === "tool-schema").map(({ name }) => name)).not.toEqual([]);
  expect(bill?.unused.flatMap(({ tools }) => tools).length).toBeGreaterThan(0);
});
