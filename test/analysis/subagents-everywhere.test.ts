/** Subagents that no tool started: every reader has them, once. */
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { checkSession } from "../../src/analysis/check-session.js";
import { firstDivergence } from "../../src/analysis/first-divergence.js";
import { findStep, placedSteps } from "../../src/analysis/step-path.js";
import { tokenRows } from "../../src/analysis/token-rows.js";
import { describeTrace } from "../../src/otel/describe-trace.js";
import { paintStep } from "../../src/terminal/paint-step.js";
import { paintTree } from "../../src/terminal/paint-tree.js";
import type { Loop, LoopTrace } from "../../src/trace/model.js";
import { openSpanIds } from "../../src/trace/open-spans.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { reportBuilder } from "../../src/web/data/build-report.js";
import { onlyOne } from "../support/fixtures.js";
import {
  answer,
  assistant,
  exportOf,
  type Json,
  SESSION,
  stepFinish,
  stepStart,
  T0,
  text,
  tool,
  treeOf,
  user,
} from "../trace/make-session.js";

const colors = pc.createColors(false);

function childOf(id: string, at: number, to: number | null, said = `${id} is done.`, more: Json = {}) {
  const open = [stepStart(at + 6), text(at + 7, null, said)];
  const last = to === null ? assistant(at + 5, null, open) : answer(at + 5, to, said);
  return exportOf([user(at + 2, `Do ${id}.`), last], {
    id,
    parentID: SESSION,
    time: { created: T0 + at },
    ...more,
  });
}
const parent = exportOf([
  user(0, "Go."),
  assistant(10, 500, [stepStart(20), tool(30, 40, 300), stepFinish(490)], { finish: "tool-calls" }),
  assistant(1_000, 1_500, [stepStart(1_010), text(1_020, 1_400, "Done."), stepFinish(1_490)], {
    finish: "stop",
  }),
]);
const children = [
  childOf("ses_tool", 50, 200),
  childOf("ses_step", 400, 480),
  childOf("ses_between", 600, 900),
  childOf("ses_after", 1_600, 1_700),
];
const traceOf = (...exports: readonly ReturnType<typeof exportOf>[]): LoopTrace =>
  onlyOne(traceSession(treeOf(parent, ...exports)));
const trace = traceOf(...children);

describe("every reader has them, once", () => {
  test("the sums, and the budgets on them", () => {
    expect(trace.loop.totalsWithSubagents).toMatchObject({
      steps: 6,
      calls: 6,
      tools: 1,
      missingSubagents: 0,
    });
    const { results } = checkSession(
      { id: SESSION, title: "" },
      [trace],
      [
        { kind: "tokens", limit: 671 },
        { kind: "steps", limit: 5 },
      ],
    );
    expect(results.map(({ status, value }) => [status, value])).toEqual([
      ["fail", 672],
      ["fail", 6],
    ]);
  });

  test("the spans: below the tool, the step or the loop that they were started in", () => {
    const spans = describeTrace(trace, {});
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const loops = spans.filter(({ name, parent: above }) => name.startsWith("opencode.loop") && above !== null);
    expect(loops.map(({ parent: above }) => byId.get(above?.spanId ?? "")?.name)).toEqual([
      "tool.bash",
      "loop.step-0",
      "opencode.loop",
      "opencode.loop",
    ]);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    const bare = describeTrace(trace, { content: false });
    expect(bare.map(({ name }) => name)).toEqual(spans.map(({ name }) => name));
    expect(JSON.stringify(bare)).not.toContain("is done.");
  });

  test("the warnings, of those too that have no end although their turn has one", () => {
    const budgets = [{ kind: "steps", limit: 100 }] as const;
    const warnings = (one: LoopTrace) => checkSession({ id: SESSION, title: "" }, [one], budgets).warnings;
    expect(warnings(trace)).toEqual([]);
    expect(warnings(traceOf(childOf("ses_bg", 400, null), childOf("ses_other", 600, 700)))).toEqual([
      "1 subagent without an end: counted as far as the session tells",
    ]);
  });

  test("the tree, the report and the table of tokens, in the order of time", () => {
    const rows = paintTree(trace, { width: 160, colors }).split("\n");
    const prompts = rows.flatMap((row) => /“Do (ses_\w+)\./.exec(row)?.[1] ?? []);
    expect(prompts).toEqual(["ses_tool", "ses_step", "ses_between", "ses_after"]);
    expect(rows.findIndex((row) => row.includes("ses_between"))).toBeLessThan(
      rows.findIndex((row) => row.includes("loop.step-1")),
    );
    const builder = reportBuilder("0");
    builder.add(trace);
    const [data] = builder.finish().data.traces;
    const loops = data?.rows.filter(({ kind, depth }) => kind === "loop" && depth > 0) ?? [];
    expect(loops.map(({ depth }) => depth)).toEqual([3, 2, 1, 1]);
    expect(data?.series).toHaveLength(5);
    expect(data?.totals.calls).toBe(6);
    expect(tokenRows(trace).map(({ sessionId }) => sessionId)).toEqual([
      SESSION,
      "ses_tool",
      "ses_step",
      "ses_between",
      SESSION,
      "ses_after",
    ]);
  });

  test("steps by their path", () => {
    const paths = placedSteps(trace.loop).map(({ path, loop }) => [path, loop.sessionId]);
    expect(paths).toEqual([
      ["0", SESSION],
      ["0/0/0", "ses_tool"],
      ["0/1/0", "ses_step"],
      ["0/2/0", "ses_between"],
      ["1", SESSION],
      ["1/0/0", "ses_after"],
    ]);
    for (const [path = "", id] of paths)
      expect(findStep(trace.loop, path)).toMatchObject({ path, loop: { sessionId: id } });
    const [step] = placedSteps(trace.loop);
    const painted = paintStep(trace, step ?? expect.fail(), { width: 120, colors });
    for (const path of ["0/0", "0/1", "0/2"]) expect(painted).toContain(`subagent ${path}`);
  });

  test("also of a turn that asked no model itself", () => {
    const quiet = exportOf([user(0, "Go.")]);
    const [one] = traceSession(treeOf(quiet, childOf("ses_only", 50, 200)));
    const loop = one?.loop ?? expect.fail();
    expect(placedSteps(loop).map(({ path }) => path)).toEqual(["0/0/0"]);
    expect(findStep(loop, "0/0/0")).toMatchObject({ loop: { sessionId: "ses_only" } });
    expect(findStep(loop, "0/1/0")).toBe("Step 0 has no subagent 1: it has one, subagent 0.");
    expect(findStep(loop, "0")).toBe("The turn has no step 0: it has no step.");
    expect(loop.totalsWithSubagents.calls).toBe(1);
    expect(tokenRows(one ?? expect.fail())).toHaveLength(1);
  });

  test("what they do is compared", () => {
    const other = traceOf(...children.slice(0, 2), childOf("ses_between", 600, 900, "otherwise"), ...children.slice(3));
    expect(firstDivergence(trace, other)).toMatchObject({ within: [{ agent: "build" }], differs: "text" });
    const inStep = traceOf(...children.slice(0, 1), childOf("ses_step", 400, 480, "otherwise"), ...children.slice(2));
    expect(firstDivergence(trace, inStep)).toMatchObject({ within: [{ step: 0 }], differs: "text" });
    expect(firstDivergence(trace, trace)).toBeNull();
  });
});

describe("a turn that is over while a subagent works on", () => {
  const namesOf = (one: LoopTrace): readonly string[] => {
    const open = openSpanIds(one);
    return describeTrace(one, {})
      .filter(({ spanId }) => open.has(spanId))
      .map(({ name }) => name);
  };

  test("leaves the subagent's spans open, and its own sums", () => {
    for (const at of [100, 400, 600, 1_600])
      expect(namesOf(traceOf(childOf("ses_bg", at, null))).toSorted()).toEqual([
        "llm-call-0",
        "loop.step-0",
        "opencode.loop",
        "opencode.loop build",
      ]);
    expect(namesOf(trace)).toEqual([]);
  });

  test("nothing is open of a run that is known to be over", () => {
    const run = {
      startedAt: T0 - 10,
      endedAt: T0 + 2_000,
      exit: { kind: "exited", code: 0 } as const,
      streamErrors: [],
      stderr: "",
    };
    const [one] = traceSession(treeOf(parent, childOf("ses_bg", 100, null)), {
      runs: [{ ...run, id: "run_1" }],
    });
    expect(namesOf(one ?? expect.fail())).toEqual([]);
  });
});

describe("the time of subagents", () => {
  const accountOf = (...exports: readonly ReturnType<typeof exportOf>[]): Loop["account"] =>
    traceOf(...exports).loop.account;

  test("is theirs where no tool and no model of the turn is at work, and adds up", () => {
    const none = accountOf();
    const all = trace.loop.account;
    // 300 ms between the steps, and 80 ms of the first one after its tool.
    expect(all.tools - none.tools).toBe(298 + 78);
    expect(none.other - all.other).toBe(all.tools - none.tools);
    expect(all.model).toBe(none.model);
    expect(all.model + all.tools + all.waiting + all.retries + all.other).toBe(all.duration);
  });

  test("of one in the background goes on after its tool, beside the turn's own model, and beyond the turn", () => {
    const none = accountOf();
    const one = accountOf(childOf("ses_bg", 50, 5_000));
    // From the tool's end to the model's next call, and after that nothing that the model had not.
    expect(one.model).toBe(none.model);
    expect(one.other).toBe(10);
    expect(one.duration).toBe(none.duration);
    expect(one.model + one.tools + one.waiting + one.retries + one.other).toBe(one.duration);
  });

  test("of several at once counts once in the sum and each in the tools' own", () => {
    const one = accountOf(childOf("ses_one", 600, 900));
    const two = accountOf(childOf("ses_one", 600, 900), childOf("ses_two", 600, 900));
    expect(two.tools).toBe(one.tools);
    expect(two.toolsSummed - one.toolsSummed).toBe(298);
  });
});
