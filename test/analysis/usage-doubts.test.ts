/** What every reader says of calls whose recorded tokens cannot be true. */
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import type { Budget } from "../../src/analysis/budgets.js";
import { checkSession } from "../../src/analysis/check-session.js";
import { diffSessions } from "../../src/analysis/session-diff.js";
import { placedSteps } from "../../src/analysis/step-path.js";
import { TOKEN_COLUMNS, tokenCsv } from "../../src/analysis/token-csv.js";
import { tokenRows } from "../../src/analysis/token-rows.js";
import { paintStep } from "../../src/terminal/paint-step.js";
import { paintTokens } from "../../src/terminal/paint-tokens.js";
import { paintTree } from "../../src/terminal/paint-tree.js";
import { traceLine } from "../../src/terminal/trace-line.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { totalTokens } from "../../src/trace/usage.js";
import { reportBuilder } from "../../src/web/data/build-report.js";
import { at, traceOf } from "../support/fixtures.js";
import { reportedTrace } from "../support/reported.js";
import { assistant, exportOf, type Json, stepFinish, stepStart, text, treeOf, user } from "../trace/make-session.js";

const zeros = reportedTrace("zero-usage-with-total");
const noPrompt = reportedTrace("prompt-tokens-zero");
const contradiction = reportedTrace("reasoning-outside-completion");
const usual = traceOf("multistep@1.18.33");
const colors = pc.createColors(false);

function statuses(trace: LoopTrace, ...budgets: readonly Budget[]) {
  const { results } = checkSession({ id: "ses_1", title: "t" }, [trace], budgets);
  return results.map(({ status, value, over }) => [status, value, over]);
}

describe("no budget on them holds", () => {
  test("without any tokens", () => {
    expect(statuses(zeros, { kind: "tokens", limit: 1e9 }, { kind: "cost", limit: 1e6 })).toEqual([
      ["unknown", null, null],
      ["unknown", null, null],
    ]);
  });

  test("without one prompt: what is known may be too much already", () => {
    expect(
      statuses(
        noPrompt,
        { kind: "tokens", limit: 1e9 },
        { kind: "tokens", limit: 18_859 },
        { kind: "cost", limit: 1 },
        { kind: "cost", limit: 0.001 },
      ),
    ).toEqual([
      ["unknown", 18_860, null],
      ["fail", 18_860, 1],
      ["unknown", expect.closeTo(0.00402, 9), null],
      ["fail", expect.closeTo(0.00402, 9), expect.closeTo(0.00302, 9)],
    ]);
  });

  test("of two that contradict each other the smaller is sure to be used", () => {
    const limits = [2_000, 1_200, 1_059].map((limit) => ({ kind: "tokens", limit }) as const);
    expect(statuses(contradiction, ...limits)).toEqual([
      ["unknown", 1_640, null],
      ["unknown", 1_640, null],
      ["fail", 1_640, 1],
    ]);
    expect(statuses(contradiction, { kind: "cost", limit: 1 })).toEqual([["unknown", 0.00228, null]]);
  });

  test("a cost that stands on no tokens, and one call among others", () => {
    const answer = (from: number, finish: Json, last: boolean) =>
      assistant(
        from,
        from + 50,
        [stepStart(from + 2), text(from + 3, from + 9, "So."), stepFinish(from + 40, finish)],
        {
          finish: last ? "stop" : "tool-calls",
        },
      );
    const none = { total: 0, input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } };
    const trace = (...finishes: readonly Json[]): LoopTrace =>
      at(
        traceSession(
          treeOf(
            exportOf([
              user(0, "Go."),
              ...finishes.map((finish, index) => answer(100 * (index + 1), finish, index === finishes.length - 1)),
            ]),
          ),
        ),
        0,
      );
    const budgets = [{ kind: "tokens", limit: 1e6 } as const, { kind: "cost", limit: 1 } as const];
    expect(statuses(trace({ cost: 0.01 }, { tokens: none, cost: 0 }, { cost: 0.01 }), ...budgets)).toEqual([
      ["unknown", 224, null],
      ["unknown", 0.02, null],
    ]);
    expect(statuses(trace({ tokens: none, cost: 0.3 }), ...budgets)).toEqual([
      ["unknown", null, null],
      ["unknown", 0.3, null],
    ]);
    expect(statuses(trace({ cost: 0.01 }), ...budgets).map(([status]) => status)).toEqual(["pass", "pass"]);
  });

  test("a session of whose tokens its messages do not tell all", () => {
    const budgets = [{ kind: "tokens", limit: 1e6 } as const, { kind: "cost", limit: 1 } as const];
    const session = (tokens: number) => ({ id: usual.session.id, title: "t", recordedTokens: tokens });
    const told = totalTokens(usual.loop.totals.usage);
    const statusOf = (tokens: number) =>
      checkSession(session(tokens), [usual], budgets).results.map(({ status }) => status);
    expect([0, told - 5, told, told + 1].map(statusOf)).toEqual([
      ["pass", "pass"],
      ["pass", "pass"],
      ["pass", "pass"],
      ["unknown", "unknown"],
    ]);
    expect(at(checkSession(session(50_000), [usual], budgets).results, 0).note).toBe(
      "opencode has counted 50,000 tokens for the session, and its messages tell of 18,708",
    );
  });

  test("the note says of which call, and why", () => {
    const { results, warnings } = checkSession(
      { id: "ses_1", title: "t" },
      [noPrompt],
      [{ kind: "tokens", limit: 1e9 }],
    );
    expect(at(results, 0).note).toBe(
      "prompt of llm-call-1 unknown: opencode recorded a prompt of 0 tokens, which no request has.",
    );
    expect(warnings).toEqual([]);
  });
});

describe("who reads it is told", () => {
  const CONTRADICTION =
    "tokens of llm-call-0 contradict each other: Its parts make 1,640 tokens, opencode's own total says 1,060.";

  test("in the tree", () => {
    const tree = (trace: LoopTrace) => paintTree(trace, { width: 160, colors });
    expect(tree(zeros)).toContain("tokens   – (opencode recorded none)");
    expect(tree(zeros)).toContain("tokens unknown · “Hello there");
    expect(tree(noPrompt)).toMatch(/llm-call-1 .*\? +400 .*prompt unknown/);
    expect(tree(noPrompt)).toContain("18,860 = in 18,400 (cached 17,000) + out 460 – of 1 call only a part is known");
    expect(tree(contradiction)).toContain("– by opencode's own totals 1,060");
    expect(tree(contradiction)).toContain(CONTRADICTION);
  });

  test("in the table of tokens, as text, JSON and CSV", () => {
    const table = (trace: LoopTrace) => paintTokens(trace, { width: 140, colors, top: false });
    expect(table(zeros)).toContain("opencode recorded no tokens of any call.");
    expect(table(noPrompt)).not.toMatch(/no longer sent|9,\d{3} read/);
    expect(table(contradiction)).toContain(CONTRADICTION);
    expect(
      tokenRows(noPrompt).map(({ prompt, output, context, growth, doubt }) => [
        prompt?.total,
        output,
        context,
        growth,
        doubt?.kind,
      ]),
    ).toEqual([
      [9_000, 40, 9_040, null, undefined],
      [undefined, 400, null, null, "partial"],
      [9_400, 20, 9_420, 380, undefined],
    ]);
    expect(TOKEN_COLUMNS.at(-1)).toBe("usageDoubt");
    expect(tokenCsv(noPrompt).map((row) => row.at(-1))).toEqual([null, "partial", null]);
  });

  test("in one step, on one line, and beside another session", () => {
    const [step] = placedSteps(contradiction.loop);
    expect(paintStep(contradiction, step ?? expect.fail(), { width: 120, colors })).toContain(
      "note     Its parts make 1,640 tokens",
    );
    expect(traceLine(zeros)).toContain("  – tokens  –  ");
    expect(traceLine(noPrompt)).toContain("18,860 tokens  $0.00402  tokens of 1 call in doubt");
    const side = (name: string) => ({
      session: reportedTrace(name).session,
      traces: [reportedTrace(name)],
    });
    const diff = JSON.stringify(diffSessions(side("prompt-tokens-zero"), side("zero-usage-with-total")));
    expect(diff).toContain("prompt of llm-call-1 unknown");
    expect(diff).toContain("tokens of llm-call-0 unknown");
  });

  test("in the report", () => {
    const builder = reportBuilder("0");
    for (const trace of [zeros, noPrompt, contradiction]) builder.add(trace);
    const { data, chunks } = builder.finish();
    expect(data.traces.map(({ notes }) => notes.length)).toEqual([1, 1, 1]);
    expect(at(data.traces, 2).notes).toEqual([CONTRADICTION]);
    expect(at(data.traces, 1).series[0]?.calls.map(({ known, doubt }) => [known, doubt !== null])).toEqual([
      [true, false],
      [true, true],
      [true, false],
    ]);
    expect(
      at(data.traces, 1)
        .rows.filter(({ kind }) => kind === "call")
        .map(({ tokens }) => tokens?.input),
    ).toEqual([9_000, null, 9_400]);
    expect(JSON.stringify(chunks)).toContain("opencode recorded a prompt of 0 tokens");
  });

  test("of many calls the first few", () => {
    const trace = {
      ...noPrompt,
      loop: {
        ...noPrompt.loop,
        steps: Array.from({ length: 9 }, () => noPrompt.loop.steps[1] ?? expect.fail()),
      },
    };
    const painted = paintTokens(trace, { width: 140, colors, top: false });
    expect(painted.match(/prompt of llm-call-1 unknown/g)).toHaveLength(3);
    expect(painted).toContain("the tokens of 6 more calls are in doubt too");
  });

  test("nothing of it where all is well", () => {
    const { results, warnings } = checkSession(
      { id: "s", title: "t" },
      [traceOf("multistep@1.18.33")],
      [{ kind: "tokens", limit: 1e9 }],
    );
    expect([results[0]?.status, results[0]?.note, warnings]).toEqual(["pass", null, []]);
  });
});
