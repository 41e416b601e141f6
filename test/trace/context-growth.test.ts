import { expect, test } from "vitest";
import { contextCauses } from "../../src/trace/context-growth.js";
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
const before = accumulate(null, first, null);
const result = (name: string, length: number) => ({
  role: "tool" as const,
  tool_call_id: `call_${name}`,
  name,
  content: "x".repeat(length),
});

test("the first call: what it is asked, estimated by its size, and the prefix before it", () => {
  const added = [{ role: "user" as const, content: "a".repeat(400) }];
  expect(contextCauses({ usage: first, before: null, added, compacted: false })).toEqual([
    { kind: "prefix", name: null, callId: null, characters: null, tokens: 900 },
    { kind: "text", name: null, callId: null, characters: 400, tokens: 100 },
    { kind: "output", name: null, callId: null, characters: null, tokens: 60 },
  ]);
});

test("a later call: each tool result by its share, its own output as the provider counts it", () => {
  // 1,060 tokens were there; 1,160 are read now, so 100 lie between.
  const added = [result("read", 750), result("bash", 250)];
  const causes = contextCauses({ usage: usage(160, 1_000, 30), before, added, compacted: false });
  expect(causes.map(({ kind, name, tokens }) => [kind, name, tokens])).toEqual([
    ["tool-result", "read", 75],
    ["tool-result", "bash", 25],
    ["output", null, 30],
  ]);
});

test("shares that do not divide evenly add up all the same", () => {
  const added = [result("a", 1), result("b", 1), result("c", 1)];
  const causes = contextCauses({ usage: usage(1_070, 0, 1), before, added, compacted: false });
  expect(causes.map(({ tokens }) => tokens)).toEqual([4, 3, 3, 1]);
});

test("what went away, what nobody sees, and a summary", () => {
  const kinds = (prompt: number, compacted: boolean, added = [result("a", 5)]) =>
    contextCauses({ usage: usage(prompt, 0, 7), before, added, compacted }).map(({ kind, tokens }) => [
      kind,
      tokens,
    ]);
  expect(kinds(1_050, false)).toEqual([
    ["dropped", -10],
    ["output", 7],
  ]);
  expect(kinds(300, true)).toEqual([
    ["compacted", -760],
    ["output", 7],
  ]);
  expect(kinds(1_100, false, [])).toEqual([
    ["other", 40],
    ["output", 7],
  ]);
  expect(contextCauses({ usage: null, before, added: [], compacted: false })).toEqual([]);
});

test("in a recorded session the file that was read is what made the context grow", () => {
  const calls = callsIn(traceOf("multistep@1.18.33").loop);
  expect(at(calls, 0).contextCauses.map(({ kind }) => kind)).toEqual(["prefix", "text", "output"]);
  const grown = at(calls, 1);
  const results = grown.contextCauses.filter(({ kind }) => kind === "tool-result");
  expect(results.map(({ callId }) => callId)).toEqual(at(calls, 0).output.toolCalls.map(({ id }) => id));
});
