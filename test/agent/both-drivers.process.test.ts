import { describe, expect, test } from "vitest";
import { z } from "zod";
import { OpenCode } from "../../src/agent/open-code.js";
import type { TurnResult } from "../../src/agent/turn-result.js";
import type { Loop, LoopTrace, Step, Tool } from "../../src/trace/model.js";
import { loadScenario } from "../provider/load-scenario.js";
import type { Scenario } from "../provider/scenario.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at, loadFixture, onlyOne, tracesOf } from "../support/fixtures.js";
import { generation1 } from "../support/generation1.js";
import { isolatedOpenCode } from "../support/isolated-opencode.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

/**
 * What a trace says about what happened, without what differs from run to run: times, ids, and words in which opencode
 * names places and times of this run.
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
  const ofLoop = ({ agent, model, input, output, outcome, error, failedStep, steps, totals }: Loop): unknown => ({
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

/** With the driver `cli` opencode starts anew for each prompt. */
async function play(scenario: Scenario, driver: "cli" | "server", wire = true) {
  const bench = await (driver === "cli" ? isolatedOpenCode(scenario) : warmOpenCode(scenario));
  try {
    const agent = new OpenCode({
      opencode: bench.binary,
      directory: bench.workdir,
      environment: bench.env,
      store: null,
      driver,
      wire,
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
      // Of what could not be read, say.
      notes: results.flatMap(({ notes }) => notes),
      outline: outline(
        results.flatMap(({ traces }) => traces),
        bench.workdir,
      ),
      asked: bench.provider.requests.filter(({ title }) => !title).map(({ body }) => Object.keys(Object(body)).sort()),
      permissions: results.map(({ session }) => session && generation1(session.session).info.permission),
    };
  } finally {
    await bench.remove();
  }
}

/** A turn that meets a rate limit, has a subagent, and ends with a permission that nobody gives. */
async function allInOne(): Promise<Scenario> {
  const limited = await loadScenario("rate-limited-then-ok");
  const { lanes, ...subagent } = await loadScenario("subagent");
  const rejected = await loadScenario("permission-rejected");
  const agents = z.object({ worker: z.looseObject({}) }).parse(subagent.opencode.agent);
  return {
    ...subagent,
    opencode: {
      ...rejected.opencode,
      agent: { worker: { ...agents.worker, permission: { bash: "allow" } } },
    },
    lanes: lanes.map((lane) =>
      lane.match === undefined
        ? {
            ...lane,
            replies: [at(onlyOne(limited.lanes).replies, 0), at(lane.replies, 0), ...onlyOne(rejected.lanes).replies],
          }
        : lane,
    ),
  };
}

// One turn, for with the driver cli each costs several starts. What `opencode run` makes of a second one is recorded.
test("both drivers make the same of a turn with a retry, a subagent and a refused permission", async () => {
  const scenario = await allInOne();
  const [cli, server] = await Promise.all([play(scenario, "cli"), play(scenario, "server")]);
  expect([cli.drivers, server.drivers]).toEqual([["cli"], ["server"]]);
  expect({ ...server, drivers: [] }).toEqual({ ...cli, drivers: [] });
  expect(cli.errors).toEqual(["permission_rejected"]);
  const told = JSON.stringify(cli.outline);
  for (const what of ["rate_limit", "fruit.txt has 3 lines.", "permission_rejected"]) expect(told).toContain(what);
});

/** `opencode run` made the recordings, in this folder. */
const RECORDED_IN = "/home/dev/project";

describe("the driver server makes the same of it as what was recorded of `opencode run`:", () => {
  test.each([
    ...["anthropic", "compaction", "content-filter", "empty-answer", "failing-tool", "length", "multistep"],
    ...["parallel-subagents", "plain-answer", "provider-401", "quota-exhausted", "responses"],
    ...["retry-in-stream", "unicode", "overflow"],
    ...["two-turns", "subagent", "permission-rejected", "rate-limited-then-ok"],
  ])("%s", async (name) => {
    const recorded = loadFixture(`${name}@1.18.33`);
    const traces = tracesOf(recorded, "log");
    // When they were made nothing was known of the wire.
    const server = await play(await loadScenario(name), "server", false);
    expect(server.notes).toEqual([]);
    expect(server.outline).toEqual(outline(traces, RECORDED_IN));
    expect(server.errors).toEqual(traces.map(({ loop }) => loop.error?.code ?? null));
    expect(server.permissions).toEqual(traces.map(() => recorded.session.info.permission));
  });
});
