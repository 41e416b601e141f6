import fc from "fast-check";
import pc from "picocolors";
import { describe, expect, test } from "vitest";
import { type ToolReport, toolTable } from "../../src/analysis/tool-table.js";
import { paintTools } from "../../src/terminal/paint-tools.js";
import { columnsOf } from "../../src/text/columns.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { fixtureNames, loadFixture, traceOf, tracesOf } from "../support/fixtures.js";
import { tries } from "../support/tries.js";
import { arbitrarySession } from "../trace/arbitrary-session.js";
import { treeOf } from "../trace/make-session.js";

const plain = pc.createColors(false);
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

function report(names: readonly string[], by: ToolReport["groupedBy"] = "tool"): ToolReport {
  const table = toolTable({ by, slowest: 5 });
  for (const name of names) for (const trace of tracesOf(loadFixture(name), "log")) table.add(trace);
  return table.report();
}

describe("the table in the terminal", () => {
  const recent = fixtureNames.filter((name) => name.endsWith("@1.18.33"));
  test.each([60, 80, 120, 200])("over all sessions of a version, at %i columns", async (width) => {
    const text = paintTools(report(recent), { width, colors: plain });
    await expect(`${text}\n`).toMatchFileSnapshot(`snapshots/tools-all-${width}.txt`);
  });

  test.each([80, 120, 200])("of one session with subagents, at %i columns", async (width) => {
    const text = paintTools(report(["parallel-subagents@1.15.13"]), { width, colors: plain });
    await expect(`${text}\n`).toMatchFileSnapshot(`snapshots/tools-subagents-${width}.txt`);
  });

  test("by server, of several turns", async () => {
    const text = paintTools(report(["two-turns@1.18.33", "failing-tool@1.18.33"], "server"), {
      width: 80,
      colors: plain,
    });
    await expect(`${text}\n`).toMatchFileSnapshot("snapshots/tools-server-80.txt");
  });

  test("says that there was nothing to count", () => {
    const [title, headings, ...rows] = paintTools(report(["plain-answer@1.18.33"]), { width: 80, colors: plain }).split(
      "\n",
    );
    expect(title).toBe("No tool call in 1 turn of 1 session");
    expect(headings).toMatch(/^tool /);
    // What opencode itself was at can be counted all the same.
    expect(rows.map((row) => row.split(" ", 1)[0])).toEqual(["opencode.loading", "opencode.prompt", "opencode.saving"]);
    const { session } = traceOf("plain-answer@1.18.33");
    const table = toolTable({ by: "tool", slowest: 5 });
    table.add({
      ...traceOf("multistep@1.18.33"),
      session,
      loop: { ...traceOf("multistep@1.18.33").loop, copied: true },
    });
    expect(paintTools(table.report(), { width: 80, colors: plain })).toBe(
      "No tool call in 0 turns of 1 session\n\nnote     without 1 turn that a fork copied from another session",
    );
  });

  test("explains its signs where they stand, and only there", () => {
    const signs = (name: string): readonly string[] =>
      [...paintTools(report([name]), { width: 120, colors: plain }).matchAll(/^([~*]) /gm)].map(
        ([, sign = ""]) => sign,
      );
    expect(signs("multistep@1.18.33")).toEqual([]);
    expect(signs("subagent@1.18.33")).toEqual(["*"]);
    expect(signs("subagent@1.15.13")).toEqual(["*", "~"]);
  });

  test("colours the failures, and looks the same without them", () => {
    const names = ["failing-tool@1.18.33"];
    const coloured = paintTools(report(names), { width: 100, colors: pc.createColors(true) });
    expect(coloured).toMatch(/^bash .*\u001b\[33m2\u001b\[39m/m);
    for (const width of [30, 45, 100]) {
      const [one, other] = [true, false].map((on) => paintTools(report(names), { width, colors: pc.createColors(on) }));
      expect(one?.replace(/\u001b\[\d+m/g, "")).toBe(other);
    }
  });
});

test("whatever tools are called and asked, no line is too wide and nothing steers the terminal", () => {
  const text = fc.oneof(
    fc.constantFrom("\u001b[2J漢字", "👩‍👩‍👧 x", "a\nb", "\u202Eevil", "ｗｉｄｅ_tool", "x".repeat(300), "\u009b31m"),
    fc.string({ unit: "grapheme", maxLength: 20 }),
  );
  fc.assert(
    fc.property(arbitrarySession, text, fc.integer({ min: 20, max: 220 }), ({ exports }, evil, width) => {
      const table = toolTable({ by: "tool", slowest: 4 });
      for (const trace of traceSession(treeOf(...exports))) {
        const steps = trace.loop.steps.map((step) => ({
          ...step,
          tools: step.tools.map((tool, index) => ({
            ...tool,
            name: `${evil}${index}`,
            input: { [evil]: evil },
          })),
        }));
        table.add({ ...trace, session: { ...trace.session, id: evil }, loop: { ...trace.loop, steps } });
      }
      const lines = paintTools(table.report(), { width, colors: plain }).split("\n");
      expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
      expect(lines.filter((line) => UNSAFE.test(line) || !line.isWellFormed())).toEqual([]);
    }),
    { numRuns: tries(40) },
  );
});
