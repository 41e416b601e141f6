import pc from "picocolors";
import { expect, test } from "vitest";
import { ADVICE_COLUMNS, adviceCsv, adviceOf } from "../../../src/analysis/findings/advice.js";
import { sessionFindings } from "../../../src/analysis/findings/session-findings.js";
import { adviceLines, paintAdvice } from "../../../src/terminal/paint-advice.js";
import { columnsOf } from "../../../src/text/columns.js";
import type { LoopTrace, SegmentOwner } from "../../../src/trace/model.js";
import { at, onlyOne, traceOf } from "../../support/fixtures.js";
import { type MadeCall, type MadeSegment, withMadeWire } from "../../support/made-wire.js";
import { bash, fileOf, read, talk } from "./make-talk.js";

const colors = pc.createColors(false);
const LONG = fileOf("/home/dev/project/a.ts", 100);
const reading = talk([
  { tools: [read("a.ts", LONG)], tokens: { input: 5_000 } },
  { tools: [bash("ls"), read("a.ts", LONG)], tokens: { input: 1_000, read: 5_000 } },
  { tokens: { input: 1_020, read: 6_000 } },
]);

const segment = (owner: SegmentOwner, tokens: number): MadeSegment => ({ owner, text: JSON.stringify(owner), tokens });
const jira = segment({ kind: "tool-schema", tool: "jira_get", origin: "mcp", server: "jira" }, 800);
const rules = (source: string, tokens: number) => segment({ kind: "system", section: "instructions", source }, tokens);
const system = segment({ kind: "system", section: "opencode", source: null }, 1_000);

/** A session of four calls, each made of the same parts. */
function madeOf(id: string, ...segments: readonly MadeSegment[]): readonly LoopTrace[] {
  const usage = { input: segments.reduce((sum, { tokens }) => sum + tokens, 0), output: 10 };
  const call: MadeCall = { segments, usage: { ...usage, reasoning: 0, cacheRead: 0, cacheWrite: 0 }, cost: 0.01 };
  const trace = withMadeWire(traceOf("multistep@1.18.33"), [call, call, call, call]);
  return [{ ...trace, session: { ...trace.session, id } }];
}

test("a server that nothing called is told with what it has cost, and that another session called it", () => {
  const unused = sessionFindings(madeOf("ses_1", system, jira));
  expect(unused.findings).toMatchObject([{ kind: "unused-server", subject: "jira", tokens: 3_200, where: [] }]);
  expect(unused.findings[0]?.usd).toBeCloseTo(0.04 * (3_200 / 7_240), 2);
  const small = { ...jira, tokens: 20 };
  expect(sessionFindings(madeOf("ses_1", system, small)).findings).toEqual([]);
  const item = at(adviceOf([unused, { ...sessionFindings(reading), servers: ["jira"] }]).findings, 0);
  expect(item.evidence).toContain("1 other session called it");
});

test("instruction files are told where they are the largest part", () => {
  const one = onlyOne(sessionFindings(madeOf("ses_1", system, rules("/repo/AGENTS.md", 2_400))).findings);
  expect(one).toMatchObject({ kind: "large-instructions", tokens: 9_600 });
  expect(one.evidence).toEqual([
    "/repo/AGENTS.md 2,400 tokens: 71% of the system prompt and the tools, in up to 4 calls",
  ]);
  expect(sessionFindings(madeOf("ses_1", { ...system, tokens: 5_000 }, rules("AGENTS.md", 2_400))).findings).toEqual(
    [],
  );
  expect(sessionFindings(madeOf("ses_1", { ...system, tokens: 100 }, rules("AGENTS.md", 900))).findings).toEqual([]);
});

test("requests that failed and were made again are told where they took long", () => {
  const trace = traceOf("rate-limited-then-ok@1.18.33");
  const step = at(trace.loop.steps, 0);
  const retry = at(step.retries, 0);
  const waiting = (ms: number, times: number): LoopTrace => ({
    ...trace,
    loop: {
      ...trace.loop,
      end: trace.loop.start + 2 * ms * times,
      steps: [{ ...step, retries: Array.from({ length: times }, () => ({ ...retry, end: retry.start + ms })) }],
    },
  });
  expect(sessionFindings([waiting(15_000, 2)]).findings).toMatchObject([
    { kind: "retries", subject: "rate_limit", ms: 30_000, share: 0.5 },
  ]);
  expect(sessionFindings([waiting(5_000, 2)]).findings).toEqual([]);
  expect(sessionFindings([waiting(60_000, 1)]).findings).toEqual([]);
});

const two = adviceOf([sessionFindings(reading), { ...sessionFindings(reading), sessionId: "ses_other" }]);

test("the same finding of two sessions stands once, with their sums", () => {
  const single = onlyOne(sessionFindings(reading).findings);
  expect(two).toMatchObject({ sessions: 2, calls: 6, recordedCalls: 0 });
  expect(two.findings).toMatchObject([
    { kind: "repeated-read", sessions: 2, tokens: 2 * (single.tokens ?? 0), where: [{}, {}] },
  ]);
  expect(two.findings[0]?.share).toBeCloseTo(single.share, 9);
  expect(adviceCsv(two)[0]).toHaveLength(ADVICE_COLUMNS.length);
});

test.each([40, 80, 120])("in %i columns no line is too wide, and each finding says what to do", (width) => {
  const text = paintAdvice(two, { width, colors });
  expect(text.split("\n").filter((line) => columnsOf(line) > width)).toEqual([]);
  expect(text.replace(/\s+/g, " ")).toMatch(
    /1 finding .* a\.ts was read again unchanged .* in 2 of 2 sessions .* → Its content/,
  );
  expect(text.replace(/\s+/g, " ")).toContain("No request was recorded");
});

test("nothing found is said", () => {
  const none = adviceOf([sessionFindings([traceOf("plain-answer@1.18.33")])]);
  expect(paintAdvice(none, { width: 80, colors })).toMatch(/^No finding: nothing in 1 call stands out\.\n/);
  expect(adviceLines(null, { width: 80, colors })).toBe("");
});
