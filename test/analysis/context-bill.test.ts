import { expect, test } from "vitest";
import { billedSession, contextBill } from "../../src/analysis/context-bill.js";
import type { SegmentOwner } from "../../src/trace/model.js";
import { promptTokens } from "../../src/trace/usage.js";
import { at, traceOf } from "../support/fixtures.js";
import { type MadeSegment, withMadeWire } from "../support/made-wire.js";

const segment = (owner: SegmentOwner, text: string, tokens: number): MadeSegment => ({ owner, text, tokens });
const usage = (input: number, cacheRead = 0) => ({ input, output: 10, reasoning: 0, cacheRead, cacheWrite: 0 });
const own = (tool: string): SegmentOwner => ({ kind: "tool-schema", tool, origin: "opencode", server: null });
const jira = (tool: string): SegmentOwner => ({ kind: "tool-schema", tool, origin: "mcp", server: "jira" });

const system = segment({ kind: "system", section: "opencode", source: null }, "You are opencode.", 2000);
const rules = segment({ kind: "system", section: "instructions", source: "AGENTS.md" }, "Be brief.", 500);
const tools = [
  segment(own("bash"), "bash schema", 700),
  segment(own("task"), "task schema", 300),
  segment(jira("jira_get"), "get schema", 600),
  segment(jira("jira_put"), "put schema", 400),
];
const prompt = segment({ kind: "prompt" }, "Fix it.", 100);
const result = segment({ kind: "tool-result", tool: "bash", callId: "c1", argument: "ls" }, "a b c", 400);

/** USD: $3 for a million of input, $0.30 from the cache, $15 of output. */
const price = (input: number, cacheRead: number): number => (input * 3 + cacheRead * 0.3 + 10 * 15) / 1e6;

const [first, second] = [
  // The tools stand last in the body, and first in what a provider caches.
  { segments: [system, rules, prompt, ...tools], usage: usage(4600), cost: price(4600, 0) },
  { segments: [system, rules, prompt, result, ...tools], usage: usage(400, 4600), cost: price(400, 4600) },
];
const trace = withMadeWire(traceOf("multistep@1.18.33"), [first, second]);
const bill = contextBill([billedSession([trace])], { by: "owner" });
const row = (name: string) => bill?.rows.find((one) => one.name === name);

test("the longest prompt is shown by its owners, which add up to it", () => {
  expect(bill?.shown).toMatchObject([{ name: "llm-call-1", tokens: 5000 }]);
  expect(bill?.rows.map(({ name, group, tokens, share }) => [group, name, tokens, share])).toEqual([
    ["system", "opencode's system prompt", 2000, 0.4],
    ["tools", "opencode's own tools", 1000, 0.2],
    ["tools", "MCP server jira", 1000, 0.2],
    ["system", "AGENTS.md", 500, 0.1],
    ["results", "results of bash", 400, 0.08],
    ["messages", "prompts", 100, 0.02],
  ]);
  expect(bill?.total).toMatchObject({ tokens: 5000, paidTokens: 9600, cachedTokens: 4600 });
});

test("each owner has been paid for in every call that held it, in part from the cache", () => {
  expect(row("MCP server jira")).toMatchObject({ calls: 2, paidTokens: 2000, cachedTokens: 1000 });
  expect(row("results of bash")).toMatchObject({ calls: 1, paidTokens: 400, cachedTokens: 0 });
});

test("what owners cost adds up to what the prompts cost", () => {
  const whole = (4600 * 3 + 400 * 3 + 4600 * 0.3) / 1e6;
  expect(bill?.total.cost).toBeCloseTo(whole, 6);
  expect(row("MCP server jira")?.cost).toBeCloseTo((1000 * 3 + 1000 * 0.3) / 1e6, 6);
});

test("a cache that breaks in the middle has been paid for the tools before it", () => {
  const broken = withMadeWire(traceOf("multistep@1.18.33"), [
    first,
    { ...second, usage: usage(3000, 2000), cost: price(3000, 2000) },
  ]);
  const rows = contextBill([billedSession([broken])], { by: "owner" })?.rows ?? [];
  const cached = Object.fromEntries(rows.map(({ name, cachedTokens }) => [name, cachedTokens]));
  expect(cached).toMatchObject({ "MCP server jira": 1000, "opencode's own tools": 1000, "AGENTS.md": 0 });
});

test("tools that were never called are named, a server that was never used first", () => {
  expect(bill?.unused).toMatchObject([
    { name: "MCP server jira", tools: ["jira_get", "jira_put"], all: true, tokens: 1000, paidTokens: 2000 },
    { name: "opencode's own tools", tools: ["task"], all: false, tokens: 300, paidTokens: 600 },
  ]);
  expect(at(bill?.unused ?? [], 0).cost).toBeCloseTo(0.0033, 6);
});

test("one request can be asked for, and segments instead of owners", () => {
  const exchangeId = trace.loop.steps[0]?.call?.wire?.exchangeId;
  const asked = contextBill([billedSession([trace])], { by: "segment", exchangeId });
  expect(asked?.shown).toMatchObject([{ name: "llm-call-0", tokens: 4600 }]);
  expect(asked?.rows.filter(({ tokens }) => tokens > 0).map(({ name, tokens }) => [name, tokens])).toEqual([
    ["opencode's system prompt", 2000],
    ["tool bash", 700],
    ["tool jira_get", 600],
    ["AGENTS.md", 500],
    ["tool jira_put", 400],
    ["tool task", 300],
    ["prompt", 100],
  ]);
  // What only another request held stands behind, for what has been paid.
  expect(asked?.rows.at(-1)).toMatchObject({ name: "result of bash ls", tokens: 0, paidTokens: 400 });
});

test("several sessions: the longest prompts of each, added up, and a tool that one of them called is used", () => {
  const session = billedSession([trace]);
  const both = contextBill([session, { ...session, tools: new Set(["jira_get"]) }], { by: "owner" });
  expect(both).toMatchObject({ sessions: 2, total: { tokens: 10_000, paidTokens: 19_200 } });
  expect(both?.unused.find(({ server }) => server === "jira")).toMatchObject({ tools: ["jira_put"], all: false });
});

test("a call without usage is in no sum, and one whose request was not recorded in no figure", () => {
  const partly = withMadeWire(traceOf("multistep@1.18.33"), [first]);
  const steps = partly.loop.steps.map((step) =>
    step.index === 0 && step.call ? { ...step, call: { ...step.call, usage: null } } : step,
  );
  const told = contextBill([billedSession([{ ...partly, loop: { ...partly.loop, steps } }])], { by: "owner" });
  expect(told).toMatchObject({ calls: 0, callsWithoutUsage: 1, total: { tokens: 4600, paidTokens: 0, cost: null } });
  expect(told?.callsWithoutWire).toBe(traceOf("multistep@1.18.33").loop.totals.calls - 1);
});

test("which calls are none of a step is told, and whether the prompt that is shown was counted", () => {
  const session = billedSession([trace]);
  const calls = session.calls.map((call, index) =>
    index === 0 ? { ...call, name: "title", other: "title" as const } : call,
  );
  expect(contextBill([{ ...session, calls }], { by: "owner" })).toMatchObject({
    ...{ calls: 2, otherCalls: { title: 1 }, shown: [{ counted: true }] },
  });
  const uncounted = session.calls.map((call) => ({ ...call, usage: null }));
  expect(contextBill([{ ...session, calls: uncounted }], { by: "owner" })?.shown).toMatchObject([{ counted: false }]);
});

test("a copied turn was paid for elsewhere, and without recordings there is no bill", () => {
  const copied = { ...trace, loop: { ...trace.loop, copied: true } };
  expect(contextBill([billedSession([copied])], { by: "owner" })).toBeUndefined();
  expect(contextBill([billedSession([traceOf("multistep@1.18.33")])], { by: "owner" })).toBeUndefined();
});

test("without a price nothing costs anything", () => {
  const free = withMadeWire(traceOf("multistep@1.18.33"), [{ ...first, cost: null }]);
  const told = contextBill([billedSession([free])], { by: "owner" });
  expect(told?.rows.every(({ cost }) => cost === null)).toBe(true);
  expect(promptTokens(first?.usage ?? usage(0))).toBe(told?.total.tokens);
});
