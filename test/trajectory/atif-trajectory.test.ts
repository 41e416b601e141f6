import { describe, expect, test } from "vitest";
import { promptTokens } from "../../src/trace/usage.js";
import { atifTrajectory } from "../../src/trajectory/atif-trajectory.js";
import { at, fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import { traceOf as recordedTraceOf, SYSTEM, TOOLS, two } from "../trace/two-recorded-calls.js";
import { callsIn, loopsIn, toolsIn } from "../trace/walk-trace.js";
import { atifSchema, type ReadTrajectory } from "./atif-schema.js";

function read(...traces: Parameters<typeof atifTrajectory>[0]): ReadTrajectory {
  return atifSchema.parse(JSON.parse(JSON.stringify(atifTrajectory(traces))));
}

function withBelow(trajectory: ReadTrajectory): readonly ReadTrajectory[] {
  return [trajectory, ...(trajectory.subagent_trajectories ?? []).flatMap(withBelow)];
}

describe.each(fixtureNames)("%s", (name) => {
  const traces = tracesOf(loadFixture(name), "log");
  const trajectory = read(...traces);
  const all = withBelow(trajectory);
  const loops = traces.flatMap(({ loop }) => loopsIn(loop));

  test("is as the format's schema has it, with every call and every tool in it once", () => {
    const steps = all.flatMap((one) => one.steps);
    const toolCalls = steps.flatMap(({ tool_calls: calls = [] }) => calls);
    const results = steps.flatMap(({ observation }) => observation?.results ?? []);
    const tools = traces.flatMap(({ loop }) => toolsIn(loop));
    for (const { callId } of tools) {
      expect(toolCalls.filter(({ tool_call_id: id }) => id === callId)).toHaveLength(1);
      expect(results.filter(({ source_call_id: id }) => id === callId)).toHaveLength(1);
    }
    expect(steps.filter(({ metrics }) => metrics)).toHaveLength(traces.flatMap(({ loop }) => callsIn(loop)).length);
  });

  test("its sums are the trace's: each trajectory's own steps, and all of them", () => {
    const sum = (of: (one: ReadTrajectory) => number | undefined) =>
      all.reduce((total, one) => total + (of(one) ?? 0), 0);
    const usage = loops.map(({ totals }) => totals.usage);
    const expected = (of: (one: (typeof usage)[number]) => number) => usage.reduce((total, one) => total + of(one), 0);
    expect(sum(({ final_metrics: one }) => one?.total_prompt_tokens)).toBe(expected(promptTokens));
    expect(sum(({ final_metrics: one }) => one?.total_cached_tokens)).toBe(expected(({ cacheRead }) => cacheRead));
    for (const one of all) expect(one.final_metrics?.total_steps).toBe(one.steps.length);
  });

  test("every reference to a subagent is to one that stands in it, and every one is referred to", () => {
    for (const one of all) {
      const ids = (one.subagent_trajectories ?? []).map((below) => below.trajectory_id);
      const references = one.steps.flatMap(({ observation }) =>
        (observation?.results ?? []).flatMap(({ subagent_trajectory_ref: refs = [] }) => refs),
      );
      expect(references.map((reference) => reference.trajectory_id).toSorted()).toEqual(ids.toSorted());
    }
    expect(new Set(all.map((one) => one.trajectory_id)).size).toBe(all.length);
  });
});

test("a turn: the prompt, what was thought, said and called, what came back, tokens", () => {
  const trace = traceOf("multistep@1.18.33");
  const { steps, agent, session_id: session } = read(trace);
  expect(agent).toMatchObject({ name: "opencode", version: "1.18.33", model_name: "m1", extra: { agent: "build" } });
  expect(session).toBe(trace.session.id);
  expect(at(steps, 0)).toMatchObject({
    source: "user",
    message: "Set the port in settings.txt to what notes.md says, then check it.",
  });
  const call = at(callsIn(trace.loop), 1);
  expect(at(steps, 2)).toMatchObject({
    source: "agent",
    timestamp: new Date(call.start).toISOString(),
    message: "The port changes from 8080 to 9090.",
    reasoning_content: expect.any(String),
    tool_calls: [{ tool_call_id: "call_edit", function_name: "edit", arguments: expect.any(Object) }],
    observation: { results: [{ source_call_id: "call_edit", content: expect.any(String) }] },
    metrics: { prompt_tokens: call.usage && promptTokens(call.usage), cached_tokens: call.usage?.cacheRead },
    llm_call_count: 1,
  });
});

test("where requests were recorded, the system prompt and the tools stand in it", () => {
  const { steps, agent } = read(recordedTraceOf(two));
  expect(at(steps, 0)).toMatchObject({ source: "system", message: SYSTEM.content });
  expect(agent.tool_definitions).toHaveLength(TOOLS.length);
  expect(at(agent.tool_definitions ?? [], 0)).toMatchObject({ type: "function", function: { name: "bash" } });
});

test("what a fork copied is context: it has no figures, and no part in the sums", () => {
  const trace = traceOf("plain-answer@1.18.33");
  const copied = read({ ...trace, loop: { ...trace.loop, copied: true } });
  expect(copied.steps.map(({ is_copied_context: is, metrics }) => [is, metrics])).toEqual([
    [true, undefined],
    [true, undefined],
  ]);
  expect(copied.final_metrics).toMatchObject({ total_prompt_tokens: 0, total_completion_tokens: 0 });
});

test("arguments that are no object become one, and what the model only wrote is there too", () => {
  const { steps } = read(traceOf("failing-tool@1.18.33"));
  const calls = steps.flatMap(({ tool_calls: own = [] }) => own);
  expect(calls.map(({ function_name: name }) => name)).toContain("frobnicate");
  const failed = onlyOne(
    steps
      .flatMap(({ observation }) => observation?.results ?? [])
      .filter(({ source_call_id: id }) => id === "call_missing"),
  );
  expect(failed.extra).toMatchObject({ outcome: "failed", error: { kind: expect.any(String) } });
});

test("a trajectory is of one session", () => {
  expect(() => atifTrajectory([])).toThrow(RangeError);
  const [one, other] = [traceOf("plain-answer@1.18.33"), traceOf("multistep@1.18.33")];
  expect(() => atifTrajectory([one, other])).toThrow(/one session/);
});
