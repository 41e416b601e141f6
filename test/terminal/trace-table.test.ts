import pc from "picocolors";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { traceTable } from "../../src/terminal/trace-table.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { at, fixtureNames, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";

const colors = pc.createColors(false);
const [multistep, refused] = [traceOf("multistep@1.18.33"), traceOf("provider-401@1.18.33")];

test("traces line up however long their outcomes and titles are", () => {
  const long = { ...refused, session: { ...refused.session, title: "漢字".repeat(40) } };
  const { linesOf } = traceTable({ width: 120, colors });
  const [head = "", first = "", second = "", ...rest] = [...linesOf(multistep), ...linesOf(long)];
  expect(rest).toEqual([]);
  expect(head).toMatch(/^title +turn {2}outcome +steps {2}calls {2}tools +time +tokens +cost {2}id$/);
  expect(first).toMatch(/^A scripted session +completed +4 +4 +5 +\S+ +18,708 +\$0\.00729 {2}\w{8}$/);
  expect(second).toMatch(/^[漢字]+… +authentication_failed +1 +1 +0 +\S+ +– +– +\w{8}$/);
  expect(stringWidth(first)).toBe(stringWidth(second));
});

test("a turn of several says which one it is, what is lacking stands below, and so does where it can be seen", () => {
  const second = at(tracesOf(loadFixture("two-turns@1.18.33"), "log"), 1);
  const lacking = at(traceSession({ session: loadFixture("subagent@1.18.33").session, children: [] }), 0);
  const { linesOf } = traceTable({ width: 80, colors });
  expect(linesOf(second)[1]).toMatch(/^A scripted session +2\/2 {2}completed /);
  expect(linesOf(lacking, { url: "https://langfuse.test/1", text: "<https://langfuse.test/1>" }).slice(1)).toEqual([
    "         without 1 subagent session not in the input",
    "         <https://langfuse.test/1>",
  ]);
  const url = `https://langfuse.test/${"1".repeat(80)}`;
  expect(linesOf(multistep, { url, text: url }).at(-1)).toBe(url);
});

test("a narrow terminal is told what it has no room for, once", () => {
  const { linesOf, end } = traceTable({ width: 80, colors });
  expect(end()).toEqual([]);
  expect(linesOf(multistep)).toHaveLength(2);
  expect(linesOf(multistep)).toHaveLength(1);
  expect(end().join(" ")).toMatch(
    /^narrow {3}no room for calls, tools, tokens: a terminal of \d+ columns, or --json, +shows all$/,
  );
  const wide = traceTable({ width: 200, colors });
  wide.linesOf(multistep);
  expect(wide.end()).toEqual([]);
});

test.each([20, 40, 80, 120, 200])("no line is wider than %i columns", (width) => {
  const { linesOf, end } = traceTable({ width, colors });
  const lines = fixtureNames.flatMap((name) => tracesOf(loadFixture(name), "log")).flatMap((trace) => linesOf(trace));
  expect([...lines, ...end()].filter((line) => stringWidth(line) > width)).toEqual([]);
});
