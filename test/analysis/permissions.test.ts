import pc from "picocolors";
import { expect, test } from "vitest";
import { eventText } from "../../src/analysis/row-texts.js";
import { placedSteps } from "../../src/analysis/step-path.js";
import { TOOL_COLUMNS, toolCsv } from "../../src/analysis/tool-csv.js";
import { toolTable } from "../../src/analysis/tool-table.js";
import { rowsOf, treeOf } from "../../src/analysis/tree-rows.js";
import type { PermissionWait } from "../../src/opencode/schema/event-facts.js";
import { paintStep } from "../../src/terminal/paint-step.js";
import { paintTools } from "../../src/terminal/paint-tools.js";
import { paintTree } from "../../src/terminal/paint-tree.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { reportBuilder } from "../../src/web/data/build-report.js";
import { detailOf } from "../../src/web/data/detail-of.js";
import { at, onlyOne } from "../support/fixtures.js";
import { asked, followed } from "../trace/make-evidence.js";
import {
  answer,
  assistant,
  exportOf,
  treeOf as sessionOf,
  stepFinish,
  stepStart,
  T0,
  tool,
  user,
} from "../trace/make-session.js";
import { eventsIn, toolsIn } from "../trace/walk-trace.js";

const plain = pc.createColors(false);
const colored = pc.createColors(true);

function traceWith(...permissions: readonly PermissionWait[]) {
  const first = assistant(50, 2_000, [stepStart(60), tool(100, 120, 1_900), stepFinish(1_990)], {
    finish: "tool-calls",
  });
  const tree = sessionOf(exportOf([user(0, "Go."), first, answer(2_010, 2_500)]));
  return onlyOne(traceSession(tree, { runs: [followed({ permissions: [...permissions] })] }));
}

const waited = asked(200, 1_200, { callId: "call_100" });
const rejected = asked(200, 210, { callId: "call_100", answer: "reject", by: "policy" });

test.each([
  [waited, "allowed once after 1.00s · bash: npm test"],
  [asked(200, 450, { answer: "always", by: "policy" }), "allowed from now on by policy after 250ms · bash: npm test"],
  [rejected, "rejected by policy after 10ms · bash: npm test"],
  [asked(200, null, { permission: "edit", patterns: ["a.ts", "b.ts"] }), "no answer in 9.80s · edit: a.ts, b.ts"],
  [asked(200, 300, { permission: "doom_loop", patterns: [] }), "allowed once after 100ms · doom_loop"],
  [
    asked(200, 300, { permission: "a\u001b[31m", patterns: ["x\n\u202Ey\u0007"] }),
    expect.not.stringMatching(/[\u0000-\u001f\u202e]/),
  ],
])("in words: %j", (permission, expected) => {
  expect(eventText(onlyOne(eventsIn(traceWith(permission).loop)))).toEqual(expected);
});

test("the tree has it as a row, and how long the tool waited", () => {
  const tree = paintTree(traceWith(waited), { width: 200, colors: plain });
  expect(tree).toMatch(/─ permission .*allowed once after 1\.00s · bash: npm test/);
  const row = rowsOf(treeOf(traceWith(waited))).find(({ kind }) => kind === "tool");
  expect(row).toMatchObject({ aside: "waited 1.00s for permission", duration: 1_780 });
  expect(tree).toMatch(/^time .* tools 0\.78s .* \+ waiting for permission 1\.00s/m);
  const without = paintTree(traceWith(), { width: 200, colors: plain });
  expect(without).not.toContain("permission");
});

test("one that was rejected is trouble", () => {
  const options = { width: 200, colors: plain, filter: { errors: true } };
  expect(paintTree(traceWith(rejected), options)).toContain("rejected by policy");
  expect(paintTree(traceWith(waited), options)).not.toContain("allowed once");
});

test("a step's page has it whole", () => {
  const trace = traceWith(rejected);
  const paint = (colors: typeof plain) => paintStep(trace, at(placedSteps(trace.loop), 0), { width: 120, colors });
  expect(paint(plain)).toContain("waited 10ms for permission");
  expect(paint(plain)).toContain("rejected by policy after 10ms · bash: npm test");
  expect(paint(colored)).toMatch(/^\u001b\[33m.*permission/m);
});

test("the report's page has it in the details, with the step's and the turn's time", () => {
  const { loop } = traceWith(waited);
  const event = onlyOne(eventsIn(loop));
  expect(detailOf({ kind: "event", event }, loop.start).facts).toEqual([
    ["at", "200ms"],
    ["asked", new Date(T0 + 200).toISOString()],
    ["waited", "1.00s"],
    ["permission", "bash"],
    ["answer", "once"],
    ["by", "other"],
    ["pattern", "npm test"],
    ["call id", "call_100"],
  ]);
  expect(detailOf({ kind: "tool", tool: onlyOne(toolsIn(loop)) }, loop.start).facts).toContainEqual([
    "waited for permission",
    "1.00s",
  ]);
  expect(detailOf({ kind: "step", step: at(loop.steps, 0) }, loop.start).facts).toContainEqual([
    "waiting for permission",
    "1.00s",
  ]);
  const builder = reportBuilder("1.2.3");
  builder.add(traceWith(waited));
  builder.add(traceWith(rejected));
  const { data } = builder.finish();
  expect(at(data.traces, 0).account).toContainEqual({
    kind: "waiting",
    label: "waiting for permission",
    ms: 1_000,
    percent: 40,
  });
  const tones = data.traces.map(({ rows }) => rows.find(({ name }) => name === "permission")?.tone);
  expect(tones).toEqual(["plain", "warning"]);
});

test("the table of tools says how much of their time was waiting, and for which of the slowest calls", () => {
  const table = toolTable({ by: "tool", slowest: 5 });
  table.add(traceWith(waited));
  table.add(traceWith());
  const report = table.report();
  expect(report.total).toMatchObject({ totalMs: 3_560, permissionWaitMs: 1_000 });
  expect(report.slowest.map(({ permissionWaitMs }) => permissionWaitMs)).toEqual([1_000, null]);
  const text = paintTools(report, { width: 120, colors: plain });
  expect(text).toMatch(/1\.78s {2}bash · step 0 · 1\.00s of it waiting for permission$/m);
  expect(text).toMatch(/^note +1\.00s of the total was waiting for permission/m);
  expect(toolCsv(report)[0]?.[TOOL_COLUMNS.indexOf("permissionWaitMs")]).toBe(1_000);
});
