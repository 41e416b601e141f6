import { describe, expect, test } from "vitest";
import type { Loop, LoopTrace, Step, Tool } from "../../src/trace/model.js";
import { OpenCode, type TurnResult } from "../../src/workflow/open-code.js";
import { loadScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";
import { isolatedOpenCode, openCodeBinary } from "../support/isolated-opencode.js";

/**
 * What a trace says about what happened, without what differs from run to run: times, ids, and words in which opencode names
 * places and times of this run.
 */
function outline(traces: readonly LoopTrace[], place: string): unknown {
  const plain = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value ?? null)
        .replaceAll(place, "<work>")
        .replace(/\b(?:ses|msg|prt|tool)_[0-9A-Za-z]{20,30}/g, "<id>"),
    );
  const ofTool = ({ name, status, outcome, failure, input, output, loops }: Tool): unknown =>
    plain({ name, status, outcome, failure: failure?.kind, input, output, loops: loops.map(ofLoop) });
  const ofStep = ({ kind, outcome, recovered, call, tools, retries, events, patches }: Step): unknown => ({
    kind,
    outcome,
    recovered,
    call: call && {
      outcome: call.outcome,
      input: plain(call.input),
      output: plain(call.output),
      usage: call.usage,
      cost: call.cost,
      finish: call.finish,
      error: call.error?.code,
      cumulative: call.cumulative,
    },
    tools: tools.map(ofTool),
    retries: retries.map(({ error, output }) => [error?.code, plain(output)]),
    // Only a server tells what was asked for.
    events: events.map(({ name }) => name).filter((name) => name !== "permission"),
    patches: patches.length,
  });
  const ofLoop = ({
    agent,
    model,
    input,
    output,
    outcome,
    error,
    failedStep,
    steps,
    totals,
  }: Loop): unknown => ({
    agent,
    model,
    input: plain(input),
    output: plain(output),
    outcome,
    error: error?.code,
    failedStep,
    steps: steps.map(ofStep),
    usage: totals.usage,
  });
  return traces.map(({ loop }) => ofLoop(loop));
}

async function play(scenario: Scenario, driver: "cli" | "server") {
  const bench = await isolatedOpenCode(scenario);
  try {
    const agent = new OpenCode({
      opencode: openCodeBinary(),
      directory: bench.workdir,
      environment: bench.env,
      store: null,
      driver,
      permissions: scenario.prompts.some(({ flags }) => flags.some((flag) => /auto|skip/.test(flag)))
        ? "allow"
        : "deny",
      timeoutMs: 60_000,
    });
    const results: TurnResult[] = [];
    for (const [index, prompt] of scenario.prompts.entries())
      results.push(await agent.run(prompt.text, { continueLast: index > 0 }));
    return {
      drivers: [...new Set(results.map((result) => result.driver))],
      errors: results.map(({ error }) => error?.code ?? null),
      texts: results.map(({ text }) => text),
      outline: outline(
        results.flatMap(({ traces }) => traces),
        bench.workdir,
      ),
      asked: bench.provider.requests
        .filter(({ title }) => !title)
        .map(({ body }) => Object.keys(Object(body)).sort()),
      permissions: results.map(({ session }) => session?.session.info.permission),
    };
  } finally {
    await bench.remove();
  }
}

describe("both drivers make the same of", () => {
  test.each([
    "multistep",
    "two-turns",
    "subagent",
    "compaction",
    "permission-rejected",
    "provider-401",
    "rate-limited-then-ok",
    "retry-in-stream",
    "unicode",
    "responses",
  ])("%s", async (name) => {
    const scenario = await loadScenario(name);
    const cli = await play(scenario, "cli");
    const server = await play(scenario, "server");
    expect([cli.drivers, server.drivers]).toEqual([["cli"], ["server"]]);
    expect({ ...server, drivers: [] }).toEqual({ ...cli, drivers: [] });
  });
});
