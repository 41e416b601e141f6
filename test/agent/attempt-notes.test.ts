import { expect, test } from "vitest";
import { agentNotes, extraArgumentNotes, limitNotes, subagentNotes } from "../../src/agent/attempt-notes.js";
import type { Loop } from "../../src/trace/model.js";
import { traceOf } from "../support/fixtures.js";
import { reportedTrace } from "../support/reported.js";

const { loop } = traceOf("subagent@1.18.33");

/** The recorded turn, as if it had been cut off while the subagent's first tool was at work. */
function cutOff(code: "timeout" | "server_error"): Loop {
  const shared = { message: "", retryable: true, evidence: "process" } as const;
  const error = code === "timeout" ? ({ ...shared, code, limit: "turn" } as const) : { ...shared, code };
  return { ...loop, error, steps: open(loop.steps) };
}

/** Up to the first step with tools, these unfinished. */
function open(steps: Loop["steps"]): Loop["steps"] {
  const index = steps.findIndex(({ tools }) => tools.length > 0);
  return steps.slice(0, index + 1).map((step) => ({
    ...step,
    tools: step.tools.map((tool) => ({
      ...tool,
      outcome: "unfinished",
      loops: tool.loops.map((child) => ({ ...child, steps: open(child.steps) })),
    })),
  }));
}

const child = cutOff("timeout").steps.at(-1)?.tools[0]?.loops[0]?.steps.at(-1)?.tools[0];

test("the tool of a subagent that was at work when the turn was cut off", () => {
  if (!child) throw new Error("the recording has no subagent with a tool");
  const endedAt = child.start + 590_000;
  const work = `When the turn was cut off, ${child.name} had been at work for 9m50s in the subagent that task had started.`;
  expect(subagentNotes(cutOff("timeout"), null, endedAt)).toEqual([work]);
  const other = { permission: "webfetch", detail: "", since: 0 };
  expect(subagentNotes(cutOff("timeout"), other, endedAt)).toEqual([work]);
  expect(subagentNotes(cutOff("server_error"), null, endedAt)).toEqual([]);
  expect(subagentNotes(loop, null, endedAt)).toEqual([]);
  expect(subagentNotes(undefined, null, endedAt)).toEqual([]);
});

test("and the permission that it waited for", () => {
  if (!child) throw new Error("the recording has no subagent with a tool");
  const endedAt = child.start + 20_000;
  const asking = { permission: child.name, detail: '["a"]', since: child.start + 500 };
  expect(subagentNotes(cutOff("timeout"), asking, endedAt)).toEqual([
    `When the turn was cut off, ${child.name} had been at work for 20 s in the subagent that task had started. It had asked for a permission 19.5 s before (${child.name} ["a"]); opencode before 1.18 never answers a subagent. Allow it under \`permission\` in opencode's config.`,
  ]);
});

test("another agent than the one that was asked for", () => {
  expect(agentNotes("build", { ...loop, agent: "build" })).toEqual([]);
  expect(agentNotes(undefined, { ...loop, agent: "build" })).toEqual([]);
  expect(agentNotes("ghost", { ...loop, agent: null })).toEqual([]);
  expect(agentNotes("ghost", undefined)).toEqual([]);
  expect(agentNotes("ghost", { ...loop, agent: "build" })).toEqual([
    'Asked for the agent "ghost", opencode ran with "build": it has no such agent, or has it for subagents only (`opencode agent list` shows them).',
  ]);
});

test("extra arguments are named without their values, which may be secret", () => {
  expect(extraArgumentNotes([])).toEqual([]);
  const [note] = extraArgumentNotes(["--share", "--password=a\nb", "--attach", "http://u:p@127.0.0.1"]);
  expect(note).toMatch(/^opencode was given these extra arguments: --share --password=… --attach …\. /);
});

test("a limit that nobody could hold, since opencode recorded no tokens", () => {
  const doubtful = [reportedTrace("zero-usage-with-total"), reportedTrace("prompt-tokens-zero")];
  expect(limitNotes({ maxTokens: 5, maxCost: 1 }, doubtful)).toEqual([
    "The limit for tokens and cost could not be held for certain: of 2 of 4 calls opencode recorded no tokens, or some that cannot be true.",
  ]);
  expect(limitNotes({ maxCost: 1 }, doubtful)).toEqual([expect.stringContaining("The limit for cost could")]);
  expect(limitNotes({}, doubtful)).toEqual([]);
  expect(limitNotes({ maxTokens: 5 }, [reportedTrace("usage-elsewhere")])).toEqual([]);
});
