import { expect, test } from "vitest";
import { toolBudget } from "../../src/analysis/tool-budget.js";
import { budgetsOf } from "../../src/cli/check-settings.js";
import { ConfigurationError } from "../../src/errors/configuration-error.js";

test.each([
  ["p90=5s", { tool: null, stat: "p90", limit: 5000 }],
  ["max=1m", { tool: null, stat: "max", limit: 60_000 }],
  ["p99.9=250ms", { tool: null, stat: "p99.9", limit: 250 }],
  ["p100=2s", { tool: null, stat: "p100", limit: 2000 }],
  ["bash:p99=30s", { tool: "bash", stat: "p99", limit: 30_000 }],
  ["task:sum=10m", { tool: "task", stat: "sum", limit: 600_000 }],
  ["tickets_a:b:max=1s", { tool: "tickets_a:b", stat: "max", limit: 1000 }],
  ["all:p90=5s", { tool: null, stat: "p90", limit: 5000 }],
  [" ALL : sum=5s", { tool: null, stat: "sum", limit: 5000 }],
  ["*:max=5s", { tool: null, stat: "max", limit: 5000 }],
  ["all_tools:max=5s", { tool: "all_tools", stat: "max", limit: 5000 }],
  [" bash : p50 = 1s ", { tool: "bash", stat: "p50", limit: 1000 }],
])("%j is a budget for tools", (text, expected) => {
  expect(toolBudget(text)).toEqual({ kind: "tool", ...expected });
});

test.each([
  "",
  "p90",
  "=5s",
  "p90=",
  "p90=soon",
  "p90=5",
  "p0=1s",
  "p101=1s",
  "p9e1=1s",
  "p=1s",
  "min=1s",
  ":p90=1s",
  "p90=0",
])("%j is none", (text) => {
  expect(toolBudget(text)).toBeUndefined();
});

const p90 = { kind: "tool", tool: null, stat: "p90", limit: 1 } as const;
const bash = { kind: "tool", tool: "bash", stat: "p90", limit: 2 } as const;

test("a flag comes before the file's setting, one tool's limit before the file's for the same; the rest adds up", () => {
  const file = { maxCost: 1, maxSteps: 5, maxTool: [p90, bash], noErrors: true, noDoomLoop: false };
  expect(budgetsOf({}, file)).toEqual([
    { kind: "cost", limit: 1 },
    { kind: "steps", limit: 5 },
    p90,
    bash,
    { kind: "errors", limit: 0 },
  ]);
  const flags = {
    maxCost: 2,
    maxDuration: 3,
    maxTool: [{ ...bash, limit: 4 }],
    errors: true,
    toolErrors: false,
    doomLoop: false,
    cacheBreaks: false,
  };
  expect(budgetsOf(flags, file)).toEqual([
    { kind: "cost", limit: 2 },
    { kind: "duration", limit: 3 },
    { kind: "steps", limit: 5 },
    p90,
    { ...bash, limit: 4 },
    { kind: "errors", limit: 0 },
    { kind: "tool-errors", limit: 0 },
    { kind: "doom-loops", limit: 0 },
    { kind: "cache-breaks", limit: 0 },
  ]);
});

test("no budget at all is refused", () => {
  expect(() => budgetsOf({ errors: true, toolErrors: true, doomLoop: true })).toThrow(ConfigurationError);
  expect(() => budgetsOf({}, { maxTool: [], noErrors: false })).toThrow("Give at least one of --max-cost");
});
