import pc from "picocolors";
import { expect, test } from "vitest";
import { paintTree } from "../../src/terminal/paint-tree.js";
import { traceLine } from "../../src/terminal/trace-line.js";
import { columnsOf } from "../../src/text/columns.js";
import { duration } from "../../src/text/format.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";

test("a trace on one line: title, outcome, counts, time, tokens, cost, the session's short id", () => {
  const trace = traceOf("multistep@1.18.33");
  const took = duration(trace.loop.end - trace.loop.start);
  const short = trace.session.id.slice(4, 12);
  const told = `A scripted session  completed  4 steps  4 calls  5 tools  ${took}  18,708 tokens  $0.00729`;
  expect(traceLine(trace, { short: true })).toBe(`${told}  ${short}`);
  // What another program reads has it whole.
  expect(traceLine(trace)).toBe(`${told}  ${trace.session.id}`);
});

test("it says which turn it is, and how a turn failed", () => {
  const second = at(tracesOf(loadFixture("two-turns@1.18.33"), "log"), 1);
  expect(traceLine(second)).toMatch(/^A scripted session \(turn 2\/2\) {2}completed {2}/);
  expect(traceLine(traceOf("provider-401@1.18.33"))).toContain("  authentication_failed  1 step  1 call  0 tools  ");
  expect(traceLine(traceOf("killed@1.18.33"))).toContain("  aborted  ");
});

test("lines below each other line up, and a narrow terminal cuts the title", () => {
  const names = ["multistep@1.18.33", "subagent@1.18.33", "failing-tool@1.18.33"] as const;
  const lines = names.map((name) => traceLine(traceOf(name), { aligned: true }));
  const places = lines.map((line) => [line.indexOf("  completed "), line.indexOf(" tokens"), line.indexOf("$")]);
  expect(places).toEqual(places.map(() => places[0]));
  const trace = traceOf("multistep@1.18.33");
  const session = { ...trace.session, title: "A very long title that no narrow terminal has any room for", turns: 12 };
  const narrow = traceLine({ ...trace, session }, { width: 104, short: true });
  expect(columnsOf(narrow)).toBe(104);
  expect(narrow).toMatch(/^A very.*… \(turn 1\/12\) {2}completed /);
});

test("the outcome has a colour, and the title opens what it is linked to", () => {
  const options = { colors: pc.createColors(true), link: (title: string) => `<${title}>` };
  expect(traceLine(traceOf("multistep@1.18.33"), options)).toMatch(
    /^<A scripted session> {2}\u001b\[32mcompleted\u001b\[39m {2}4/,
  );
  expect(traceLine(traceOf("provider-401@1.18.33"), options)).toContain("\u001b[31mauthentication_failed\u001b[39m");
});

test("nothing in it steers the terminal", () => {
  const trace = traceOf("multistep@1.18.33");
  const session = { ...trace.session, id: "ses_\u001b[2J1", title: "a\nb\u001b]0;x\u0007" };
  expect(traceLine({ ...trace, session })).toMatch(/^a b {2}completed .* {2}ses_1$/);
  // What another tracer has sent may have any id.
  const traceId = "\u001b[2J0123\u009b\n";
  expect(traceLine({ ...trace, traceId, session })).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(paintTree({ ...trace, traceId, session }, { width: 80, colors: pc.createColors(false) })).not.toMatch(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/,
  );
});

test("it says which subagents its numbers are without", () => {
  const trace = at(traceSession({ session: loadFixture("subagent@1.18.33").session, children: [] }), 0);
  expect(traceLine(trace)).toContain("  $0.00484  without 1 subagent session not in the input  ");
  expect(traceLine(traceOf("subagent@1.18.33"))).not.toContain("without");
});
