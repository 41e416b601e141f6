import { describe, expect, test } from "vitest";
import { type Divergence, firstDivergence } from "../../src/analysis/first-divergence.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture, onlyOne, traceOf, tracesOf } from "../support/fixtures.js";
import {
  assistant,
  exportOf,
  type Json,
  type RawMessage,
  stepFinish,
  stepStart,
  text,
  tool,
  treeOf,
  user,
} from "../trace/make-session.js";

/** A step in which the model writes something and calls a tool for each of the inputs. */
function step(at: number, said: string, ...calls: readonly (readonly [name: string, input: unknown])[]): RawMessage {
  const tools = calls.map(([name, input], index) =>
    tool(at + 20 + index, at + 30, at + 40, { tool: name, state: { input } }),
  );
  return assistant(at, at + 60, [stepStart(at + 1), text(at + 2, at + 9, said), ...tools, stepFinish(at + 50)]);
}

function turn(steps: readonly RawMessage[], info: Json = {}): LoopTrace {
  return onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), ...steps], info))));
}

function part(a: readonly RawMessage[], b: readonly RawMessage[]): Divergence | null {
  return firstDivergence(turn(a), turn(b));
}

const LIST = ["bash", { command: "ls", timeout: 5 }] as const;

describe("two turns part", () => {
  test("where they call other tools", () => {
    expect(
      part([step(100, "I look.", LIST), step(200, "a")], [step(100, "I look.", ["read", { filePath: "x" }])]),
    ).toEqual({
      within: [],
      step: 0,
      differs: "tool-calls",
      a: { text: "I look.", toolCalls: [{ name: "bash", arguments: { command: "ls", timeout: 5 } }] },
      b: { text: "I look.", toolCalls: [{ name: "read", arguments: { filePath: "x" } }] },
      excerpt: { a: 'bash {"command":"ls","timeout":5}', b: 'read {"filePath":"x"}' },
    });
  });

  test("where the arguments differ, at whichever call", () => {
    const other = ["bash", { command: "pwd" }] as const;
    expect(part([step(100, "", LIST, LIST)], [step(100, "", LIST, other)])).toMatchObject({
      differs: "tool-calls",
      excerpt: { a: 'bash {"command":"ls","timeout":5}', b: 'bash {"command":"pwd"}' },
    });
    expect(part([step(100, "", LIST, LIST)], [step(100, "", LIST)])).toMatchObject({
      excerpt: { a: 'bash {"command":"ls","timeout":5}', b: null },
    });
  });

  test("where the text differs, after the same step", () => {
    expect(part([step(100, "One.", LIST), step(200, "Two.")], [step(100, "One.", LIST), step(200, "")])).toMatchObject({
      step: 1,
      differs: "text",
      a: { text: "Two.", toolCalls: [] },
      excerpt: { a: "Two.", b: null },
    });
  });

  test("where only one has a step, whether that calls tools or answers", () => {
    const one = step(100, "One.", LIST);
    expect(part([one], [one, step(200, "Two.", LIST, LIST)])).toEqual({
      within: [],
      step: 1,
      differs: "steps",
      a: null,
      b: expect.objectContaining({ text: "Two." }),
      excerpt: { a: null, b: 'bash {"command":"ls","timeout":5}, bash {"command":"ls","timeout":5}' },
    });
    expect(part([one, step(200, "Two.")], [one])).toMatchObject({
      differs: "steps",
      b: null,
      excerpt: { a: "Two.", b: null },
    });
  });

  test("not by the order of keys, by thinking, or by what tools answered", () => {
    const reasoning = { type: "reasoning", id: "prt_1", text: "Hm.", time: { start: 0, end: 1 } };
    const thinking = assistant(100, 160, [...step(100, "x", ["bash", { timeout: 5, command: "ls" }]).parts, reasoning]);
    expect(part([step(100, "x", LIST)], [thinking])).toBeNull();
  });

  test("not by where the project is", () => {
    const inside = (directory: string): LoopTrace =>
      turn(
        [
          step(100, `I look into ${directory}/src, and ${directory}.`, [
            "bash",
            { command: `cd '${directory}' && cat ${directory}/a "${directory}\\b"` },
          ]),
        ],
        { directory },
      );
    expect(firstDivergence(inside("/home/dev/project"), inside("/tmp/checkout (2)"))).toBeNull();
    expect(firstDivergence(inside("/home/dev/project"), inside("C:\\work\\project"))).toBeNull();
    // Another folder whose name only begins the same is another one.
    const near = (directory: string): LoopTrace =>
      turn([step(100, `${directory}-2/src ${directory}.bak /mnt${directory}`)], { directory });
    expect(firstDivergence(near("/home/a"), near("/home/b"))).toMatchObject({ differs: "text" });
    expect(firstDivergence(near("/"), near("/"))).toBeNull();
  });
});

test("of long texts what differs is shown, with a little before it", () => {
  const long = (end: string): RawMessage => step(100, "", ["write", { content: "same ".repeat(500), until: end }]);
  const { a, b } = part([long("one")], [long("two")])?.excerpt ?? {};
  expect(a).toBe('write …me same same ","until":"one"}');
  expect(b).toBe('write …me same same ","until":"two"}');
  const cut = part([step(100, `${"👩‍👩‍👧".repeat(99)}1`)], [step(100, `${"👩‍👩‍👧".repeat(99)}2`)])?.excerpt;
  expect(cut?.a?.isWellFormed()).toBe(true);
  expect(cut?.a).toMatch(/^….*1$/u);
});

test("arguments that are nested too deeply are taken for the same", () => {
  const deep = JSON.parse(`${"[".repeat(200_000)}1${"]".repeat(200_000)}`);
  const nested = turn([step(100, "", LIST)]);
  const steps = nested.loop.steps.map((one) => ({
    ...one,
    call: one.call && {
      ...one.call,
      output: { ...one.call.output, toolCalls: [{ id: "1", name: "bash", arguments: deep }] },
    },
  }));
  const trace = { ...nested, loop: { ...nested.loop, steps } };
  expect(firstDivergence(trace, trace)).toBeNull();
});

describe("subagents", () => {
  test("part within the step that started them", () => {
    const a = traceOf("subagent@1.18.33");
    const below = a.loop.steps[0]?.tools.find(({ loops }) => loops.length > 0)?.loops[0];
    const changed: LoopTrace = {
      ...a,
      loop: {
        ...a.loop,
        steps: a.loop.steps.map((one) => ({
          ...one,
          tools: one.tools.map((task) => ({
            ...task,
            loops: task.loops.map((loop) => ({ ...loop, steps: loop.steps.slice(1) })),
          })),
        })),
      },
    };
    expect(firstDivergence(a, changed)).toMatchObject({
      within: [{ step: 0, agent: below?.agent }],
      step: 0,
      differs: "tool-calls",
    });
  });

  test("that are missing on one side are no difference", () => {
    const { session } = loadFixture("subagent@1.18.33");
    const alone = onlyOne(traceSession({ session, children: [] }));
    expect(firstDivergence(traceOf("subagent@1.18.33"), alone)).toBeNull();
  });
});

test.each(fixtureNames)("%s does not part from itself", (name) => {
  for (const trace of tracesOf(loadFixture(name), "log")) expect(firstDivergence(trace, trace)).toBeNull();
});

test("the same scenario with another opencode does not part, though it ran somewhere else", () => {
  expect(firstDivergence(traceOf("multistep@1.15.13"), traceOf("multistep@1.18.33"))).toBeNull();
  expect(firstDivergence(traceOf("subagent@1.15.13"), traceOf("subagent@1.18.33"))).toBeNull();
});
