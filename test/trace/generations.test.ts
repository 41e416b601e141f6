import { afterAll, expect, test } from "vitest";
import { callIn2 } from "../../src/analysis/same-tools.js";
import type { Call, Loop, LoopTrace, Step, Tool } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { loadFixture, tracesOf } from "../support/fixtures.js";
import { loadOpencode2 } from "../support/opencode2-fixtures.js";

/** The recordings that are compared: the same story, told to both by the same scripted provider. */
const [ONE, TWO] = ["1.18.33", "2.0.0-0720"];

interface Difference {
  /** Of the facts that differ, as `outline` names them. */
  readonly facts: RegExp;
  readonly reason: string;
}

const CUT_FINISH = "2 writes a failed call's finish as error; 1.x leaves it out, or writes the provider's own word";
const ONE_MESSAGE =
  "a compaction is one message of 2, with no call of its own: what it took is among the other calls; 1.x has a step for it and puts a prompt behind it";

/** Where the traces of a scenario differ, and why that is as it should be. */
const DIFFERENCES: Readonly<Record<string, readonly Difference[]>> = {
  anthropic: [],
  compaction: [{ facts: /^turn0\.(steps|usage|cost|step[12]\.)/, reason: ONE_MESSAGE }],
  "content-filter": [{ facts: /^turn0\.step0\.call\.finish$/, reason: CUT_FINISH }],
  "doom-loop": [
    {
      facts: /^turn0\.step[01]\.call\.(input|output)$/,
      reason: "the provider counts its ids by its requests, and 2 asks for the title at another moment",
    },
  ],
  "empty-answer": [],
  "failing-tool": [
    {
      facts: /^turn0\.step[12]\.(tool[012]\.|call\.(input|output)$)/,
      reason:
        "2 keeps a call of an unknown tool under its name and with its arguments, and one without JSON with none; it takes an argument of the wrong type where 1.x refuses it",
    },
  ],
  length: [],
  multistep: [],
  overflow: [
    {
      facts: /^turn1\.(steps|usage|cost|step[012]\.)/,
      reason: `${ONE_MESSAGE}; of the refused request 2 keeps nothing`,
    },
  ],
  "parallel-subagents": [{ facts: /^turn0\.step0\.tool1\.loop0\.step0\.call\.finish$/, reason: CUT_FINISH }],
  "permission-rejected": [
    {
      facts: /^turn0\.(error|step0\.(call\.(error|finish|outcome)|tool0\.failure))$/,
      reason: "the preview of 2 breaks the turn off where a person rejects; by its source, 2.0 goes on as 1.x does",
    },
  ],
  "plain-answer": [],
  "provider-401": [{ facts: /^turn0\.step0\.call\.finish$/, reason: CUT_FINISH }],
  "quota-exhausted": [{ facts: /^turn0\.step0\.call\.finish$/, reason: CUT_FINISH }],
  "rate-limited-then-ok": [],
  responses: [],
  "retry-in-stream": [
    {
      facts: /^turn0\./,
      reason: "the preview of 2 fails where a stream breaks off after its first text; by its source, 2.0 goes on",
    },
  ],
  subagent: [],
  "two-turns": [],
  unicode: [],
};

/**
 * What a trace says about what happened, a fact a line: without ids, times, places, what tools say in the words of
 * their generation, and the other calls, of which 1.x tells nothing. Tools and arguments are called as in 2.
 */
function outline(traces: readonly LoopTrace[]): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  const put = (name: string, values: Readonly<Record<string, unknown>>): void => {
    for (const [key, value] of Object.entries(values)) {
      const text = JSON.stringify(value ?? null)
        .replace(/\b(?:ses|msg|prt|tool)_[0-9A-Za-z]{20,30}/g, "<id>")
        .replace(/\/home\/dev\/[\w/.-]*/g, "<place>");
      facts.set(`${name}.${key}`, text);
    }
  };
  const usd = (cost: number | null): number | null => cost && Number(cost.toFixed(9));
  const putCall = (name: string, { input, output, cost, error, outcome, usage, finish, model }: Call): void =>
    put(name, {
      ...{ outcome, usage, finish, model, cost: usd(cost), error: error?.code },
      input: input.map((message) =>
        message.role === "tool" ? [message.tool_call_id, message.is_error === true] : message,
      ),
      output: { ...output, toolCalls: output.toolCalls.map((call) => ({ id: call.id, ...callIn2(call) })) },
    });
  const putTool = (name: string, { loops, failure, status, outcome, ...tool }: Tool): void => {
    put(name, { status, outcome, failure: failure?.kind, call: callIn2({ name: tool.name, arguments: tool.input }) });
    for (const [index, loop] of loops.entries()) putLoop(`${name}.loop${index}`, loop);
  };
  const putStep = (name: string, { kind, outcome, recovered, call, tools, retries, events }: Step): void => {
    put(name, {
      ...{ kind, outcome, recovered, retries: retries.length },
      events: events.map((event) => event.name).filter((event) => event !== "permission"),
    });
    if (call) putCall(`${name}.call`, call);
    for (const [index, tool] of tools.entries()) putTool(`${name}.tool${index}`, tool);
  };
  const putLoop = (
    name: string,
    { outcome, agent, model, input, output, error, steps, totals, copied }: Loop,
  ): void => {
    put(name, {
      ...{ outcome, agent, model, input, output, copied, error: error?.code },
      ...{ steps: steps.length, usage: totals.usage, cost: usd(totals.cost) },
    });
    for (const [index, step] of steps.entries()) putStep(`${name}.step${index}`, step);
  };
  for (const [index, { loop }] of traces.entries()) putLoop(`turn${index}`, loop);
  return facts;
}

const table: string[] = [];

test.each(Object.entries(DIFFERENCES))("%s: both generations are told alike", (scenario, expected) => {
  const one = outline(tracesOf(loadFixture(`${scenario}@${ONE}`), "export"));
  const two = outline(traceSession(loadOpencode2(`${scenario}@${TWO}`).tree));
  expect(one.size).toBeGreaterThan(10);
  const different = [...new Set([...one.keys(), ...two.keys()])].filter((name) => one.get(name) !== two.get(name));
  const unexplained = different.filter((name) => !expected.some(({ facts }) => facts.test(name)));
  expect(unexplained.map((name) => [name, one.get(name), two.get(name)])).toEqual([]);
  // A reason that explains nothing any more goes.
  expect(expected.filter(({ facts }) => !different.some((name) => facts.test(name)))).toEqual([]);
  for (const { facts, reason } of expected) {
    const count = different.filter((name) => facts.test(name)).length;
    table.push(`${scenario.padEnd(20)} ${String(count).padStart(3)} of ${one.size} facts: ${reason}`);
  }
});

afterAll(() => {
  console.info(`opencode ${ONE} and ${TWO} differ in\n${table.join("\n")}`);
});
