import { expect, test } from "vitest";
import { answerText, cutOffText } from "../../src/cli/answer-text.js";
import type { ErrorFacts } from "../../src/errors/error-facts.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { cliEnvironment, looptrace } from "../support/cli.js";
import { allowColdStarts } from "../support/cold-starts.js";
import { at, loadFixture } from "../support/fixtures.js";
import { longEnough, WARM_FIRST_S } from "../support/long-enough.js";
import { broken, type Json, madeScenario, usage } from "../support/play-run.js";
import { warmOpenCode } from "../support/warm-opencode.js";

allowColdStarts();

const error: ErrorFacts = { code: "unknown", message: "It broke.", retryable: true, evidence: "process" };

function tracesOf(fixture: string) {
  return traceSession(loadFixture(fixture).tree);
}

test("a turn that failed after its answer has one, a turn that did not get that far has none", () => {
  const whole = { text: "Done.\n", output: "Done.\n", error, traces: tracesOf("multistep@1.18.33") };
  expect([answerText(whole, false), cutOffText(whole)]).toEqual(["Done.\n", ""]);
  const killed = { ...whole, traces: tracesOf("killed@1.18.33") };
  const { id } = at(killed.traces, 0).session;
  expect([answerText(killed, false), cutOffText(killed)]).toEqual([
    "",
    `looptrace: there is no whole answer, so none is printed; \`looptrace show ${id} --step 0\` shows what there was.\n`,
  ]);
  const silent = { ...killed, text: null };
  expect([answerText(silent, false), cutOffText(silent)]).toEqual(["", ""]);
  const started = { ...whole, text: null, traces: [] };
  expect([answerText(started, false), cutOffText(started)]).toEqual(["", ""]);
});

test("which of several turns is meant is told", () => {
  const traces = tracesOf("two-turns@1.18.33").map((trace) => ({
    ...trace,
    loop: { ...trace.loop, steps: trace.loop.steps.slice(0, 1) },
  }));
  expect(cutOffText({ text: "I look", error, traces })).toMatch(/`looptrace show ses_\w+ --turn 2 --step 0`/);
});

test("a value is printed when nothing is wrong with it, whatever was said beside it", () => {
  const value = { text: "Here", output: { a: 1 }, error: null, traces: [] };
  expect(answerText(value, true)).toBe('{\n  "a": 1\n}\n');
  expect(answerText({ ...value, error }, true)).toBe("");
});

/** The plain run of a scenario, and what the command shows that it names. */
async function cutOff(replies: readonly Json[], ...flags: readonly string[]) {
  await using bench = await warmOpenCode(madeScenario(replies));
  const around = { env: cliEnvironment(bench), cwd: bench.workdir };
  const { code, stdout, stderr } = await looptrace(["run", ...flags, "Go."], around);
  const [, show = ""] = /there is no whole answer, so none is printed; `looptrace (show [^`]+)`/.exec(stderr) ?? [];
  const shown = await looptrace(show.split(" "), around);
  return { code, stdout, shown: shown.stdout };
}

test.each([
  {
    why: "the deadline, in the middle of a text",
    replies: [broken({ type: "hang", at: "mid-stream" }, { text: "It began well" })],
    deadline: true,
    text: "It began",
  },
  {
    why: "the model's output limit",
    replies: [{ delayMs: 20, text: "It began well", finish: "length", usage }],
    deadline: false,
    text: "It began well",
  },
  {
    why: "the deadline, after a text that announces a tool",
    replies: [
      {
        delayMs: 20,
        text: "I look first.",
        toolCalls: [{ id: "call_1", name: "bash", arguments: { command: "sleep 60", description: "Looks" } }],
        usage,
      },
    ],
    deadline: true,
    text: "I look first.",
  },
])("nothing is on stdout after $why, and where it is is told", async ({ replies, deadline, text }) => {
  const { code, stdout, shown } = deadline
    ? await longEnough(
        (seconds) => cutOff(replies, "--timeout", `${seconds}s`),
        (played) => played.shown.includes(text),
        WARM_FIRST_S,
      )
    : await cutOff(replies);
  expect([code, stdout]).toEqual([1, ""]);
  expect(shown).toContain(text);
});
