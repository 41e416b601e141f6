import pc from "picocolors";
import { expect, test } from "vitest";
import { paintTree } from "../../src/terminal/paint-tree.js";
import { traceLine } from "../../src/terminal/trace-line.js";
import { duration } from "../../src/text/format.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";

test("a trace on one line: id, session, outcome, counts, time, tokens, cost, title", () => {
  const trace = traceOf("multistep@1.18.33");
  const took = duration(trace.loop.end - trace.loop.start);
  expect(traceLine(trace)).toBe(
    `${trace.traceId}  ${trace.session.id}  ok  4 steps  4 calls  5 tools  ${took}  18,708 tokens  $0.00729  A scripted session`,
  );
});

test("it says which turn it is, and how a turn failed", () => {
  const second = at(tracesOf(loadFixture("two-turns@1.18.33"), "log"), 1);
  expect(traceLine(second)).toContain(`${second.session.id} turn 2/2  ok  `);
  expect(traceLine(traceOf("provider-401@1.18.33"))).toContain("  authentication_failed  1 step  1 call  0 tools  ");
  expect(traceLine(traceOf("killed@1.18.33"))).toContain("  aborted  ");
});

test("nothing in it steers the terminal", () => {
  const trace = traceOf("multistep@1.18.33");
  const session = { ...trace.session, id: "ses_\u001b[2J1", title: "a\nb\u001b]0;x\u0007" };
  expect(traceLine({ ...trace, session })).toMatch(/ {2}ses_1 {2}.* {2}ab?.*$/);
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
