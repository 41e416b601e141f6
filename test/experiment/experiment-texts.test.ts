import { XMLParser } from "fast-xml-parser";
import { describe, expect, test } from "vitest";
import type { TaskResult } from "../../src/batch/task-result.js";
import { experimentLines } from "../../src/cli/experiment-text.js";
import { experimentJunit } from "../../src/experiment/experiment-junit.js";
import { experimentMarkdown } from "../../src/experiment/experiment-markdown.js";
import { type ExperimentResult, experimentResult } from "../../src/experiment/experiment-result.js";
import { FAIL_ON, isFailure } from "../../src/experiment/fail-on.js";
import type { MeasureName } from "../../src/experiment/measure-names.js";
import { isVoid } from "../../src/experiment/measures.js";
import { planRuns } from "../../src/experiment/plan.js";
import { columnsOf } from "../../src/text/columns.js";
import { resultOf, someTasks } from "../support/task-results.js";

const ARMS = [
  { name: "base", settings: {} },
  { name: "new|<b>", settings: { model: "a/b" } },
];

/** Twelve cases by two arms; the second saves a fifth, and is slower. */
function result(
  more: (arm: string, at: number) => Partial<TaskResult> = () => ({}),
  { cases: count = 12, measures }: { readonly cases?: number; readonly measures?: readonly MeasureName[] } = {},
): ExperimentResult {
  const cases = someTasks(count).map(({ id, request }) => ({ id, request }));
  const options = { name: "Costs *now*", runs: 1, seed: "s" };
  const plan = planRuns(cases, ARMS, { ...options, requestOf: () => ({}) });
  const results = plan.map(({ task, arm }, at) => {
    const [factor, slow] = arm === "base" ? [1, 1] : [0.8, 1.4];
    const wobble = 1 + 0.02 * Math.sin(at);
    const one = resultOf(task, { startedAt: at });
    return {
      ...one,
      totals: { ...one.totals, cost: 0.04 * factor * wobble, steps: 4 },
      figures: {
        turnsMs: 60_000 * slow * wobble,
        toolCalls: 0,
        toolP90Ms: null,
        firstCall: { prompt: 100, cacheRead: arm === "base" ? 10 : 90 },
        lastRun: null,
      },
      traceIds: ["0"],
      ...more(arm, at),
    };
  });
  const byId = new Map(results.map((one) => [one.id, one]));
  return experimentResult(plan, ARMS, byId, { ...options, base: "base", effect: 0.15, measures });
}

describe("a result", () => {
  test("as a table, no line wider than the terminal", () => {
    const lines = experimentLines(result(), 80);
    expect(lines.slice(0, 5)).toEqual(
      [
        "arms     12 cases × 1 run × 2 arms; a difference of 15 % is looked for",
        "seed     s",
        "",
        "              base   new|<b>   change       95 % interval  verdict",
        "pass         100 %     100 %  +0 pts      +0 … +0 pts  too few",
      ].map((line) =>
        expect.stringMatching(new RegExp(`^${line.replace(/[|+.()<>]/g, "\\$&").replace(/ +/g, " +")}$`)),
      ),
    );
    expect(lines.join("\n")).toMatch(/^cost +\$0\.0402 +\$0\.0319 +-\d+\.\d % .* better$/m);
    expect(lines.join("\n")).toMatch(/^time +1m00s +1m24s .* worse$/m);
    expect(lines.join(" ").replace(/\s+/g, " ")).toContain(
      "of the first prompt 90 % came from it in new|<b>, 10 % in base",
    );
    for (const width of [20, 40, 80, 120])
      for (const line of experimentLines(result(), width)) expect(columnsOf(line)).toBeLessThanOrEqual(width);
  });

  test("as Markdown, in which names are no markup", () => {
    const text = experimentMarkdown(result());
    expect(text).toContain("### Costs \\*now\\*");
    expect(text).toMatch(/^\| new\\\|\\<b\\> against base \| base \| new\\\|\\<b\\> \| change \|/m);
    expect(text).toMatch(
      /^\| cost \| \$0\.0402 \| \$0\.0319 \| -\d+\.\d % \| .* \| less in 12, more in 0 \(p < 0\.001\) .* \*\*better\*\* \|$/m,
    );
    expect(text).toMatch(/^- pass: too few for a verdict: \d+ more cases are missing$/m);
  });

  test("what is missing for all measures is said once", () => {
    const few = result(undefined, { cases: 2 });
    const text = "too few for a verdict: 4 more cases are missing";
    expect(experimentMarkdown(few)).toContain(`- pass, cost, tokens, steps, time: ${text}\n`);
    const printed = experimentLines(few, 80).join(" ").replace(/\s+/g, " ");
    expect(printed.split("too few for a verdict")).toHaveLength(2);
    expect(printed).toContain(`measures pass, cost, tokens, steps, time: ${text}`);
  });

  test("the order is a note where it is shown, and of measures that are compared", () => {
    const later = (_: string, at: number): Partial<TaskResult> => ({
      totals: { ...resultOf(expectTask()).totals, cost: at % 2 === 0 ? 0.1 : 0.05, steps: 1 },
    });
    expect(result(later).warnings[0]).toMatch(
      /^the order matters: than the earlier run of a pair, the later one costs 50 % less.* 6 of 12 pairs, which evens it out$/,
    );
    const told = (one: ExperimentResult): boolean => one.warnings.join().includes("order");
    expect(told(result(later, { cases: 2 }))).toBe(false);
    expect(told(result(later, { measures: ["pass", "steps"] }))).toBe(false);
  });

  test("that no run of any arm passed is said, with what the command wrote last", () => {
    const ended = { exitCode: 127, signal: null, timedOut: false, durationMs: 5, command: "npm test" };
    const output = "> test\n\n> vitest run\n\nsh: 1: vitest: \u001b[31mnot found\n";
    const failed = result(() => ({ verify: { ...ended, passed: false, output } }));
    expect(failed.warnings[0]).toMatch(
      /^no run of any arm passed `npm test` \(not verified: exit code 127\).* ended with: > test \/ > vitest run \/ sh: 1: vitest: .*not found\. .*npm ci && npm test/,
    );
    expect(failed.warnings.join()).not.toContain("\u001b");
    const one = result((_, at) => ({ verify: { ...ended, passed: at === 3, output } }));
    expect(one.warnings.join()).not.toContain("no run of any arm");
    expect(result().warnings.join()).not.toContain("no run of any arm");
  });

  test("as JUnit XML: worse is a failure, and of what nothing can be said is skipped", () => {
    const parsed = new XMLParser({ ignoreAttributes: false }).parse(experimentJunit(result(), "worse"));
    const suites = parsed.testsuites;
    expect(suites).toMatchObject({ "@_tests": "6", "@_failures": "1", "@_skipped": "2" });
    const cases: readonly Record<string, unknown>[] = suites.testsuite.testcase;
    expect(cases.filter((one) => "failure" in one).map((one) => one["@_name"])).toEqual(["time"]);
    expect(cases.filter((one) => "skipped" in one).map((one) => one["@_name"])).toEqual(["pass", "tool p90"]);
  });

  test("fails on what it is told to fail on", () => {
    const failing = (one: ExperimentResult): readonly string[] => FAIL_ON.filter((what) => isFailure(one, what));
    expect(failing(result())).toEqual(["worse", "undecided", "not-better"]);
    const figures = { turnsMs: 1, toolCalls: 1, toolP90Ms: 1, firstCall: null, lastRun: null };
    expect(failing(result(() => ({ figures })))).toEqual(["undecided"]);
    const { totals } = resultOf(expectTask());
    expect(failing(result(() => ({ figures, totals })))).toEqual(["undecided", "not-better"]);
  });

  test("runs that came to nothing are left out, and told", () => {
    const error = { code: "server_error", message: "x", retryable: true, evidence: "export" } as const;
    const lossy = result((arm, at) => (arm === "base" && at < 6 ? { status: "failed", error } : {}));
    const [base] = lossy.arms;
    const lost = base?.void.server_error ?? 0;
    expect(lost).toBeGreaterThan(0);
    expect(base?.counted).toBe(12 - lost);
    expect(lossy.comparisons[0]?.comparisons[0]?.cases).toBe(12 - lost);
    expect(lossy.warnings[0]).toBe(`base lacks runs: ${lost} server_error; the same command does them`);
  });
});

test("a failure is the arm's, but for those of the provider and of what ended looptrace itself", () => {
  const fact = { message: "x", retryable: false, evidence: "export" } as const;
  const { totals } = resultOf(expectTask());
  const traced = (error: TaskResult["error"]) => isVoid({ error, totals: { ...totals, steps: 2 } });
  expect(traced(null)).toBe(false);
  expect(traced({ ...fact, code: "timeout", limit: "turn" })).toBe(false);
  expect(traced({ ...fact, code: "aborted", abortedBy: "limit" })).toBe(false);
  expect(traced({ ...fact, code: "aborted", abortedBy: "caller" })).toBe(true);
  expect(traced({ ...fact, code: "server_error" })).toBe(true);
  expect(isVoid({ error: { ...fact, code: "unknown" }, totals })).toBe(true);
});

function expectTask() {
  const [task] = someTasks(1);
  return task ?? expect.unreachable();
}
