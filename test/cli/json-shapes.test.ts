import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { looptrace } from "../support/cli.js";
import { fixtureNames } from "../support/fixtures.js";
import { showJson, stepJson, tokensJson, toolsJson } from "../support/json-shapes.js";

function filesOf(name: string): readonly string[] {
  const folder = fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
  return readdirSync(folder)
    .filter((file) => /^(?:session|subagent-\d+)\.json$/.test(file))
    .map((file) => join(folder, file));
}

async function printed<T>(name: string, shape: z.ZodType<T>, command: string, ...argv: string[]): Promise<T> {
  const cwd = tmpdir();
  const env = { LOOPTRACE_HOME: join(cwd, "looptrace-that-is-not-there") };
  const around = { env, cwd };
  const result = await looptrace([command, ...filesOf(name), ...argv, "--json"], around);
  expect([result.code, result.stderr]).toEqual([0, ""]);
  return shape.parse(JSON.parse(result.stdout));
}

describe.each(fixtureNames)("%s", (name) => {
  test("show, a step of it, tokens, tools: what they print has exactly the documented fields", async () => {
    const traces = await printed(name, showJson, "show");
    const steps = await printed(name, stepJson, "show", "--step", "0");
    expect(steps.map(({ step }) => step)).toEqual(traces.map(({ loop }) => loop.steps[0]));
    const tokens = await printed(name, tokensJson, "tokens");
    expect(tokens.map(({ traceId }) => traceId)).toEqual(traces.map(({ traceId }) => traceId));
    const { total } = await printed(name, toolsJson, "tools");
    const tools = traces.reduce((sum, { loop }) => sum + loop.totalsWithSubagents.tools, 0);
    expect(total.calls).toBe(tools);
    expect((await printed(name, toolsJson, "tools", "--by-server")).total).toEqual(total);
  });
});

test("a subagent's step says in which session it is", async () => {
  const [printedStep] = await printed("subagent@1.18.33", stepJson, "show", "--step", "0/0/1");
  const [trace] = await printed("subagent@1.18.33", showJson, "show");
  const below = trace?.loop.steps[0]?.tools[0]?.loops[0];
  expect(printedStep).toMatchObject({ path: "0/0/1", sessionId: below?.sessionId });
  expect(printedStep?.step).toEqual(below?.steps[1]);
});

test("--turn picks one of a session's turns", async () => {
  const all = await printed("two-turns@1.18.33", showJson, "show");
  const second = await printed("two-turns@1.18.33", showJson, "show", "--turn", "2");
  expect(all).toHaveLength(2);
  expect(second).toEqual(all.slice(1));
});
