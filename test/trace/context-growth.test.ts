import { expect, test } from "vitest";
import { type ContextChange, contextCauses as causesOf } from "../../src/trace/context-growth.js";
import type { Usage } from "../../src/trace/model.js";
import { accumulate } from "../../src/trace/usage.js";
import { at, traceOf } from "../support/fixtures.js";
import { callsIn } from "./walk-trace.js";

const usage = (input: number, cacheRead: number, output: number, reasoning = 0) => ({
  input,
  output,
  reasoning,
  cacheRead,
  cacheWrite: 0,
});
const first = usage(1_000, 0, 50, 10);
const known = (own: Usage) => ({ usage: own, usageDoubt: null });
const before = accumulate(null, known(first), null);
/** Of a call whose usage is known whole, or not at all. */
const contextCauses = ({ usage: own, ...change }: Omit<ContextChange, "read" | "written"> & { usage: Usage | null }) =>
  causesOf({ ...change, read: own, written: own });
const result = (name: string, length: number) => ({
  role: "tool" as const,
  tool_call_id: `call_${name}`,
  name,
  content: "x".repeat(length),
});

test("the first call: what it is asked, estimated by its size, and the prefix before it", () => {
  const added = [{ role: "user" as const, content: "a".repeat(400) }];
  expect(contextCauses({ usage: first, before: null, lastUsage: null, added, compacted: false })).toEqual([
    { kind: "prefix", name: null, callId: null, characters: null, tokens: 900 },
    { kind: "text", name: null, callId: null, characters: 400, tokens: 100 },
    { kind: "output", name: null, callId: null, characters: null, tokens: 60 },
  ]);
});

test("a later call: each tool result by its share, its own output as the provider counts it", () => {
  // 1,060 tokens were there; 1,160 are read now, so 100 lie between.
  const added = [result("read", 300), result("bash", 100)];
  const causes = contextCauses({
    usage: usage(160, 1_000, 30),
    before,
    lastUsage: first,
    added,
    compacted: false,
  });
  expect(causes.map(({ kind, name, tokens }) => [kind, name, tokens])).toEqual([
    ["tool-result", "read", 75],
    ["tool-result", "bash", 25],
    ["output", null, 30],
  ]);
});

test("shares that do not divide evenly add up all the same", () => {
  const added = [result("a", 1), result("b", 1), result("c", 1)];
  const causes = contextCauses({
    usage: usage(1_070, 0, 1),
    before,
    lastUsage: first,
    added,
    compacted: false,
  });
  expect(causes.map(({ tokens }) => tokens)).toEqual([4, 3, 3, 1]);
});

test("what went away, what nobody sees, and a summary", () => {
  const kinds = (prompt: number, compacted: boolean, added = [result("a", 5)]) =>
    contextCauses({ usage: usage(prompt, 0, 7), before, lastUsage: first, added, compacted }).map(
      ({ kind, tokens }) => [kind, tokens],
    );
  expect(kinds(1_050, false)).toEqual([
    ["tool-result", 2],
    ["dropped", -12],
    ["output", 7],
  ]);
  expect(kinds(300, true)).toEqual([
    ["tool-result", 2],
    ["compacted", -762],
    ["output", 7],
  ]);
  expect(kinds(1_100, false, [])).toEqual([
    ["other", 40],
    ["output", 7],
  ]);
  expect(contextCauses({ usage: null, before, lastUsage: first, added: [], compacted: false })).toEqual([]);
});

test("in a recorded session the file that was read is what made the context grow", () => {
  const calls = callsIn(traceOf("multistep@1.18.33").loop);
  expect(at(calls, 0).contextCauses.map(({ kind }) => kind)).toEqual(["prefix", "text", "output"]);
  const grown = at(calls, 1);
  const results = grown.contextCauses.filter(({ kind }) => kind === "tool-result");
  expect(results.map(({ callId }) => callId)).toEqual(at(calls, 0).output.toolCalls.map(({ id }) => id));
});

test("thinking that was not sent again went away, and what was told came all the same", () => {
  const thoughtful = usage(1_000, 0, 50, 2_000);
  const after = accumulate(null, known(thoughtful), null);
  const causes = contextCauses({
    // 3,050 tokens were there, 2,000 of them are not sent again; 4,000 came in.
    usage: usage(5_050, 0, 30),
    before: after,
    lastUsage: thoughtful,
    added: [result("read", 16_000)],
    compacted: false,
  });
  expect(causes.map(({ kind, tokens }) => [kind, tokens])).toEqual([
    ["tool-result", 4_000],
    ["dropped", -2_000],
    ["output", 30],
  ]);
});

test("a picture has a weight, whatever the length of its data", () => {
  const picture = { mime: "image/png", filename: null, url: `data:image/png;base64,${"A".repeat(90_000)}` };
  const added = [{ ...result("shot", 0), attachments: [picture] }, result("grep", 4_000)];
  const causes = contextCauses({
    usage: usage(3_060, 0, 1),
    before,
    lastUsage: first,
    added,
    compacted: false,
  });
  expect(causes.map(({ name, tokens }) => [name, tokens])).toEqual([
    ["shot", 1_000],
    ["grep", 1_000],
    [null, 1],
  ]);
});
